"""Images with their answers and maps: one object that `explain`, the report and the server draw from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leadline.classifier import Classifier
from leadline.data.channel_files import Files
from leadline.data.loader import Decoded, files
from leadline.data.preprocessing import Preprocessing
from leadline.drawing.screen import SMALL_SIDE, overlaid, visible
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.saliency.maps import Floats, Method, maps_of, method_of, on_the_image

TOGETHER = 16
# Smaller images are enlarged so far, pixel by pixel, for a map to be seen on them.
LEAST_SIDE = 256


@dataclass(frozen=True)
class Explained:
    """An image, what the classifier answers, and the map of one class."""

    image: Files
    probabilities: Floats  # (classes,), as `predict` gives them
    of_class: int  # which the map is of
    values: Floats  # (rows, columns): what speaks for the class (positive) or against it, in logits with CAM
    logit: float  # of the class
    bias: float  # what the logit has beside the map's sum; NaN with Grad-CAM
    method: Method
    error: str = ""  # why the image could not be read; then there is nothing else

    @property
    def strongest(self) -> float:
        return float(np.abs(self.values).max(initial=0.0))


def explained(classifier: Classifier, images: Sequence[Files], *, of_class: int | None = None) -> Iterator[Explained]:
    """Each image with its map, in order: of the class that it is predicted as, or of `of_class`."""
    engine = Engine.of(classifier, hardware())
    start = 0
    for batch in files(images, classifier.preprocessing, batch_size=TOGETHER):
        yield from _of_batch(engine, images[start : start + len(batch.errors)], batch, of_class)
        start += len(batch.errors)


def _of_batch(engine: Engine, images: Sequence[Files], batch: Decoded, of_class: int | None) -> Iterator[Explained]:
    probabilities, errors = engine.predict([batch])
    answers = np.nan_to_num(probabilities[[not error for error in errors]]).argmax(axis=1)
    classes = answers if of_class is None else np.full(len(answers), of_class)
    maps = maps_of(engine.network, engine.preprocessing, batch.pixels, classes=classes) if len(classes) else None
    method = method_of(engine.network)
    number = 0
    for image, row, error in zip(images, probabilities, errors, strict=True):
        if error or maps is None:
            yield Explained(image, row, -1, np.empty((0, 0)), np.nan, np.nan, method, error)
            continue
        own = int(classes[number])
        logit, bias = float(maps.logits[number, own]), float(maps.bias[number])
        yield Explained(image, row, own, maps.values[number], logit, bias, method)
        number += 1


def drawn(found: Explained, preprocessing: Preprocessing, *, strongest: float) -> tuple[NDArray[np.uint8], Floats]:
    """The map over the image, (height, width, 3), and the map alone, (height, width), on the pixels of the original.
    A small image is enlarged in the first. ImageError where it cannot be read any more."""
    pixels = np.moveaxis(preprocessing.read(found.image, whole=2**31), -1, 0)
    shown, _ = visible(pixels)
    values = on_the_image(found.values, *shown.shape[:2])
    factor = -(-LEAST_SIDE // max(shown.shape[:2])) if max(shown.shape[:2]) <= SMALL_SIDE else 1
    large = np.repeat(np.repeat(shown, factor, axis=0), factor, axis=1)
    over = values if factor == 1 else on_the_image(found.values, *large.shape[:2])
    return overlaid(large, over, strongest), values


def one_scale(found: Sequence[Explained]) -> list[float]:
    """The strongest value of each image's colour scale: one for all with CAM, whose values are logits; each image's own
    with Grad-CAM, whose values cannot be compared between images."""
    own = [one.strongest for one in found]
    exact = any(one.method == "CAM" for one in found)
    return [max(own, default=0.0)] * len(own) if exact else own


def file_name(number: int, image: Path) -> str:
    """A file's name for the map of an image, without a suffix: its number, and of its own name what every system can
    have."""
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in image.stem)
    return f"{number:05d}-{kept[:60]}"
