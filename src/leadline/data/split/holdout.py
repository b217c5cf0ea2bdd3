"""The split into training, validation and test images: made once, saved with the manifest, and reused."""

import difflib
from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.keyed import generator
from leadline.data.manifest import Manifest
from leadline.data.split.deal import deal
from leadline.data.split.units import broken_up, class_of_units, copies_in, numbered, tied_groups
from leadline.errors import LeadlineError, UsageError

FRACTIONS = {"train": 0.70, "validation": 0.15, "test": 0.15}
# Values of a group that an error lists.
SHOWN = 8


def split(manifest: Manifest, *, seed: int = 0, test_group: tuple[str, ...] = (), folds: bool = False) -> Manifest:
    """The manifest with every usable image in "train", "validation" or "test".

    Splits that the source has are kept; where it has no validation or no test split, 15 % of its training images become
    one. Otherwise 70/15/15, stratified by class, with more than half of each class in training; copies of an image,
    exact and near (audit.copies.with_near_copies), stay together as far as each class can be in all splits; where
    groups are known, no group is in two of the splits that are made here. The groups named in `test_group` are the test
    split. With `folds` (data.split.folds) no split is made: all that is not given as a test split is for training, and
    validated out of fold. What a person should know is added to the manifest's notes. Raises LeadlineError, with the
    counts, when a class would be missing from a split that is made here.
    """
    table, notes = manifest.usable, list(manifest.notes)
    given = set(table["split"].drop_nulls())
    has_groups(table)  # refuses where only some images have one
    if given and table["split"].null_count():
        path = table.filter(pl.col("split").is_null())["path"][0]
        raise LeadlineError(f"{manifest.source}: some images have a split and others, such as {path}, have none")
    lost = manifest.unusable.filter(~pl.col("split").is_in(list(given)))
    for name, path, error in lost.select("split", "path", "error").head(1).iter_rows():
        raise LeadlineError(
            f"{manifest.source}: none of its {name} images can be used ({path}: {error}); add some that can, or take "
            f"the {name} split away"
        )
    if given and "train" not in given:
        raise LeadlineError(f"{manifest.source}: has the splits {', '.join(sorted(given))}, but none for training")
    if folds and "validation" in given:
        notes.append("the validation images that the data name join the folds")
        table = table.with_columns(pl.col("split").replace("validation", "train"))
        given.remove("validation")
    if given:
        _refuse_divided_groups(table, manifest)
    in_data = bool(given)
    if test_group:
        table = _with_test_groups(table, manifest, test_group, given)
        given = set(table["split"].drop_nulls())  # they may have been all of the validation images
    if folds or test_group:
        table = table.with_columns(pl.col("split").fill_null("train"))
    wanted = [] if folds else [name for name in ("test", "validation") if name not in given]
    if wanted:
        pool = table.filter(split="train") if given else table
        _refuse_small_classes(pool, manifest, needed=1 + len(wanted))
        dealt = _deal_groups(pool, manifest, wanted, seed) if has_groups(pool) else _deal(pool, wanted, seed)
        table = table.update(pool.select("path").with_columns(split=pl.Series(dealt)), on="path")
    # Images that are dealt one by one may be too few for a test beside a validation; that is noted.
    made_here = wanted if has_groups(table) else wanted[-1:]
    _refuse_missing_classes(table, manifest, made_here=[*made_here, "train"])
    if wanted and in_data:
        notes.append(f"the data have no {' and no '.join(wanted)} split, so some of the training images become one")
    notes += [*_copies_in_two_splits(table), *_classes_not_judged(table, manifest)]
    updated = manifest.table.update(table.select("path", "split"), on="path")
    return replace(manifest, table=updated, notes=tuple(notes))


def has_groups(table: pl.DataFrame) -> bool:
    """Whether the images have groups; LeadlineError where only some of them have."""
    without = table.filter(pl.col("group").is_null())
    if 0 < len(without) < len(table):
        raise LeadlineError(
            f"{without['path'][0]}: has no group, but other images have one; give every image its group"
        )
    return not len(without)


def counted(number: int, what: str) -> str:
    """ "no image", "1 image", "2 images"."""
    return f"no {what}" if not number else f"{number:,} {what}{'s' * (number > 1)}"


