"""The split into training, validation and test images: made once, saved with the manifest, and reused."""

from collections import Counter

import numpy as np
import polars as pl

from leadline.data.keyed import generator
from leadline.data.manifest import Manifest
from leadline.errors import LeadlineError

FRACTIONS = {"train": 0.70, "validation": 0.15, "test": 0.15}
# A grouped split deals whole groups into this many folds at most, three of which are 15 %.
MOST_FOLDS = 20


def split(manifest: Manifest, *, seed: int = 0) -> Manifest:
    """The manifest with every usable image in "train", "validation" or "test".

    Splits that the source has are kept; where it has no validation or no test split, 15 % of its training images become
    one. Otherwise 70/15/15, stratified by class; exact copies of an image stay together; where groups are known, no
    group is in two of the splits that are made here. Raises LeadlineError, with the counts, when a class would be
    missing from a split.
    """
    table = manifest.usable
    given = set(table["split"].drop_nulls())
    if given and table["split"].null_count():
        path = table.filter(pl.col("split").is_null())["path"][0]
        raise LeadlineError(f"{manifest.source}: some images have a split and others, such as {path}, have none")
    if given and "train" not in given:
        raise LeadlineError(f"{manifest.source}: has the splits {', '.join(sorted(given))}, but none for training")
    if given:
        _refuse_divided_groups(table, manifest)
    pool = table.filter(pl.col("split") == "train") if given else table
    wanted = [name for name in ("test", "validation") if name not in given]
    if wanted:
        _refuse_small_classes(pool, manifest, needed=1 + len(wanted))
        dealt = (
            _deal(pool, wanted, seed) if pool["group"].null_count() == len(pool) else _deal_groups(pool, wanted, seed)
        )
        table = table.update(pool.select("path").with_columns(split=pl.Series(dealt)), on="path")
    _refuse_missing_classes(table, manifest, made_here=[*wanted, "train"])
    return manifest.with_table(manifest.table.update(table.select("path", "split"), on="path"))


def _refuse_small_classes(pool: pl.DataFrame, manifest: Manifest, *, needed: int) -> None:
    counts = Counter(pool["label"])
    for name in manifest.classes:
        if counts[name] < needed:
            number = "no image" if not counts[name] else f"{counts[name]} image{'s' * (counts[name] > 1)}"
            broken = manifest.unusable.filter(label=name).select("path", "error").rows()
            why = " ({}: {})".format(*broken[0]) if broken else ""
            raise LeadlineError(
                f"{manifest.source}: the class {name!r} has {number} that can be used{why}; at least {needed} are "
                "needed to have one in each split: add images or take the class away"
            )


def _deal(pool: pl.DataFrame, wanted: list[str], seed: int) -> list[str]:
    """A split per row of `pool`, stratified by class; copies of one image (equal sha256) are dealt as one."""
    splits = np.full(len(pool), "train", dtype=object)
    labels, hashes = pool["label"].to_numpy(), pool["sha256"].to_numpy()
    for label in sorted(set(labels)):
        rows = np.flatnonzero(labels == label)
        units, unit_of_row = np.unique(hashes[rows], return_inverse=True)
        order = generator("split", seed, label).permutation(len(units))
        start = 0
        for name in wanted:
            count = max(1, round(FRACTIONS[name] * len(units)))
            splits[rows[np.isin(unit_of_row, order[start : start + count])]] = name
            start += count
    return list(splits)


def _deal_groups(pool: pl.DataFrame, wanted: list[str], seed: int) -> list[str]:
    """A split per row of `pool`, whole groups at a time, as well stratified by class as whole groups allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    if pool["group"].null_count():
        path = pool.filter(pl.col("group").is_null())["path"][0]
        raise LeadlineError(f"{path}: has no group, but other images have one; give every image its group")
    groups = pool["group"].n_unique()
    if groups <= len(wanted):
        raise LeadlineError(
            f"{groups} groups cannot be dealt into {1 + len(wanted)} splits; at least {1 + len(wanted)} are needed"
        )
    folds = min(MOST_FOLDS, groups, min(Counter(pool["label"]).values()))
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of_row = np.zeros(len(pool), dtype=np.int64)
    for fold, (_, rows) in enumerate(folder.split(np.zeros(len(pool)), pool["label"], pool["group"])):
        fold_of_row[rows] = fold
    splits = np.full(len(pool), "train", dtype=object)
    start = 0
    for name in wanted:
        count = max(1, round(FRACTIONS[name] * folds))
        splits[(fold_of_row >= start) & (fold_of_row < start + count)] = name
        start += count
    return list(splits)


def _refuse_missing_classes(table: pl.DataFrame, manifest: Manifest, *, made_here: list[str]) -> None:
    for name in made_here:
        counts = Counter(table.filter(pl.col("split") == name)["label"])
        missing = [label for label in manifest.classes if not counts[label]]
        if missing:
            shown = ", ".join(f"{label} {counts[label]}" for label in manifest.classes)
            raise LeadlineError(
                f"{manifest.source}: the class {missing[0]!r} would be missing from the {name} split ({shown}): "
                "its images lie in too few groups, or in another split"
            )


def _refuse_divided_groups(table: pl.DataFrame, manifest: Manifest) -> None:
    divided = (
        table.drop_nulls("group")
        .group_by("group")
        .agg(pl.col("split").unique().sort())
        .filter(pl.col("split").list.len() > 1)
    )
    if len(divided):
        group, splits = divided.sort("group").row(0)
        raise LeadlineError(
            f"{manifest.source}: the images of group {group!r} lie in several splits ({', '.join(splits)}), so "
            "the test would not be one; leave the split out, or take each group into one split"
        )
