"""Tables with a column per channel: `path:NAME`, or CellProfiler's FileName_NAME with its PathName_NAME."""

from pathlib import Path

import polars as pl

from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.sources.refusal import Refuse, cut, refuse_at_once
from leadline.errors import LeadlineError

PREFIX = "path:"
# Of the tables that CellProfiler's LoadData reads, as the Cell Painting data sets bring them.
FILE, FOLDER = "FileName_", "PathName_"


def channel_columns(table: pl.DataFrame) -> dict[str, str]:
    """Channel → the column with its files, in the order of the columns; empty where images are one file each."""
    for prefix in (PREFIX, FILE):
        found = {column.removeprefix(prefix): column for column in table.columns if column.startswith(prefix)}
        if found and (prefix == PREFIX or "path" not in table.columns):
            return found
    return {}


def with_files(
    table: pl.DataFrame,
    file: Path,
    *,
    row: str,
    reading: Reading = AS_IT_IS,
    channel_names: tuple[str, ...] | None = None,
    refuse: Refuse = refuse_at_once,
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """`table` with each image's first file as `path` and the list of its others as `files`, and the channels' names.

    The channels are those that `reading` asks for, or the `channel_names` of a trained classifier. A table of images in
    one file each comes back as it is, without names. Raises LeadlineError where columns are missing. `refuse` is told
    of gaps, with the row's number, which the column `row` holds; where it does not raise, these rows are left out.
    """
    columns = channel_columns(table)
    if columns and "path" in table.columns:
        raise LeadlineError(f"{file}: has both path and {next(iter(columns.values()))}; take one of them away")
    if channel_names is None:
        names = reading.among(tuple(columns)) if columns else ()
    else:
        names = channel_names
        refuse_unlike_training(file, tuple(columns), trained=names)
    if not names:
        return table, ()
    for name in names:
        filled = pl.col(columns[name]).fill_null("") != ""
        for number in table.filter(~filled)[row]:
            refuse(f"{file}: row {number} has no {columns[name]}")
        table = table.filter(filled)
    paths = table.select(_path(table, columns[name]).alias(name) for name in names)
    others = [list(row) for row in paths.select(names[1:]).iter_rows()] if names[1:] else [None] * len(table)
    return table.with_columns(path=paths[names[0]], files=pl.Series(others, dtype=pl.List(pl.String))), names


def refuse_unlike_training(source: str | Path, found: tuple[str, ...], *, trained: tuple[str, ...]) -> None:
    """LeadlineError unless `source` has the channels of a classifier that was `trained` on files of these channels."""
    if trained and not set(trained) <= set(found):
        shown = f"; it has {cut(', '.join(found))}" if found else ""
        raise LeadlineError(
            f"{source}: the classifier was trained on images with a file per channel; give it a table with the columns "
            f"{', '.join(PREFIX + name for name in trained)}{shown}"
        )
    if found and not trained:
        raise LeadlineError(
            f"{source}: has a column per channel ({cut(', '.join(found))}), but the classifier was trained on images "
            "with all channels in one file; give it such images"
        )


def _path(table: pl.DataFrame, column: str) -> pl.Expr:
    folder = FOLDER + column.removeprefix(FILE)
    if column.startswith(FILE) and folder in table.columns:
        return pl.concat_str(pl.col(folder).fill_null(".").str.strip_chars_end("/"), pl.lit("/"), pl.col(column))
    return pl.col(column)