def _with_test_groups(
    table: pl.DataFrame, manifest: Manifest, test_group: tuple[str, ...], given: set[str]
) -> pl.DataFrame:
    if "test" in given:
        raise UsageError(
            f"{manifest.source}: has a test split of its own; leave out --test-group, or that split from the data"
        )
    if not has_groups(table):
        raise UsageError(f"--test-group {test_group[0]}: these images have no groups; say what they are with --group")
    sizes = Counter(table["group"])
    for value in test_group:
        if value not in sizes:
            nearest = difflib.get_close_matches(value, sizes, n=1, cutoff=0.4)
            meant = f"did you mean {nearest[0]!r}? " if nearest else ""
            listed = ", ".join(f"{name} ({counted(count, 'image')})" for name, count in sorted(sizes.items())[:SHOWN])
            more = f" and {len(sizes) - SHOWN} more" if len(sizes) > SHOWN else ""
            raise UsageError(f"--test-group {value}: no image is of this group; {meant}there are {listed}{more}")
    tested = pl.col("group").is_in(list(test_group))
    return table.with_columns(split=pl.when(tested).then(pl.lit("test")).otherwise(pl.col("split")))


def _refuse_small_classes(pool: pl.DataFrame, manifest: Manifest, *, needed: int) -> None:
    # Copies of one image stay together, so they are one here.
    counts, all_of = Counter(pool.unique(["label", "sha256"])["label"]), Counter(pool["label"])
    for name in manifest.classes:
        if counts[name] < needed:
            number = counted(counts[name], "image")
            number += f" (in {all_of[name]:,} copies)" if all_of[name] > counts[name] else ""
            raise LeadlineError(
                f"{manifest.source}: the class {name!r} has {number} that can be used{_why(manifest, name)}; at least "
                f"{needed} are needed, and {2 * needed - 1} to have some in each split: add images or take the class "
                "away"
            )


def _deal(pool: pl.DataFrame, wanted: list[str], seed: int) -> list[str]:
    """A split per row of `pool`, stratified by class; copies of one image are dealt as one."""
    units = copies_in(pool)
    while True:
        splits = _dealt(pool, units, wanted, seed)
        found = pl.DataFrame({"label": pool["label"], "split": splits}).group_by("label").agg(pl.col("split").unique())
        needed = _different_images(pool)
        short = [
            label
            for label, own in found.iter_rows()
            if len(own) <= len(wanted) and (needed[label] > 2 * len(wanted) or not {"train", wanted[-1]} <= set(own))
        ]
        apart = broken_up(units, pool, short)
        if apart is None:
            return splits
        units = apart


def _dealt(pool: pl.DataFrame, units: pl.Series, wanted: list[str], seed: int) -> list[str]:
    splits, codes = np.full(len(pool), "train", dtype=object), numbered(units)
    names = sorted(set(pool["label"]))
    stratum = class_of_units(numbered(pool["label"]), codes)
    for number, label in enumerate(names):
        rows = np.flatnonzero(stratum == number)
        own, unit_of_row, sizes = np.unique(codes[rows], return_inverse=True, return_counts=True)
        order = generator("split", seed, label).permutation(len(own))
        # Training gets more than half of the images: of three or four, none is left to test on.
        parts = wanted if len(own) > 2 * len(wanted) else wanted[-1:]
        for left, name in zip(range(len(parts), 0, -1), parts, strict=True):
            chosen = _filling(order, sizes, max(1, round(FRACTIONS[name] * len(rows))), parts=left + 1)
            splits[rows[np.isin(unit_of_row, chosen)]] = name
            order = order[~np.isin(order, chosen)]
    return list(splits)


