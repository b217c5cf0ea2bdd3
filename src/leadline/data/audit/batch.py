"""The batch effect: how well the source of an image (plate, day, microscope) can be told from its pixels alone."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.audit.pixels import Looks
from leadline.data.audit.problem import BatchEffect, Problem, Severity, counted
from leadline.data.audit.told_apart import told_apart
from leadline.data.keyed import generator
from leadline.data.manifest import Manifest

Integers = NDArray[np.int64]

# A batch needs so many images to be judged; more images in all than MOST tell nothing more.
FEWEST, MOST = 10, 4000
# From here on (Cramér's V, bias-corrected) batch and class go together.
CONFOUNDED = 0.3
# A batch that is told apart so much better than by chance (0: by chance, 1: always) is easily learned.
STRONG = 0.5


def batch_effect(manifest: Manifest, looks: Looks, batches: list[str | None], *, selector: str) -> BatchEffect | None:
    """None where there are not two batches with enough images."""
    values = np.array([value or "" for value in batches], dtype=object)
    rows = _of_large_batches(np.flatnonzero(looks.readable & (values != "")), values, FEWEST)
    association = _cramers_v(values[rows], manifest.table["label"].fill_null("").to_numpy()[rows]) if len(rows) else 0.0
    left_out = int(looks.readable.sum()) - len(rows)
    if len(rows) > MOST:
        rows = np.sort(generator("batch").permutation(rows)[:MOST])
        rows = _of_large_batches(rows, values, FEWEST // 2)
    grouped = not manifest.table["group"].null_count()
    group_of = manifest.table["group"].to_numpy() if grouped else np.arange(len(values)).astype(str)
    several = _of_several_groups(rows, values, group_of)
    comparable = len(set(values[several])) > 1
    if comparable:
        left_out, rows = left_out + len(rows) - len(several), several
    names, codes = np.unique(values[rows].astype(str), return_inverse=True)
    if len(names) < 2:
        return None
    groups = np.unique(group_of[rows].astype(str), return_inverse=True)[1]
    found = told_apart(_features(looks)[rows], codes, groups)
    value, low, high = _mean_of_proportions([_counted(found.answers == codes, groups, codes == k) for k in set(codes)])
    return BatchEffect(
        selector=selector,
        batches=len(names),
        images=len(rows),
        balanced_accuracy=value,
        low=low,
        high=high,
        chance=1 / len(names),
        p_value=None if found.p_value is None or not comparable else float(found.p_value),
        association_with_class=float(association),
        groups=len(set(groups)) if grouped else 0,
        left_out=left_out,
    )


def batch_problem(effect: BatchEffect | None, selector: str) -> Iterator[Problem]:
    if effect is None:
        yield Problem(
            "batch_effect", "hint", (), f"--batch {selector}: there are not two batches with {FEWEST} images",
            "choose another column, expression or level of folders",
        )  # fmt: skip
        return
    confounded = effect.association_with_class >= CONFOUNDED
    unknown = effect.p_value is None
    if not (effect.shown or confounded or unknown):
        return
    of_groups = f" of {counted(effect.groups, 'group')}" if effect.groups else ""
    found = (
        f"a plain model on thumbnails tells {counted(effect.batches, 'batch')} (--batch {selector}) apart with a "
        f"balanced accuracy of {effect.balanced_accuracy:.1%} ({effect.low:.1%} to {effect.high:.1%}; chance "
        f"{effect.chance:.1%}) on {effect.images:,} images{of_groups}"
    )
    advice = "spread classes evenly over batches, or test on batches that were not learned from (--group)"
    if unknown:
        found += "; whether the batch or the groups in it differ cannot be told from so few groups a batch"
        advice = "take images of the same groups in several batches, or of at least four groups in each of two"
    elif effect.shown and not effect.groups:
        advice += "; if a batch is of a few patients, name them with --group, or it is them who are told apart"
    strong = (effect.low - effect.chance) / (1 - effect.chance) >= STRONG
    together = (
        f"; and batches differ in their classes (Cramér's V {effect.association_with_class:.2f}), so a network may "
        "learn the batch for the class" if confounded else ""
    )  # fmt: skip
    severity: Severity = "warning" if effect.shown and (strong or confounded) else "hint"
    yield Problem("batch_effect", severity, (), found + together, advice)


def _of_large_batches(rows: Integers, values: NDArray[Any], fewest: int) -> Integers:
    sizes = Counter(values[rows])
    return rows[[sizes[value] >= fewest for value in values[rows]]]


def _of_several_groups(rows: Integers, values: NDArray[Any], group_of: NDArray[Any]) -> Integers:
    """Without the batches of one group that is in no other: nothing of them is left to learn from."""
    groups_in, batches_of = defaultdict(set), defaultdict(set)
    for batch, group in zip(values[rows], group_of[rows], strict=True):
        groups_in[batch].add(group)
        batches_of[group].add(batch)
    lone = {batch for batch, own in groups_in.items() if len(own) == 1 and batches_of[next(iter(own))] == {batch}}
    return rows[[value not in lone for value in values[rows]]]


def _features(looks: Looks) -> NDArray[np.float64]:
    """(images, features): the thumbnail, and of each channel its mean and spread, and the ends of all."""
    flat = looks.thumbnails.reshape(len(looks.thumbnails), -1)
    figures = [flat, looks.mean, looks.std, looks.lowest[:, None], looks.highest[:, None]]
    return np.nan_to_num(np.concatenate(figures, axis=1).astype(np.float64))


def _counted(right: NDArray[np.bool_], groups: Integers, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """How many of `rows` are right, and of how many, after images of one group that go together count for less.

    The design effect of Kish: the variance of the share between groups against that of as many independent images.
    """
    sizes, hits = np.bincount(groups[rows]), np.bincount(groups[rows], weights=right[rows])
    sizes, hits = sizes[sizes > 0], hits[sizes > 0]
    images, number = int(sizes.sum()), len(sizes)
    share = float(hits.sum() / images)
    if number in (1, images):
        return (share * images, images) if number > 1 else (share, 1.0)
    between = number / (number - 1) * float(((hits - share * sizes) ** 2).sum()) / images**2
    alone = share * (1 - share)
    effective = min(max(alone / between, float(number)), float(images)) if between and alone else float(number)
    return share * effective, effective


def _mean_of_proportions(counts: list[tuple[float, float]], z: float = 1.96) -> tuple[float, float, float]:
    """The mean of independent proportions (hits, images), and its 95 % interval.

    From the Wilson intervals of the proportions by the method of variance estimates recovery (G. Y. Zou and A. Donner,
    "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008).
    """
    below = above = total = 0.0
    for hits, n in counts:
        p = hits / n
        centre, spread = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
        total, below, above = total + p, below + (p - low) ** 2, above + (high - p) ** 2
    k = len(counts)
    return float(total / k), float(total - math.sqrt(below)) / k, float(total + math.sqrt(above)) / k


def _cramers_v(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Association of two partitions, corrected for what chance gives (W. Bergsma, J. Korean Stat. Soc. 42, 2013)."""
    _, rows = np.unique(first.astype(str), return_inverse=True)
    _, columns = np.unique(second.astype(str), return_inverse=True)
    r, c, n = rows.max() + 1, columns.max() + 1, len(rows)
    if min(r, c) < 2 or n < 2:
        return 0.0
    table = np.bincount(rows * c + columns, minlength=r * c).reshape(r, c).astype(np.float64)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    phi2 = max(0.0, ((table - expected) ** 2 / expected).sum() / n - (r - 1) * (c - 1) / (n - 1))
    corrected = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(math.sqrt(phi2 / corrected)) if corrected > 0 else 0.0
