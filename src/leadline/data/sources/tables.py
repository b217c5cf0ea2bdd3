"""Tables of images, `path, label[, group, split]` as CSV, TSV or Parquet: every reader sees the same rows of them."""

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from leadline.data.channel_files import Files
from leadline.data.manifest import Entry, Manifest, examine
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.sources.channel_columns import with_files
from leadline.data.sources.refusal import Refuse, cut, refuse_at_once
from leadline.data.sources.text_tables import read_text_table
from leadline.errors import LeadlineError
from leadline.parquet import read_parquet

# Names that mean a split, as people write them, of folders too.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# The column that holds a row's number as a spreadsheet counts, the header being row 1; no person calls one so.
ROW = "\0row"
TABLE_READERS = {
    ".csv": lambda file: read_text_table(file, separator=",", row=ROW),
    ".tsv": lambda file: read_text_table(file, separator="\t", row=ROW),
    ".parquet": lambda file: _read_parquet(file),
}
# How R, pandas and spreadsheets write a value that is missing; none of them is a class.
MISSING = ("", "NA", "NaN", "nan", "<NA>", "#N/A")


def scan_table(
    file: Path,
    source: str,
    *,
    reading: Reading = AS_IT_IS,
    channel_names: tuple[str, ...] | None = None,
    refuse: Refuse = refuse_at_once,
) -> Manifest:
    """The manifest of a table; the arguments are those of `data.sources.scan`."""
    table, names = _rows(file, reading, channel_names, refuse)
    if "split" in table.columns:
        splits = [_split_name(file, row, split, refuse) for row, split in table.select(ROW, "split").iter_rows()]
        table = table.with_columns(split=pl.Series(splits, dtype=pl.String))
    unlabelled = pl.col("label").fill_null("").is_in(MISSING)
    for number, found in table.filter(unlabelled).select(ROW, "label").iter_rows():
        said = f" ({found} means that it is missing; call a class otherwise)" if found else ""
        refuse(f"{file}: row {number} has no label{said}")
    table = table.with_columns(label=pl.when(~unlabelled).then("label"))
    if table.is_empty():
        raise LeadlineError(f"{file}: lists no image")
    columns = {
        name: table[name].to_list() if name in table.columns else [None] * len(table) for name in ("split", "group")
    }
    others = table["files"].to_list() if names else [None] * len(table)
    entries = [
        Entry(path, label or None, split, group or None, files)
        for path, label, split, group, files in zip(
            table["path"], table["label"], columns["split"], columns["group"], others, strict=True
        )
    ]
    root = file.parent.resolve()  # a table that is a link lists what lies beside the link, as image_table has it
    if not reading.allow_outside:
        _refuse_outside(file, (path for one in entries for path in (one.path, *(one.files or ()))), root, refuse)
    absent = [entry.path for entry in entries if not _exists(root / entry.path)]
    if len(absent) == len(entries):
        refuse(_all_absent(file, absent, root))
    classes = tuple(sorted({entry.label for entry in entries if entry.label}))
    return examine(entries, root=root, source=source, classes=classes, reading=reading, channel_names=names)


def columns_of(
    file: Path, *, reading: Reading = AS_IT_IS, channel_names: tuple[str, ...] | None = None
) -> dict[str, list[str | None]]:
    """What a person's own table says of each image besides, as text: a value per row of `scan_table`'s manifest."""
    table, _ = _rows(file, reading, channel_names, lambda *_: None)
    return {name: table[name].to_list() for name in table.columns if name not in ("path", "files", ROW)}


def image_table(file: Path, *, channel_names: tuple[str, ...], allow_outside: bool = False) -> list[Files]:
    """The files of each image that a table without labels lists, its channels those of a trained classifier."""
    table, names = with_files(_read_table(file), file, row=ROW, channel_names=channel_names)
    _refuse_without(("path",), table, file)
    gaps = table.filter(pl.col("path").fill_null("") == "")
    if len(gaps):
        raise LeadlineError(f"{file}: row {gaps[ROW][0]} has no path")
    paths = table["path"].to_list()
    if any(map(_windows, paths)) and not any(_exists(file.parent / path) for path in paths):
        raise LeadlineError(_all_absent(file, paths, file.parent))
    others = table["files"].to_list() if names else [None] * len(table)
    listed = [(path, *(more or ())) for path, more in zip(paths, others, strict=True)]
    if not allow_outside:
        _refuse_outside(file, (path for image in listed for path in image), file.parent.resolve(), refuse_at_once)
    return [tuple(file.parent / path for path in image) for image in listed]


