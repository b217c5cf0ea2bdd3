"""The manifest: a row per image, made once from a data source, saved with every run and used by all after."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import polars as pl

from leadline.data.channel_files import Files, examine_files, reason
from leadline.data.image import ImageError
from leadline.data.in_threads import in_threads
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.shards.index import ShardIndex
from leadline.errors import LeadlineError
from leadline.parquet import read_parquet, read_parquet_metadata, write_parquet
from leadline.writing import in_one_piece

SCHEMA = {
    "path": pl.String,  # relative to the root, with forward slashes
    "label": pl.String,
    "split": pl.String,  # "train", "validation", "test", or null before the split is made
    "group": pl.String,  # patient, plate, slide …; null where none is known
    "width": pl.Int32,  # pixels
    "height": pl.Int32,
    "channels": pl.Int32,
    "dtype": pl.String,
    "sha256": pl.String,  # of the file's bytes, or of those of all its files
    "error": pl.String,  # why the image cannot be used; empty where it can
}
# A further column where each channel has a file of its own: those of the second channel and the ones after it.
FILES = {"files": pl.List(pl.String)}
# Of the file's metadata.
VERSION = 2
# And one where near-copies were looked for: the content that an image shows once more, nearly; null where none does.
COPIES = {"copy_of": pl.String}
SPLITS = ("train", "validation", "test")
# Images that are examined before they become rows of the table.
BLOCK = 4096
# Labels that are named of an image that has several.
SHOWN_LABELS = 3


@dataclass(frozen=True, eq=False)
class _FilesOfImages(Sequence[Files]):
    """Path objects that are made when they are asked for: those of a million images would take half a gigabyte."""

    root: Path
    paths: pl.Series
    others: pl.Series | None  # lists of the further files of each image

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, number: int) -> Files: ...
    @overload
    def __getitem__(self, number: slice) -> "_FilesOfImages": ...
    def __getitem__(self, number: int | slice) -> "Files | _FilesOfImages":
        if isinstance(number, slice):
            others = None if self.others is None else self.others[number]
            return _FilesOfImages(self.root, self.paths[number], others)
        further = () if self.others is None else self.others[number]
        return (self.root / self.paths[number], *(self.root / other for other in (() if further is None else further)))


@dataclass(frozen=True)
class About:
    """What a manifest says besides its table, in the file's metadata."""

    classes: tuple[str, ...] = ()
    root: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    shards: str = ""  # the index of the training images, as JSON, where they are streamed


