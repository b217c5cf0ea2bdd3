"""The manifest: a row per image, made once from a data source, saved with every run and used by all after."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from leadline.data.image import ImageError, read_header
from leadline.errors import LeadlineError

SCHEMA = {
    "path": pl.String,  # relative to the root, with forward slashes
    "label": pl.String,
    "split": pl.String,  # "train", "validation", "test", or null before the split is made
    "group": pl.String,  # patient, plate, slide …; null where none is known
    "width": pl.Int32,  # pixels
    "height": pl.Int32,
    "channels": pl.Int32,
    "dtype": pl.String,
    "sha256": pl.String,  # of the file's bytes
    "error": pl.String,  # why the image cannot be used; empty where it can
}
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Manifest:
    """Every image of a data source, and the ordered classes."""

    table: pl.DataFrame  # the columns of SCHEMA
    classes: tuple[str, ...]
    root: Path
    source: str  # what the person named: a folder, a table, a built-in data set
    notes: tuple[str, ...] = ()  # what a person should know about how the source was read

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
        return hashlib.sha256(self.table.select(columns).write_csv().encode()).hexdigest()

    def paths(self, table: pl.DataFrame | None = None) -> list[Path]:
        """Absolute paths of the images of `table` (default: all of them)."""
        return [self.root / path for path in (self.table if table is None else table)["path"]]

    def with_table(self, table: pl.DataFrame) -> "Manifest":
        return replace(self, table=table)

    def write(self, file: Path) -> None:
        """Write as Parquet; classes, root and source travel in the file's metadata."""
        metadata = {
            "classes": "\n".join(self.classes),
            "root": str(self.root),
            "source": self.source,
            "notes": "\n".join(self.notes),
        }
        temporary = file.with_name(file.name + ".new")
        self.table.write_parquet(temporary, metadata=metadata)
        temporary.replace(file)

    @staticmethod
    def read(file: Path) -> "Manifest":
        """Read what `write` wrote; LeadlineError when the file is missing or is no manifest."""
        try:
            metadata = pl.read_parquet_metadata(file)
            table = pl.read_parquet(file)
            return Manifest(
                table.select(list(SCHEMA)),
                classes=tuple(metadata["classes"].split("\n")),
                root=Path(metadata["root"]),
                source=metadata["source"],
                notes=tuple(filter(None, metadata["notes"].split("\n"))),
            )
        except FileNotFoundError:
            raise LeadlineError(f"{file}: the manifest is missing; train again into a new folder") from None
        except (pl.exceptions.PolarsError, KeyError, OSError) as error:
            raise LeadlineError(f"{file}: is not a readable manifest ({error})") from error


@dataclass(frozen=True)
class Entry:
    """What a data source says of one image, before its file was opened."""

    path: str
    label: str | None
    split: str | None = None
    group: str | None = None


def examine(
    entries: list[Entry], *, root: Path, source: str, classes: tuple[str, ...], notes: tuple[str, ...] = ()
) -> Manifest:
    """Read every file once: header, content hash. A file that cannot be read keeps its row, with the reason."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        facts = list(pool.map(lambda entry: _facts(root / entry.path), entries, chunksize=64))
    remarks = Counter(remark for fact in facts for remark in fact.pop("notes", ()))
    notes += tuple(f"{count} image{'s' * (count > 1)}: {remark}" for remark, count in remarks.most_common())
    rows = [{**vars(entry), **fact} for entry, fact in zip(entries, facts, strict=True)]
    return Manifest(_without_contradictions(pl.DataFrame(rows, schema=SCHEMA)), classes, root, source, notes)


def _facts(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
        header = read_header(file, content=content)
    except (ImageError, OSError) as error:
        reason = str(error).removeprefix(f"{file}: ")
        return {"error": "no such file" if isinstance(error, FileNotFoundError) else reason or "cannot be read"}
    return {
        "width": header.width,
        "height": header.height,
        "channels": header.channels,
        "dtype": header.dtype,
        "sha256": hashlib.sha256(content).hexdigest(),
        "notes": header.notes,
        "error": "",
    }


def _without_contradictions(table: pl.DataFrame) -> pl.DataFrame:
    """Mark images that stand in two classes with the same bytes: nobody knows their label, so none can use them."""
    contradictory = (
        table.filter(pl.col("error") == "")
        .group_by("sha256")
        .agg(pl.col("label").unique().sort(), pl.col("path").sort())
        .filter(pl.col("label").list.len() > 1)
        .select(
            "sha256",
            reason=pl.lit("the same image is labelled ")
            + pl.col("label").list.join(" and ")
            + pl.lit(": ")
            + pl.col("path").list.join(", "),
        )
    )
    joined = table.join(contradictory, on="sha256", how="left", maintain_order="left")
    return joined.with_columns(error=pl.coalesce("reason", "error")).drop("reason")


def describe_problems(table: pl.DataFrame, *, limit: int = 20) -> Iterator[str]:
    """A line for each image that could not be used, at most `limit` of them and a count of the rest."""
    for path, error in table.select("path", "error").head(limit).iter_rows():
        yield f"left out {path}: {error}"
    if len(table) > limit:
        yield f"… and {len(table) - limit} more"
