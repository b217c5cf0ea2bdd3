"""Groups: those that are divided between splits, and those that file names give away but nobody declared."""

from collections.abc import Iterator

import polars as pl

from leadline.data.audit.names import likely_group
from leadline.data.audit.problem import Problem, counted, listed
from leadline.data.manifest import Manifest


def divided(manifest: Manifest) -> Iterator[Problem]:
    """Declared groups whose images lie in more than one split."""
    table = manifest.table.drop_nulls(["group", "split"])
    found = _divided(table, "group")
    if len(found):
        rows = table.filter(pl.col("group").is_in(found["group"].implode()))
        first = rows.unique(["group", "split"], keep="first", maintain_order=True).sort("group", maintain_order=True)
        total = table["group"].n_unique()
        yield Problem(
            "divided_group", "error", tuple(first["path"]),
            f"{len(found):,} of {counted(total, 'group')} lie in more than one split, such as {_example(found)}",
            "a network is then tested on patients or plates that it has learned: leave the splits out and Leadline "
            "makes some that keep groups whole, or move each group into one split",
        )  # fmt: skip


def undeclared(manifest: Manifest) -> Iterator[Problem]:
    """What looks like a group in the names of files and folders, where no group was declared."""
    if manifest.table["group"].null_count() < len(manifest.table):
        return
    likely = likely_group(manifest)
    if likely is None:
        return
    table = manifest.table.with_columns(group=pl.Series(likely.values, dtype=pl.String))
    split = _divided(table.drop_nulls("split"), "group")
    across = f"; {len(split):,} of them lie in more than one split, such as {_example(split)}" if len(split) else ""
    examples = table.unique("group", keep="first", maintain_order=True)
    yield Problem(
        "undeclared_groups", "warning" if likely.shared or len(split) else "hint", tuple(examples["path"][:6]),
        f"{likely.where} look like identifiers of a patient, plate, slide or day: {counted(likely.count, 'value')} "
        f"such as {listed(likely.examples)}, about {len(table) / likely.count:.0f} images each{across}",
        f"if they are, consider --group {likely.quoted}, so that none is learned from and tested on",
    )  # fmt: skip


def _divided(table: pl.DataFrame, column: str) -> pl.DataFrame:
    return (
        table.group_by(column)
        .agg(pl.col("split").unique().sort(), images=pl.len())
        .filter(pl.col("split").list.len() > 1)
        .sort("images", column, descending=[True, False])
    )


def _example(found: pl.DataFrame) -> str:
    name, splits = found.row(0)[:2]
    return f"{name} in {' and '.join(splits)}"
