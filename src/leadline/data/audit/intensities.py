"""Intensities: images without content, burnt-out or black ones, and channels in which nothing is."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from leadline.data.audit.pixels import Looks
from leadline.data.audit.problem import Problem, Severity, counted
from leadline.data.manifest import Manifest

FULL = {"uint8": 255, "uint16": 65535, "int16": 32767}
# This share of the values at one end is no image, whatever the others are.
EMPTY = 0.9995
# An image is called saturated or black where this share of its values lies at an end, unless others have that too: a
# white or black background is a property of the set.
AT_END, NOTICEABLE, COMMON = 0.5, 0.25, 0.05
# In deep images, whose exposure somebody chose, this share at the largest value of the whole set is clipped.
CLIPPED = 0.01


def constant(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    flat = _constant(looks)
    if flat.any():
        paths = tuple(manifest.table["path"].filter(pl.Series(flat)))
        yield Problem(
            "constant_image", "warning", paths,
            f"{counted(len(paths), 'image')} of one value throughout, such as {paths[0]}", "take them out",
        )  # fmt: skip


def saturated(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    content = looks.readable & ~_constant(looks)
    if not content.any():
        return
    types = manifest.table["dtype"].to_list()
    top = np.array([FULL.get(dtype, np.inf) for dtype in types])
    largest, smallest = looks.highest[content].max(), looks.lowest[content].min()
    white = np.where(np.isin(looks.highest, largest) | (looks.highest == top), looks.at_highest, 0.0)
    black = np.where(looks.lowest == smallest, looks.at_lowest, 0.0)
    for share, name, cause in ((white, "the highest", "overexposed"), (black, "the lowest", "nearly black")):
        odd = content & (share >= AT_END) & _uncommon(share, content)
        if odd.any():
            yield _of(manifest, odd, share, name, f"look at them: {cause}, or not an image of the kind")
    deep = content & (np.array([dtype in ("uint16", "int16") for dtype in types]))
    clipped = deep & (looks.highest == looks.highest[deep].max(initial=0)) & (looks.at_highest >= CLIPPED)
    clipped &= ~((white >= AT_END) & _uncommon(white, content))
    if clipped.any() and 2 * clipped.sum() <= deep.sum():
        yield _of(manifest, clipped, looks.at_highest, "the highest", "what was brighter is lost: expose them shorter")


def empty_channels(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Channels that have one value throughout in every image."""
    several = looks.readable & (np.isfinite(looks.std).sum(axis=1) > 1)
    if several.sum() < 2:
        return
    for channel in range(looks.std.shape[1]):
        found = looks.std[several, channel]
        found = found[np.isfinite(found)]
        if len(found) > 1 and not found.any():
            yield Problem(
                "empty_channel", "warning", (),
                f"channel {channel} (counted from 0) has one value throughout in all of {counted(len(found), 'image')}",
                "leave it out, or find out where its content went",
            )  # fmt: skip


def _constant(looks: Looks) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(looks.readable & (np.maximum(looks.at_lowest, looks.at_highest) >= EMPTY))


def _uncommon(share: np.ndarray, content: np.ndarray) -> bool:
    noticeable, count = int((share[content] >= NOTICEABLE).sum()), int(content.sum())
    return noticeable <= max(2, COMMON * count) and 4 * noticeable <= count


def _of(manifest: Manifest, rows: np.ndarray, share: np.ndarray, end: str, advice: str) -> Problem:
    chosen = np.flatnonzero(rows)
    chosen = chosen[np.argsort(-share[chosen], kind="stable")]
    paths = tuple(manifest.table["path"][chosen.tolist()])
    # In eight bits white may be the paper that a thing lies on; a camera's own values were chosen with the exposure.
    severity: Severity = "hint" if set(manifest.table["dtype"][chosen.tolist()]) == {"uint8"} else "warning"
    return Problem(
        "saturated_image", severity, paths,
        f"{counted(len(paths), 'image')} with {share[chosen[-1]]:.0%} or more of the values at {end}, such as "
        f"{paths[0]} ({share[chosen[0]]:.0%})", advice,
    )  # fmt: skip
