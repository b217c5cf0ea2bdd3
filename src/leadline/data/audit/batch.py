"""The batch effect: how well the source of an image (plate, day, microscope) can be told from its pixels alone."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.audit.looks import Looks
from leadline.data.audit.problem import Problem, counted
from leadline.data.keyed import generator
from leadline.data.manifest import Manifest

FOLDS = 5
# A batch needs so many images to be judged; more images in all than MOST tell nothing more.
FEWEST, MOST = 10, 4000
# From here on (Cramér's V, bias-corrected) batch and class go together.
CONFOUNDED = 0.3
# A batch that is told apart so much better than by chance (0: by chance, 1: always) is easily learned.
STRONG = 0.5


@dataclass(frozen=True)
class BatchEffect:
    """What a ridge classifier makes of thumbnails and intensities, in cross-validation."""

    batches: int
    images: int
    balanced_accuracy: float
    low: float  # a 95 % interval
    high: float
    chance: float
    association_with_class: float  # Cramér's V: 0 independent, 1 the batch says the class
    folds_by_group: bool  # whether no group was in two folds
    left_out: int  # images of no batch, or of one with fewer than FEWEST

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def batch_effect(manifest: Manifest, looks: Looks, batches: list[str | None]) -> BatchEffect | None:
    """None where there are not two batches with enough images."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.array([value or "" for value in batches], dtype=object)
    usable = looks.readable & (values != "")
    sizes = Counter(values[usable])
    usable &= np.array([sizes[value] >= FEWEST for value in values])
    rows = np.flatnonzero(usable)
    left_out = int(looks.readable.sum()) - len(rows)
    association = _cramers_v(values[rows], manifest.table["label"].fill_null("").to_numpy()[rows]) if len(rows) else 0.0
    if len(rows) > MOST:
        rows = np.sort(generator("batch").permutation(rows)[:MOST])
        sizes = Counter(values[rows])
        rows = rows[[sizes[value] >= FOLDS for value in values[rows]]]
    names, codes = np.unique(values[rows].astype(str), return_inverse=True)
    if len(names) < 2:
        return None
    groups = manifest.table["group"][rows.tolist()].to_numpy()
    by_group = _groups_divide(groups, codes)
    folds = StratifiedGroupKFold(FOLDS) if by_group else StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-1, 5, 7), class_weight="balanced"))
    answers = cross_val_predict(model, _features(looks)[rows], codes, cv=folds, groups=groups if by_group else None)
    recalls = [(int((answers[codes == k] == k).sum()), int((codes == k).sum())) for k in range(len(names))]
    value, low, high = _mean_of_proportions(recalls)
    return BatchEffect(
        batches=len(names),
        images=len(rows),
        balanced_accuracy=value,
        low=low,
        high=high,
        chance=1 / len(names),
        association_with_class=association,
        folds_by_group=by_group,
        left_out=left_out,
    )


def batch_problem(effect: BatchEffect | None, selector: str) -> Iterator[Problem]:
    if effect is None:
        yield Problem(
            "batch_effect", "hint", (), f"--batch {selector}: there are not two batches with {FEWEST} images",
            "choose another column, expression or level of folders",
        )  # fmt: skip
        return
    told_apart = effect.low > effect.chance
    confounded = effect.association_with_class >= CONFOUNDED
    found = (
        f"a plain model on thumbnails tells {counted(effect.batches, 'batch')} (--batch {selector}) apart with a "
        f"balanced accuracy of {effect.balanced_accuracy:.1%} ({effect.low:.1%} to {effect.high:.1%}; chance "
        f"{effect.chance:.1%}) on {effect.images:,} images"
    )
    if not told_apart and not confounded:
        return
    strong = (effect.low - effect.chance) / (1 - effect.chance) >= STRONG
    together = (
        f"; and batches differ in their classes (Cramér's V {effect.association_with_class:.2f}), so a network may "
        "learn the batch for the class" if confounded else ""
    )  # fmt: skip
    yield Problem(
        "batch_effect", "warning" if told_apart and (strong or confounded) else "hint", (), found + together,
        "spread classes evenly over batches, or test on batches that were not learned from (--group)",
    )  # fmt: skip


def _features(looks: Looks) -> NDArray[np.float64]:
    """(images, features): the thumbnail, and of each channel its mean and spread, and the ends of all."""
    flat = looks.thumbnails.reshape(len(looks.thumbnails), -1)
    figures = [flat, looks.mean, looks.std, looks.lowest[:, None], looks.highest[:, None]]
    return np.nan_to_num(np.concatenate(figures, axis=1).astype(np.float64))


def _groups_divide(groups: NDArray[Any], codes: NDArray[np.int64]) -> bool:
    """Whether every batch has images of so many groups that a fold can do without some of them."""
    if any(group is None for group in groups):
        return False
    return all(len(set(groups[codes == code])) >= FOLDS for code in np.unique(codes))


def _mean_of_proportions(counts: list[tuple[int, int]], z: float = 1.96) -> tuple[float, float, float]:
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
    return total / k, total / k - math.sqrt(below) / k, total / k + math.sqrt(above) / k


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
