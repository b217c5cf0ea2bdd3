"""What splits and folds do not divide: copies of an image, exact and near, and groups, with those that copies tie."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def numbered(column: pl.Series) -> Integers:
    """A number for each value, from 0, in the order of the values."""
    return np.unique(column.to_numpy(), return_inverse=True)[1].astype(np.int64)


def copies_in(pool: pl.DataFrame, *, near: bool = True) -> pl.Series:
    """A name per image that its copies share: equal bytes, and with `near` what `copy_of` says (audit.copies)."""
    if near and "copy_of" in pool.columns:
        return pool.select(pl.coalesce("copy_of", "sha256")).to_series()
    return pool["sha256"]


def broken_up(units: pl.Series, pool: pl.DataFrame, classes: list[str]) -> pl.Series | None:
    """`units` with the near-copies that hold an image of `classes` taken apart, or None where there are none.

    Near-copies are found by their looks. A class of little else would otherwise be missing from a part.
    """
    near = units.filter((units != pool["sha256"]) & pool["label"].is_in(classes)).unique()
    if not len(near):
        return None
    return pool.select(pl.when(units.is_in(near.implode())).then("sha256").otherwise(units)).to_series()


def class_of_units(labels: Integers, units: Integers) -> Integers:
    """The class (images,) among which each image's unit is dealt: the one that most of its images have."""
    classes = int(labels.max()) + 1
    pairs, counts = np.unique(units * classes + labels, return_counts=True)
    order = np.lexsort((-(pairs % classes), counts))  # the last one written is the most frequent, then the first class
    found = np.zeros(int(units.max()) + 1, np.int64)
    found[pairs[order] // classes] = pairs[order] % classes
    return found[units]


def tied_groups(pool: pl.DataFrame, *, parts: int, parts_of_class: int) -> Integers:
    """A number per image: of its group, or of all groups that copies of images tie together.

    Groups are left apart where so few would remain that no `parts` could be made of them, or that a class would lie in
    fewer than `parts_of_class`.
    """
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    groups, copies = numbered(pool["group"]), numbered(copies_in(pool))
    count = int(groups.max()) + 1
    shape = (count + int(copies.max()) + 1,) * 2
    links = coo_array((np.ones(len(pool), np.int8), (groups, count + copies)), shape=shape)
    component = connected_components(links, directed=False)[1][:count]
    first = np.unique(component, return_index=True)[1]
    tied = np.unique(first[np.unique(component, return_inverse=True)[1]], return_inverse=True)[1][groups]
    of_class = [len(set(tied[(pool["label"] == label).to_numpy()])) for label in pool["label"].unique()]
    if len(set(tied)) < parts or min(of_class) < parts_of_class:
        return groups
    return tied.astype(np.int64)
