"""Whether a compiled network may take PyTorch's place: tried on images of the classifier's run, and kept beside it.

As good as all answers must be equal. A network in 8-bit integers gives other answers to some images, so of it must be
shown that it costs next to no accuracy.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Protocol

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from leadline.classifier import Classifier
from leadline.data.channel_files import Files
from leadline.data.loader import Decoded, files
from leadline.errors import LeadlineError
from leadline.evaluation.paired import difference
from leadline.evaluation.predictions import Predictions
from leadline.inference.compiled import Compiled, compile_once, compiled_in, quantize_once
from leadline.inference.engine import Engine
from leadline.inference.runtimes import Precision, Runtime, refuse_missing
from leadline.writing import in_one_piece

EQUAL = 0.995  # of the answers at least
IMAGES = 256  # that are compared at most
FEWEST = 30
# What 8-bit integers may cost of the accuracy, with 95 % confidence, on so many validation images at most.
MARGIN, CONFIDENCE, JUDGED = 0.01, 0.95, 2_000
CALIBRATED = 300  # training images, from which the ranges of 8-bit integers are taken
TOGETHER = 64  # images that the engines compute in turn


@dataclass(frozen=True)
class Labelled:
    """Images and what they show, and of which patient or plate they are."""

    files: list[Files]
    labels: list[str]
    groups: list[str | None]

    def of(self, rows: Iterable[int]) -> "Labelled":
        """Some of them."""
        rows = list(rows)
        return Labelled(*([values[row] for row in rows] for values in (self.files, self.labels, self.groups)))  # type: ignore[arg-type]

    def there(self, most: int) -> "Labelled":
        """The first ones that still lie where they did."""
        rows = (row for row, image in enumerate(self.files) if all(file.is_file() for file in image))
        return self.of(islice(rows, most))


class Reference(Protocol):
    """The run that a classifier comes from."""

    def labelled(self, *splits: str) -> Labelled:
        """Its images in these splits, the first split's first, and in each the classes in turn."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How a compiled network compares with PyTorch on images of the run."""

    engine: str
    precision: str
    images: int
    equal: float  # share of the images with the same answer
    largest_difference: float  # of a probability
    speed: float  # times PyTorch's, on this machine
    loss_bound: float | None = None  # of accuracy, with 95 % confidence; of 8-bit integers only

    @property
    def doubt(self) -> str:
        """Why it is not believed; "" where it is."""
        name = f"{self.engine} in {self.precision}"
        if self.loss_bound is None and self.equal < EQUAL:
            return (
                f"{name}: gives only {self.equal:.1%} of {self.images} images the answer that PyTorch gives, and "
                f"{EQUAL:.1%} are asked for"
            )
        if self.loss_bound is not None and self.loss_bound > MARGIN:
            return (
                f"{name}: by {self.images} validation images its accuracy may be {100 * self.loss_bound:.1f} points "
                f"below PyTorch's, and {100 * MARGIN:g} is allowed"
            )
        return ""

    def in_words(self) -> str:
        lost = "" if self.loss_bound is None else (
            f"; its accuracy is at most {100 * self.loss_bound:.1f} points lower ({CONFIDENCE:.0%} confidence)"
        )  # fmt: skip
        return (
            f"{self.engine} in {self.precision}, {self.speed:.1f} times as fast as PyTorch; on {self.images} images of "
            f"the run {self.equal:.1%} of the answers are the same, and probabilities differ by "
            f"{self.largest_difference:.2g} at most{lost}"
        )


