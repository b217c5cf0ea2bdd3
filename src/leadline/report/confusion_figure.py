"""Which class is taken for which: a table while it can be read, beyond that a picture and the worst pairs."""

from base64 import b64encode
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from leadline.drawing.palette import BEYOND, WITHIN, Colour
from leadline.evaluation.records import SplitMetrics

READABLE = 12  # classes
WORST_PAIRS = 15

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    images: int
    share: float  # of the images of the row's class
    right: bool

    @property
    def strength(self) -> float:
        """Of its colour; mistakes are few, so theirs rises faster."""
        return round(self.share if self.right else self.share**0.5, 3)


@dataclass(frozen=True)
class Pair:
    label: str
    predicted: str
    images: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """`rows` up to READABLE classes, `picture` (a data URI) and `worst` beyond."""

    classes: tuple[str, ...]
    images: int
    mistakes: int
    rows: tuple[tuple[Cell, ...], ...] = ()
    picture: str = ""
    worst: tuple[Pair, ...] = ()


def confusion_of(metrics: SplitMetrics) -> Confusion | None:
    """From the metrics of one split; None where they hold no matrix."""
    if not metrics.confusion_matrix or not metrics.classes:
        return None
    counts: Integers = np.array(metrics.confusion_matrix, dtype=np.int64)
    classes = metrics.classes
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    confusion = Confusion(classes, images=int(counts.sum()), mistakes=int(counts.sum() - counts.trace()))
    if len(classes) > READABLE:
        return replace(confusion, picture=_picture(shares), worst=_worst(counts, shares, classes))
    rows = tuple(
        tuple(Cell(int(counts[i, j]), float(shares[i, j]), i == j) for j in range(len(classes)))
        for i in range(len(classes))
    )
    return replace(confusion, rows=rows)


def _worst(counts: Integers, shares: Floats, classes: tuple[str, ...]) -> tuple[Pair, ...]:
    off_diagonal = counts.copy()
    np.fill_diagonal(off_diagonal, 0)
    order = np.argsort(-off_diagonal, axis=None, kind="stable")[:WORST_PAIRS]
    pairs = [np.unravel_index(position, counts.shape) for position in order]
    return tuple(
        Pair(classes[i], classes[j], int(counts[i, j]), float(shares[i, j])) for i, j in pairs if off_diagonal[i, j]
    )


def _picture(shares: Floats) -> str:
    """A PNG with a pixel per cell, transparent where nothing is, so that it suits a light page and a dark one."""
    right = np.eye(len(shares), dtype=bool)
    strength = np.where(right, shares, np.sqrt(shares))
    colours = np.where(right[..., None], _rgb(WITHIN), _rgb(BEYOND))
    pixels = np.concatenate([colours, (255 * strength[..., None]).round()], axis=-1).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"


def _rgb(colour: Colour) -> Integers:
    return np.array([int(colour.light[i : i + 2], 16) for i in (1, 3, 5)])
