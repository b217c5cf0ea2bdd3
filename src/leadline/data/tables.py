"""Tables of images, `path, label[, group, split]` as CSV, TSV or Parquet: every reader sees the same rows of them."""

from pathlib import Path

import polars as pl

from leadline.data.channel_columns import with_files
from leadline.data.channel_files import Files
from leadline.data.manifest import Entry, Manifest, examine
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.refusal import Refuse, refuse_at_once
from leadline.errors import LeadlineError

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
TABLE_READERS = {
    ".csv": lambda file: pl.read_csv(file, infer_schema=False),
    ".tsv": lambda file: pl.read_csv(file, separator="\t", infer_schema=False),
    ".parquet": lambda file: pl.read_parquet(file),
}
# The column that holds a row's number as a spreadsheet counts, the header being row 1; no person calls one so.
ROW = "\0row"


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
    for number in table.filter(pl.col("label").fill_null("") == "")[ROW]:
        refuse(f"{file}: row {number} has no label")
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
    absent = [entry.path for entry in entries if not _exists(root / entry.path)]
    if len(absent) == len(entries):
        refuse(f"{file}: none of its {len(entries)} files exists, such as {absent[0]} (sought from {root})")
    classes = tuple(sorted({entry.label for entry in entries if entry.label}))
    return examine(entries, root=root, source=source, classes=classes, reading=reading, channel_names=names)


def columns_of(
    file: Path, *, reading: Reading = AS_IT_IS, channel_names: tuple[str, ...] | None = None
) -> dict[str, list[str | None]]:
    """What a person's own table says of each image besides, as text: a value per row of `scan_table`'s manifest."""
    table, _ = _rows(file, reading, channel_names, lambda *_: None)
    return {name: table[name].to_list() for name in table.columns if name not in ("path", "files", ROW)}


def image_table(file: Path, *, channel_names: tuple[str, ...]) -> list[Files]:
    """The files of each image that a table without labels lists, its channels those of a trained classifier."""
    table, names = with_files(_read_table(file), file, row=ROW, channel_names=channel_names)
    _refuse_without(("path",), table, file)
    gaps = table.filter(pl.col("path").fill_null("") == "")
    if len(gaps):
        raise LeadlineError(f"{file}: row {gaps[ROW][0]} has no path")
    others = table["files"].to_list() if names else [None] * len(table)
    return [
        (file.parent / path, *(file.parent / other for other in more or ()))
        for path, more in zip(table["path"], others, strict=True)
    ]


def _read_table(file: Path) -> pl.DataFrame:
    """Its columns as text, and ROW; without the rows that are blank, as spreadsheets leave them at the end."""
    try:
        table = TABLE_READERS[file.suffix.lower()](file)
        table = table.with_columns(pl.col(name).cast(pl.String) for name in table.columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LeadlineError(f"{file}: cannot be read as a table ({error})") from error
    filled = [pl.col(name).fill_null("") != "" for name in table.columns]
    return table.with_row_index(ROW, offset=2).filter(pl.any_horizontal(filled))


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
        refuse(f"{file}: lists {path} more than once")
    return table.unique("path", keep="first", maintain_order=True), names


def _exists(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _refuse_without(expected: tuple[str, ...], table: pl.DataFrame, file: Path) -> None:
    missing = [name for name in expected if name not in table.columns]
    if missing:
        wanted = ", and path,label[,group,split] are expected" if "label" in expected else ""
        there_are = ", ".join(name for name in table.columns if name != ROW)
        raise LeadlineError(f"{file}: has no column {' and '.join(missing)}; it has {there_are}{wanted}")


def _split_name(file: Path, row: int, value: str | None, refuse: Refuse) -> str | None:
    if not value:
        return None
    name = SPLIT_NAMES.get(value.lower())
    if name is None:
        refuse(f"{file}: row {row} has the split {value!r}; expected train, validation or test")
    return name