def read_about(file: Path) -> About:
    """What the manifest in `file` says of itself; LeadlineError where a later Leadline wrote it.

    Version 1 joined names by line breaks, which a name may hold.
    """
    metadata = read_parquet_metadata(file)
    version = metadata.get("version", "1")
    written = {name: metadata[name] for name in vars(About()) if name in metadata}
    found: dict[str, Any] = {}
    if version == str(VERSION):
        try:
            found = {name: json.loads(value) for name, value in written.items()}
        except RecursionError:
            raise LeadlineError(f"{file}: is not a readable manifest (its brackets are too deep)") from None
    elif version == "1":
        lists = [name for name in written if isinstance(getattr(About(), name), tuple)]
        found = written | {name: list(filter(None, written[name].split("\n"))) for name in lists}
    else:
        raise LeadlineError(f"{file}: is a manifest of version {version}, this Leadline reads 1 to {VERSION}")
    found |= {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return About(**found)


@dataclass(frozen=True)
class Manifest:
    """Every image of a data source, and the ordered classes."""

    table: pl.DataFrame  # the columns of SCHEMA, of FILES where there are channel_names, of COPIES where looked for
    classes: tuple[str, ...]
    root: Path
    source: str  # what the person named: a folder, a table, a built-in data set
    notes: tuple[str, ...] = ()  # what a person should know about how the source was read
    channel_names: tuple[str, ...] = ()  # where each channel has a file of its own
    shards: ShardIndex | None = None  # where training images are streamed; then the table has the others alone

    @property
    def usable(self) -> pl.DataFrame:
        """The rows whose image can be used."""
        return self.table.filter(pl.col("error") == "")

    @property
    def unusable(self) -> pl.DataFrame:
        """The rows whose image cannot, each with its reason in `error`."""
        return self.table.filter(pl.col("error") != "")

    @property
    def fingerprint(self) -> str:
        """SHA-256 over path, label, split, group and content of every image: equal data have equal fingerprints."""
        columns = ["path", "label", "split", "group", "sha256", "error"]
        streamed = self.shards.fingerprint if self.shards else ""
        return digest_of(self.table.select(columns), tail=streamed)

    def labels(self, split: str) -> Counter[str]:
        """Class → usable images of the split, wherever they are."""
        if self.shards and split == "train":
            return Counter(self.shards.labels.get(split, {}))
        return Counter(self.usable.filter(split=split)["label"])

    def paths(self, table: pl.DataFrame | None = None) -> list[Path]:
        """Absolute paths of the images of `table` (default: all of them)."""
        return [self.root / path for path in (self.table if table is None else table)["path"]]

    def files(self, table: pl.DataFrame | None = None) -> Sequence[Files]:
        """The absolute paths of all files of each image of `table` (default: all of them)."""
        table = self.table if table is None else table
        return _FilesOfImages(self.root, table["path"], table["files"] if self.channel_names else None)

    def with_table(self, table: pl.DataFrame) -> "Manifest":
        return replace(self, table=table)

    def with_split(self, split: pl.Expr) -> "Manifest":
        """These images with another split, an expression over the usable ones; the others are in none."""
        changed = self.usable.select("path", split=split)
        table = self.table.drop("split").join(changed, on="path", how="left", maintain_order="left")
        return self.with_table(table.select(self.table.columns))

    def write(self, file: Path) -> None:
        """Write as Parquet; what `About` has travels in the file's metadata."""
        shards = ShardIndex.to_json(self.shards).decode() if self.shards else ""
        about = About(self.classes, str(self.root), self.source, self.notes, self.channel_names, shards)
        # In ASCII, as JSON writes what is no UTF-8 in the name of a folder, too.
        metadata = {name: json.dumps(value) for name, value in vars(about).items()}
        with in_one_piece(file) as temporary:
            write_parquet(self.table, temporary, {"version": str(VERSION), **metadata})

    @staticmethod
    def read(file: Path) -> "Manifest":
        """Read what `write` wrote; LeadlineError when the file is missing or is no manifest."""
        try:
            about = read_about(file)
            table = read_parquet(file)
            if not about.classes:
                raise LeadlineError(f"{file}: is not a readable manifest (it names no classes)")
            return Manifest(
                table.select(
                    [
                        *SCHEMA,
                        *(FILES if about.channel_names else ()),
                        *(COPIES if "copy_of" in table.columns else ()),
                    ]
                ),
                classes=about.classes,
                root=Path(about.root),
                source=about.source,
                notes=about.notes,
                channel_names=about.channel_names,
                shards=ShardIndex.from_json(about.shards, file=str(file)) if about.shards else None,
            )
        except FileNotFoundError:
            raise LeadlineError(f"{file}: the manifest is missing; train again into a new folder") from None
        except (pl.exceptions.PolarsError, ValueError, TypeError, OSError) as error:
            raise LeadlineError(
                f"{file}: is not a readable manifest ({error}); put a copy of it back, or train again into a new folder"
            ) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """What a data source says of one image, before its file was opened."""

    path: str  # of the first file
    label: str | None
    split: str | None = None
    group: str | None = None
    files: list[str] | None = None  # the others, where each channel has its own


def examine(
    entries: list[Entry],
    *,
    root: Path,
    source: str,
    classes: tuple[str, ...],
    notes: tuple[str, ...] = (),
    reading: Reading = AS_IT_IS,
    channel_names: tuple[str, ...] = (),
) -> Manifest:
    """Read every file once: header, content hash. A file that cannot be read keeps its row, with the reason."""
    schema: dict[str, Any] = {**SCHEMA, **(FILES if channel_names else {})}
    remarks: Counter[str] = Counter()
    blocks = [pl.DataFrame(schema=schema)]
    facts = in_threads(lambda entry: _facts(entry, root, reading), entries)
    # Python's objects of an image take five times the room of its row, so there are never more than a block of them.
    for start in range(0, len(entries), BLOCK):
        rows = []
        for entry, (fact, said) in zip(entries[start : start + BLOCK], facts, strict=False):
            remarks.update(said)
            own = (entry.path, entry.label, entry.split, entry.group, *fact)
            rows.append((*own, entry.files) if channel_names else own)
        blocks.append(pl.DataFrame(rows, schema=schema, orient="row"))
    notes += tuple(f"{count} image{'s' * (count > 1)}: {remark}" for remark, count in remarks.most_common())
    table = _without_contradictions(pl.concat(blocks, rechunk=True))
    return Manifest(table, classes, root, source, notes, channel_names)


def digest_of(table: pl.DataFrame, *, head: str = "", tail: str = "") -> str:
    """The SHA-256 of the table as CSV, between `head` and `tail`; little of it is in memory at a time."""
    digest = hashlib.sha256((head + table.clear().write_csv()).encode())
    for rows in table.iter_slices(BLOCK):
        digest.update(rows.write_csv(include_header=False).encode())
    digest.update(tail.encode())
    return digest.hexdigest()


def _facts(entry: Entry, root: Path, reading: Reading) -> tuple[tuple[int | str | None, ...], tuple[str, ...]]:
    """What the columns of SCHEMA from `width` on say of an image, and what a person should know of it."""
    files = (root / entry.path, *(root / other for other in entry.files or ()))
    try:
        header, sha256 = examine_files(files, project=reading.projection)
    except ImageError as error:
        return (None, None, None, None, None, reason(error, files)), ()
    return (header.width, header.height, header.channels, header.dtype, sha256, ""), header.notes


def _without_contradictions(table: pl.DataFrame) -> pl.DataFrame:
    """Mark images that stand in two classes with the same bytes: nobody knows their label, so none can use them."""
    contradictory = (
        table.filter(pl.col("error") == "")
        .drop_nulls("label")
        .group_by("sha256", "label")
        .agg(pl.col("path").min(), files=pl.len())
        .sort("label")
        .group_by("sha256", maintain_order=True)
        .agg("label", "path", pl.col("files").sum())
        .filter(pl.col("label").list.len() > 1)
    )
    reasons = [_contradiction(*row) for row in contradictory.select("label", "path", "files").iter_rows()]
    contradictory = contradictory.select("sha256", reason=pl.Series(reasons, dtype=pl.String))
    joined = table.join(contradictory, on="sha256", how="left", maintain_order="left")
    return joined.with_columns(error=pl.coalesce("reason", "error")).drop("reason")


def _contradiction(labels: list[str], paths: list[str], files: int) -> str:
    """Every one of the images carries this, so it is short: a few labels, and the first path of each."""
    shown, paths = labels[:SHOWN_LABELS], paths[:SHOWN_LABELS]
    classes = f" and {len(labels) - len(shown)} more" if len(labels) > len(shown) else ""
    copies = f", … ({files:,} files)" if files > len(paths) else ""
    return f"the same image is labelled {' and '.join(shown)}{classes}: {', '.join(paths)}{copies}"


def describe_problems(table: pl.DataFrame, *, limit: int = 20) -> Iterator[str]:
    """A line for each image that could not be used, at most `limit` of them and a count of the rest."""
    for path, error in table.select("path", "error").head(limit).iter_rows():
        yield f"left out {path}: {error}"
    if len(table) > limit:
        yield f"… and {len(table) - limit} more"
