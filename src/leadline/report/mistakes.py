"""The most confident mistakes: the images in which a network errs most surely, or in which the label does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import polars as pl

from leadline.drawing.screen import SMALL_SIDE, data_uri, visible
from leadline.errors import LeadlineError
from leadline.report.run_tables import Network, RunTables

SHOWN = 24
# A thumbnail's longer side in pixels: the page shows 132, and screens have two or three pixels for each of those.
LARGEST_SIDE = 264


@dataclass(frozen=True)
class Thumbnail:
    """An image as a page shows it."""

    uri: str = ""  # a data URI; empty where the image could not be read
    enlarged: bool = False  # so small that its pixels are to be seen
    changed: str = ""  # what was done to its intensities or channels to show it


@dataclass(frozen=True)
class Mistake:
    path: str
    label: str
    predicted: str
    probability: float
    thumbnail: Thumbnail


@dataclass(frozen=True)
class Gallery:
    mistakes: tuple[Mistake, ...]
    total: int  # of all mistakes, shown or not
    images: int

    @property
    def changes(self) -> tuple[str, ...]:
        return changes_of(mistake.thumbnail for mistake in self.mistakes)


def most_confident_mistakes(network: Network) -> Gallery | None:
    """Of the test images, surest first; None where there are no predictions of test images."""
    tables = network.tables
    if tables.predictions is None:
        return None
    try:
        table = tables.predictions.of_split(network.judged_split).readable.labelled.table
    except LeadlineError:
        return None
    wrong = table.filter(pl.col("predicted") != pl.col("label"))
    surest = wrong.sort(["probability", "path"], descending=[True, False]).head(SHOWN)
    rows = surest.select("path", "label", "predicted", "probability")
    mistakes = tuple(
        Mistake(path, label, predicted, probability, thumbnail_of(path, tables))
        for path, label, predicted, probability in rows.iter_rows()
    )
    return Gallery(mistakes, len(wrong), len(table))


def changes_of(thumbnails: Iterable[Thumbnail]) -> tuple[str, ...]:
    """What was done to show these images, each said once."""
    return tuple(dict.fromkeys(shown.changed for shown in thumbnails if shown.changed))


def thumbnail_of(path: str, tables: RunTables) -> Thumbnail:
    """An image of the run's data for a page; an empty one where it cannot be read."""
    try:
        pixels = _read(path, tables)
    except (LeadlineError, OSError, IndexError):
        return Thumbnail()
    small = max(pixels.shape[1:]) <= SMALL_SIDE
    shown, changed = visible(pixels)
    return Thumbnail(data_uri(shown, small=small, largest_side=LARGEST_SIDE), small, changed)


def _read(path: str, tables: RunTables) -> npt.NDArray[Any]:
    """The pixels as the network was shown them, at their full size: its channels, a stack projected."""
    from leadline.data.channel_files import read_files
    from leadline.data.reading import AS_IT_IS

    if tables.data_root is None:
        raise FileNotFoundError(path)
    reading = tables.recipe.reading if tables.recipe else AS_IT_IS
    if path in tables.channel_files:
        return read_files(
            tuple(tables.data_root / file for file in tables.channel_files[path]), project=reading.projection
        )
    pixels = read_files((tables.data_root / path,), project=reading.projection)
    return pixels[list(reading.numbers)] if reading.numbers else pixels
