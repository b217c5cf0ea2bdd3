"""Fewer images: nested subsets of those in training (stratified, whole groups at a time, exact copies together), and
fewer to judge by."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.keyed import generator
from leadline.data.manifest import Manifest
from leadline.data.split.deal import deal
from leadline.data.split.holdout import has_groups

Integers = NDArray[np.int64]


def halved(manifest: Manifest, times: int, *, seed: int = 0) -> list[Manifest]:
    """`manifest` with about 1/2, 1/4, … of its training images, each a part of the one before. Its validation images
    stay; no image is in "test".

    Fewer than `times` where groups, or a class's images, are too few to go on: every subset has every class.
    """
    usable = manifest.usable
    kept = np.flatnonzero(usable["split"].eq_missing("train").to_numpy())
    grouped = has_groups(usable[kept])
    labels = np.unique(usable["label"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    units = np.unique(usable["group" if grouped else "sha256"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    classes, found = set(labels[kept].tolist()), []
    for time in range(times):
        half = _half_of_groups if grouped else _half_of_each_class
        kept = kept[half(labels[kept], np.unique(units[kept], return_inverse=True)[1], seed, time)]
        if set(labels[kept].tolist()) != classes:
            break
        still = pl.when(pl.Series(np.isin(np.arange(len(usable)), kept))).then(pl.lit("train"))
        found.append(manifest.with_split(still.when(pl.col("split") == "validation").then(pl.lit("validation"))))
    return found


def judged_by_fewer(manifest: Manifest, count: int, *, seed: int = 0) -> Manifest:
    """`manifest` with about `count` of its validation images at most, the same share of each class; the others are in
    no split."""
    usable = manifest.usable
    held_out = np.flatnonzero(usable["split"].eq_missing("validation").to_numpy())
    if len(held_out) <= count:
        return manifest
    left_out = np.zeros(len(usable), dtype=bool)
    for number, label in enumerate(manifest.classes):
        rows = held_out[usable["label"].to_numpy()[held_out] == label]
        kept = -(-count * len(rows) // len(held_out))
        left_out[generator("judged", seed, number).permutation(rows)[kept:]] = True
    return manifest.with_split(pl.when(~pl.Series(left_out)).then(pl.col("split")))


def _half_of_groups(labels: Integers, units: Integers, seed: int, time: int) -> NDArray[np.bool_]:
    if units.max() < 1:
        return np.zeros(len(units), dtype=bool)
    return np.asarray(deal(labels, units, [0.5, 0.5], "subset", seed, time) == 0)


def _half_of_each_class(labels: Integers, units: Integers, seed: int, time: int) -> NDArray[np.bool_]:
    half = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        own, unit_of_row = np.unique(units[rows], return_inverse=True)
        rank = generator("subset", seed, time, int(label)).permutation(len(own))
        half[rows] = rank[unit_of_row] < len(own) // 2
    return half
