"""Copies: the same file twice, or the same image saved again; above all in two classes or on both sides of a split."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.audit.pixels import Looks, look_at
from leadline.data.audit.problem import Problem, Severity, listed
from leadline.data.audit.similar import clusters, similar
from leadline.data.image import Projection
from leadline.data.manifest import Manifest

# All pairs are compared: the time grows with the square of the images.
MOST_COMPARED = 100_000
ADVICE = {
    "classes": "look at it, keep it in the class where it belongs and take it out of the other",
    "splits": "keep one of them, or all in one split: what was learned by heart must not be tested",
    "": "nothing to do, but it counts more than once",
}


def exact(manifest: Manifest) -> Iterator[Problem]:
    """Files of equal content, a problem per content."""
    contents = _equal_contents(manifest.table)
    for rows in contents.filter(contents.list.len() > 1):
        yield _problem("exact_duplicates", manifest.table[rows.to_numpy()], "the same file")


def near(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Images that are near-copies of each other (audit.similar), a problem per cluster of different files."""
    for rows in _near_copies(manifest.table, looks):
        yield _problem("near_duplicates", manifest.table[rows], "nearly the same image")


def with_near_copies(manifest: Manifest, *, project: Projection | None = None) -> Manifest:
    """`manifest` with the column `copy_of`, so that splits and folds keep near-copies together (data.split.units).

    Of more than MOST_COMPARED images none is looked for, and a note says so.
    """
    if len(manifest.usable) > MOST_COMPARED:
        note = (
            f"near-copies are not looked for among more than {MOST_COMPARED:,} images, so splits may divide them; "
            "exact copies stay together"
        )
        return replace(manifest, notes=(*manifest.notes, note))
    contents = manifest.table["sha256"].to_list()
    copy_of: list[str | None] = [None] * len(contents)
    for rows in _near_copies(manifest.table, look_at(manifest, project=project)):
        for row in rows:
            copy_of[row] = contents[rows[0]]
    return manifest.with_table(manifest.table.with_columns(copy_of=pl.Series(copy_of, dtype=pl.String)))


def _near_copies(table: pl.DataFrame, looks: Looks) -> Iterator[NDArray[np.int64]]:
    """The rows of each cluster of near-copies, exact copies of its images among them."""
    contents = _equal_contents(table)
    first = contents.list.first().to_numpy()
    readable = looks.readable[first]
    contents, first = contents.filter(pl.Series(readable)), first[readable]
    pairs, _ = similar(looks.thumbnails if len(first) == len(table) else looks.thumbnails[first])
    for cluster in clusters(pairs):
        yield np.sort(contents[cluster].explode().to_numpy())


def _equal_contents(table: pl.DataFrame) -> pl.Series:
    """The rows of each content, as lists, in the order of their first rows."""
    grouped = (
        table.with_row_index("row")
        .drop_nulls("sha256")
        .group_by("sha256", maintain_order=True)
        .agg(pl.col("row").cast(pl.Int64))
    )
    return grouped["row"]


def _problem(kind: str, rows: pl.DataFrame, what: str) -> Problem:
    divided = [
        name for name, column in (("classes", "label"), ("splits", "split")) if rows[column].drop_nulls().n_unique() > 1
    ]
    severity: Severity = "hint"
    if divided:
        severity = "error" if kind == "exact_duplicates" else "warning"
        rows = _one_of_each_first(rows, divided)
    named = [
        f"{path} ({', '.join(filter(None, (label, split)))})"
        for path, label, split in rows.select("path", "label", "split").iter_rows()
    ]
    across = " in different " + " and ".join(divided) if divided else ""
    return Problem(
        kind, severity, tuple(rows["path"]), f"{what}{across}: {listed(named)}", ADVICE[divided[0] if divided else ""]
    )


def _one_of_each_first(rows: pl.DataFrame, divided: list[str]) -> pl.DataFrame:
    """One image per class and split in front, so that whoever sees only the first ones sees the contradiction."""
    columns = ["label" if name == "classes" else "split" for name in divided]
    again = pl.struct(columns).cum_count().over(columns)
    return rows.sort(again, maintain_order=True)