def _filling(order: NDArray[np.int64], sizes: NDArray[np.int64], images: int, *, parts: int) -> list[int]:
    """Units in `order` that together have at most so many images, and leave others as small to the other `parts`.

    Where all units are larger, it is the smallest one.
    """
    if len(order) < 2:
        return []  # the last one is for training
    small = order[sizes[order] <= images]
    chosen: list[int] = []
    for unit in small[: max(1, len(small) // parts)]:
        if sizes[unit] <= images:
            chosen.append(int(unit))
            images -= int(sizes[unit])
    return chosen or [int(order[np.argmin(sizes[order])])]


def _different_images(pool: pl.DataFrame) -> Counter[str]:
    return Counter(pool.unique(["label", "sha256"])["label"])


def _deal_groups(pool: pl.DataFrame, manifest: Manifest, wanted: list[str], seed: int) -> list[str]:
    """A split per row of `pool`, whole groups at a time, as well stratified by class as whole groups allow."""
    names = ["train", *wanted]
    refuse_few_groups(pool, manifest, parts=len(names), what="splits")
    shares = [1 - sum(FRACTIONS[name] for name in wanted), *(FRACTIONS[name] for name in wanted)]
    units = tied_groups(pool, parts=len(names), parts_of_class=len(names))
    part = deal(numbered(pool["label"]), units, shares, "split", seed)
    return [names[number] for number in part]


def refuse_few_groups(pool: pl.DataFrame, manifest: Manifest, *, parts: int, what: str) -> None:
    """LeadlineError, with the counts, where whole groups cannot give each of so many parts every class."""
    groups = sorted(pool["group"].unique())
    if len(groups) < parts:
        raise LeadlineError(
            f"{manifest.source}: {counted(len(groups), 'group')} ({', '.join(groups)}) cannot be dealt into {parts} "
            f"{what}; at least {parts} are needed"
        )
    for label in manifest.classes:
        sizes = Counter(pool.filter(label=label)["group"])
        if len(sizes) < parts:
            shown = ", ".join(f"{name} {count:,}" for name, count in sorted(sizes.items()))
            raise LeadlineError(
                f"{manifest.source}: the images of the class {label!r} lie in {counted(len(sizes), 'group')} only "
                f"({shown}), so it would be missing from one of the {parts} {what}"
            )


def _refuse_missing_classes(table: pl.DataFrame, manifest: Manifest, *, made_here: list[str]) -> None:
    for name in made_here:
        counts = Counter(table.filter(pl.col("split") == name)["label"])
        missing = [label for label in manifest.classes if not counts[label]]
        if missing:
            shown = ", ".join(f"{label} {counts[label]}" for label in manifest.classes)
            if missing[0] not in table["label"]:
                raise LeadlineError(
                    f"{manifest.source}: the class {missing[0]!r} has no image that can be used"
                    f"{_why(manifest, missing[0])}; mend its images, add others or take the class away"
                )
            raise LeadlineError(
                f"{manifest.source}: the class {missing[0]!r} would be missing from the {name} split ({shown}): "
                "its images lie in too few groups, or in another split"
            )


def _why(manifest: Manifest, label: str) -> str:
    """What is wrong with the first image of a class that cannot be used, if one cannot."""
    broken = manifest.unusable.filter(label=label).select("path", "error").rows()
    return " ({}: {})".format(*broken[0]) if broken else ""


def _classes_not_judged(table: pl.DataFrame, manifest: Manifest) -> list[str]:
    """A note on the validation and the test split where they have images, but none of some class."""
    notes = []
    for name in ("validation", "test"):
        counts = Counter(table.filter(split=name)["label"])
        missing = [label for label in manifest.classes if counts and not counts[label]]
        if missing:
            notes.append(f"the {name} split has no image of {', '.join(missing)}")
    return notes


def _copies_in_two_splits(table: pl.DataFrame) -> list[str]:
    """A note where the same bytes lie in two splits, which groups or given splits may do."""
    copies = (
        table.sort("path")
        .group_by("sha256", maintain_order=True)
        .agg(pl.col("split").n_unique().alias("splits"), pl.col("path"), pl.col("split"))
        .filter(pl.col("splits") > 1)
    )
    if not len(copies):
        return []
    first = copies.row(0, named=True)
    other = next(number for number, split in enumerate(first["split"]) if split != first["split"][0])
    places = [f"{first['path'][number]} ({first['split'][number]})" for number in (0, other)]
    return [
        f"{counted(len(copies), 'image')} in several splits, as exact copies, such as {' and '.join(places)}: "
        "results on these flatter; leave out all but one"
    ]


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
