"""A table of predictions that is written while it grows, so that it need not fit in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from leadline.evaluation.predictions import Predictions
from leadline.writing import in_one_piece


class GrowingTable:
    """Takes one part of the table after another; all parts must have the same columns."""

    def __init__(self, file: Path, suffix: str) -> None:
        self._suffix = suffix
        self._file = None if suffix == ".parquet" else file.open("wb")
        self._path = file
        self._parquet: Any = None  # pyarrow's writer

    def add(self, part: Predictions) -> None:
        table = part.table
        if self._file is None:
            import pyarrow.parquet

            arrow = table.to_arrow()
            self._parquet = self._parquet or pyarrow.parquet.ParquetWriter(self._path, arrow.schema)
            self._parquet.write_table(arrow)
        elif self._suffix == ".jsonl":
            table.write_ndjson(self._file)
        else:
            separator = "\t" if self._suffix == ".tsv" else ","
            table.write_csv(self._file, separator=separator, include_header=not self._file.tell())

    def close(self) -> None:
        for opened in (self._file, self._parquet):
            if opened is not None:
                opened.close()


@contextmanager
def growing_table(path: Path) -> Iterator[GrowingTable]:
    """A table that lies at `path`, its format by the suffix, once it is complete; nothing is left where it is not."""
    with in_one_piece(path) as temporary:
        table = GrowingTable(temporary, path.suffix.lower())
        try:
            yield table
        finally:
            table.close()


def joined(parts: list[Predictions], classes: tuple[str, ...]) -> Predictions:
    """All parts as one table in memory."""
    if not parts:
        return Predictions.from_arrays(paths=[], probabilities=[], classes=classes)
    return Predictions(pl.concat([part.table for part in parts]), classes)
