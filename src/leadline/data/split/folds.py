"""Cross-validation: every training image is once in the fold that a network did not see, and is judged by that network.

Folds are dealt as splits are: stratified by class, whole groups at a time, copies together. They depend on the data,
the number of folds, the seed of the split and the number of the repeat alone, so that all networks of a comparison have
the same.
"""

from collections import Counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.keyed import generator
from leadline.data.manifest import Manifest
from leadline.data.split.deal import deal
from leadline.data.split.holdout import counted, has_groups, refuse_few_groups
from leadline.data.split.units import broken_up, class_of_units, copies_in, numbered, tied_groups
from leadline.errors import LeadlineError, UsageError

OUT_OF_FOLD = "out-of-fold"
# A class must be in two folds at least, or one network would never have seen it.
FEWEST = 2


def fold_of_images(manifest: Manifest, count: int, *, seed: int = 0, repeat: int = 0) -> NDArray[np.int64]:
    """The fold, from 0, of each usable image in "train", and -1 for all others.

    Raises LeadlineError, with the counts, where a class would be missing from what some network is trained on.
    """
    if count < 2:
        raise UsageError(f"--folds {count}: at least 2")
    usable = manifest.usable
    pool = usable.filter(split="train")
    grouped = has_groups(pool)
    if grouped:
        _refuse_more_folds_than(pool["group"].n_unique(), "groups", count)
        refuse_few_groups(pool, manifest, parts=FEWEST, what="folds that there must be")
    _refuse_more_folds_than(len(pool), "images", count)
    labels = numbered(pool["label"])
    if grouped:
        units = tied_groups(pool, parts=count, parts_of_class=FEWEST)
        dealt = deal(labels, units, [1 / count] * count, "folds", seed, repeat)
    else:
        copies: pl.Series | None = copies_in(pool)
        while copies is not None:
            dealt = _in_turn(labels, numbered(copies), count, seed, repeat)
            copies = broken_up(copies, pool, _in_one_fold(pool, dealt))
    for label in manifest.classes:
        if label in _in_one_fold(pool, dealt):
            raise LeadlineError(
                f"{manifest.source}: the class {label!r} has {counted(Counter(pool['label'])[label], 'image')}, all in "
                f"one fold of {count}, so one network would be trained without it: add images or take the class away"
            )
    found = np.full(len(usable), -1, dtype=np.int64)
    found[usable["split"].eq_missing("train").to_numpy()] = dealt
    return found


def in_fold(manifest: Manifest, folds: NDArray[np.int64], number: int) -> Manifest:
    """`manifest` for the training that does not see fold `number`, which is its "validation"; no image is in "test"."""
    held_out = pl.when(pl.Series(folds == number)).then(pl.lit("validation"))
    return manifest.with_split(held_out.when(pl.Series(folds >= 0)).then(pl.lit("train")))


def pooled(manifest: Manifest) -> Manifest:
    """`manifest` with its validation images among those in "train", for a cross-validation."""
    column = pl.col("split")
    return manifest.with_split(pl.when(column == "validation").then(pl.lit("train")).otherwise(column))


def without_test(manifest: Manifest) -> Manifest:
    """`manifest` for a training that does not look at the test images."""
    return manifest.with_split(pl.when(pl.col("split") != "test").then(pl.col("split")))


def _in_one_fold(pool: pl.DataFrame, dealt: NDArray[np.int64]) -> list[str]:
    folds = (
        pool.select("label", fold=pl.Series(dealt))
        .group_by("label", maintain_order=True)
        .agg(pl.col("fold").n_unique())
    )
    return folds.filter(pl.col("fold") < FEWEST)["label"].to_list()


def _refuse_more_folds_than(number: int, what: str, count: int) -> None:
    if number < count:
        raise UsageError(f"--folds {count}: there are {number} {what} only")


def _in_turn(
    labels: NDArray[np.int64], units: NDArray[np.int64], count: int, seed: int, repeat: int
) -> NDArray[np.int64]:
    """Class by class, each unit to the next fold in turn; a class begins where the one before it ended."""
    dealt, start = np.zeros(len(labels), dtype=np.int64), 0
    stratum = class_of_units(labels, units)
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(stratum == label)
        own, unit_of_row = np.unique(units[rows], return_inverse=True)
        turn = generator("folds", seed, repeat, label).permutation(len(own))
        dealt[rows] = (start + turn[unit_of_row]) % count
        start += len(own)
    return dealt