@dataclass(frozen=True)
class Trial:
    """A classifier that PyTorch computes, and what other engines of it are tried on."""

    classifier: Classifier
    folder: Path  # the classifier's
    plain: Engine
    reference: Reference

    def known(self, runtime: Runtime, precision: Precision) -> Verified | None:
        """What an earlier trial found."""
        try:
            return msgspec.json.decode(self._file(runtime, precision).read_bytes(), type=Verified)
        except (OSError, msgspec.DecodeError):
            return None

    def passed(self, runtime: Runtime, precision: Precision) -> tuple[Compiled, Verified]:
        """The compiled network; LeadlineError where it cannot be made, or is not believed."""
        refuse_missing(runtime, precision)
        verified = self.known(runtime, precision)
        images = None if verified else self._images(runtime, precision)  # before anything is compiled
        file = compile_once(self.folder, runtime)
        if precision == "int8":
            file = quantize_once(file, self._calibration)
        compiled = Compiled.load(file, runtime, precision)
        if images:
            verified = self._compare(compiled, images)
            with in_one_piece(self._file(runtime, precision), shared=True) as temporary:
                temporary.write_bytes(msgspec.json.encode(verified))
        assert verified
        if verified.doubt:
            raise LeadlineError(verified.doubt)
        return compiled, verified

    def _file(self, runtime: Runtime, precision: Precision) -> Path:
        return compiled_in(self.folder, runtime) / f"verified-{precision}.json"

    def _images(self, runtime: Runtime, precision: Precision) -> Labelled:
        splits, most = (("validation",), JUDGED) if precision == "int8" else (("validation", "train"), IMAGES)
        images = self.reference.labelled(*splits).there(most)
        refuse_few(runtime, len(images.files))
        return images

    def _calibration(self) -> NDArray[np.float32]:
        """Normalised training images, (images, channels, height, width)."""
        how = self.plain.preprocessing
        batches = files(self.reference.labelled("train").there(CALIBRATED).files, how, batch_size=TOGETHER)
        normalised = [how.normalise(torch.from_numpy(batch.pixels)) for batch in batches if len(batch.pixels)]
        if not normalised:
            raise LeadlineError("int8: none of the run's training images can be read")
        return np.ascontiguousarray(torch.cat(normalised).numpy())

    def _compare(self, compiled: Compiled, images: Labelled) -> Verified:
        batches = list(files(images.files, self.plain.preprocessing, batch_size=TOGETHER))
        readable = np.array([not error for batch in batches for error in batch.errors], dtype=bool)
        refuse_few(compiled.runtime, int(readable.sum()))
        known, found, speed = _side_by_side(self.plain, replace(self.plain, compiled=compiled), batches)
        known, found = known[readable], found[readable]
        loss_bound = None
        if compiled.precision == "int8":
            judged = images.of(np.flatnonzero(readable))
            tables = (
                Predictions.from_arrays(
                    paths=[str(number) for number in range(len(judged.files))],
                    probabilities=probabilities,
                    classes=self.classifier.classes,
                    labels=judged.labels,
                    groups=judged.groups,
                )
                for probabilities in (known, found)
            )
            loss_bound = difference(*tables, confidence=2 * CONFIDENCE - 1).high  # one-sided
        return Verified(
            engine=compiled.runtime,
            precision=compiled.precision,
            images=len(found),
            equal=float((found.argmax(axis=1) == known.argmax(axis=1)).mean()),
            largest_difference=float(np.abs(found - known).max()),
            speed=speed,
            loss_bound=loss_bound,
        )


def refuse_few(runtime: Runtime, images: int) -> None:
    if images < FEWEST:
        raise LeadlineError(
            f"{runtime}: cannot be verified, which takes {FEWEST} of the images that the run was made with, "
            f"and {images} can be read"
        )


def _side_by_side(
    plain: Engine, other: Engine, batches: Sequence[Decoded]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The probabilities that each gives, and how many times as fast as the first the other is: the median over batches
    that both compute in turn, since other programs disturb some of them."""
    known, found, ratios = [], [], []
    for turn, batch in enumerate([batches[0], *batches]):  # the first time warms up
        started = time.perf_counter()
        of_plain, _ = plain.predict([batch])
        between = time.perf_counter()
        of_other, _ = other.predict([batch])
        ended = time.perf_counter()
        if turn:
            known.append(of_plain)
            found.append(of_other)
            ratios.append((between - started) / (ended - between))
    return np.concatenate(known), np.concatenate(found), median(ratios)