def _read_table(file: Path) -> pl.DataFrame:
    """Its columns as text, and ROW; without the rows that are blank, as spreadsheets leave them at the end."""
    try:
        table = TABLE_READERS[file.suffix.lower()](file)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = cut(" ".join(str(error).split()))
        raise LeadlineError(f"{file}: cannot be read as a table ({reason})") from error
    filled = [pl.col(name).fill_null("") != "" for name in table.columns if name != ROW]
    return table.filter(pl.any_horizontal(filled)) if filled else table


def _read_parquet(file: Path) -> pl.DataFrame:
    """What is no value of one row's own, such as a list, is left out; a NaN of pandas is a value that is missing."""
    table = read_parquet(file)
    for name, kind in table.schema.items():
        if kind.is_nested() and name in ("path", "label", "group", "split"):
            raise LeadlineError(f"{file}: the column {name} holds {kind} where a text or a number is expected")
    table = table.select(name for name, kind in table.schema.items() if not kind.is_nested())
    floats = [pl.col(name).fill_nan(None) for name, kind in table.schema.items() if kind.is_float()]
    return table.with_columns(floats).cast(pl.String).with_row_index(ROW, offset=2)


def _rows(
    file: Path, reading: Reading, channel_names: tuple[str, ...] | None, refuse: Refuse
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows that name an image, each image once, and the names of its channels, where each has its file."""
    table, names = with_files(
        _read_table(file), file, row=ROW, reading=reading, channel_names=channel_names, refuse=refuse
    )
    _refuse_without(("path", "label"), table, file)
    named = pl.col("path").fill_null("") != ""
    for number in table.filter(~named)[ROW]:
        refuse(f"{file}: row {number} has no path")
    table = table.filter(named)
    for path in table["path"].filter(table["path"].is_duplicated()).unique(maintain_order=True):
        refuse(f"{file}: lists {cut(path)} more than once")
    return table.unique("path", keep="first", maintain_order=True), names


def _refuse_outside(file: Path, paths: Iterable[str], root: Path, refuse: Refuse) -> None:
    """Refuse a table, which may be a stranger's, that lists what lies elsewhere; links in its folder are its own."""
    homes = (root, file.parent.absolute())
    outside = [
        path for path in paths if not any(Path(os.path.normpath(home / path)).is_relative_to(home) for home in homes)
    ]
    if outside:
        more = f" and {len(outside) - 1:,} more" if len(outside) > 1 else ""
        refuse(
            f"{file}: lists {cut(outside[0])}{more} outside its folder {root}; if they are meant, say --allow-outside"
        )


def _exists(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _refuse_without(expected: tuple[str, ...], table: pl.DataFrame, file: Path) -> None:
    missing = [name for name in expected if name not in table.columns]
    if missing:
        wanted = "path,label[,group,split]" if "label" in expected else "path"
        there_are = cut(", ".join(name for name in table.columns if name != ROW)) or "none"
        raise LeadlineError(
            f"{file}: has no column {' and '.join(missing)}; it has {there_are}, and its first row is to name {wanted}"
        )


def _all_absent(file: Path, paths: list[str], root: Path) -> str:
    one = next(filter(_windows, paths), paths[0])
    way_out = "; these are paths of Windows: write them relative to the table, with / between folders"
    return (
        f"{file}: none of its {len(paths)} files exists, such as {cut(one)} (sought from {root})"
        f"{way_out if _windows(one) else ''}"
    )


def _windows(path: str) -> bool:
    """Whether it is a path of Windows on another system, where a backslash separates nothing."""
    return os.sep == "/" and "\\" in path


def _split_name(file: Path, row: int, value: str | None, refuse: Refuse) -> str | None:
    if not value:
        return None
    name = SPLIT_NAMES.get(value.strip().lower())
    if name is None:
        refuse(f"{file}: row {row} has the split {cut(value)!r}; expected train, validation or test")
    return name
