"""A value per image from what a person names: a column, a level of folders, or an expression on the path."""

import re

import polars as pl

from leadline.errors import UsageError

FOLDER = re.compile(r"folder:(-?\d+)")


def values_of(
    table: pl.DataFrame, selector: str, *, columns: pl.DataFrame | None = None, option: str = "--batch"
) -> list[str | None]:
    """What `selector` finds for each row of a manifest's `table`; None where it finds nothing.

    A `selector` is, whichever fits first: the name of a column of `columns` (what the person's own table holds beside
    `path`, joined by it) or of the manifest; `folder:N`, the N-th folder of the path inside the data, from 1 for the
    outermost or from -1 for the one that holds the file; a regular expression that is searched in the path, of which
    the first group is the value. Raises UsageError, which names `option`, where it is none of these.
    """
    for source in (columns, table):
        if source is not None and selector in source.columns and selector != "path":
            found = table.select("path").join(
                source.select("path", value=pl.col(selector).cast(pl.String)),
                on="path",
                how="left",
                maintain_order="left",
            )
            return [value or None for value in found["value"]]
    if folder := FOLDER.fullmatch(selector):
        number = int(folder[1])
        if number == 0:
            raise UsageError(f"{option} {selector}: folders are counted from 1 (outermost) or from -1 (innermost)")
        parts = [path.split("/")[:-1] for path in table["path"]]
        index = number - 1 if number > 0 else number
        return [names[index] if -len(names) <= index < len(names) else None for names in parts]
    try:
        pattern = re.compile(selector)
    except re.error as error:
        raise UsageError(
            f"{option} {selector}: is no column, no folder:N and no regular expression ({error})"
        ) from error
    matches = [pattern.search(path) for path in table["path"]]
    if not any(matches):
        own = [] if columns is None else [name for name in columns.columns if name != "path"]
        there_are = f"; columns are {', '.join(own)}" if own else ""
        raise UsageError(f"{option} {selector}: is no column, and as an expression it matches no path{there_are}")
    return [(match[pattern.groups and 1] or None) if match else None for match in matches]
