"""Decoded images in, probabilities out, in order: validation, evaluation and prediction all come through here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.data.preprocessing import Preprocessing
from leadline.data.views import Viewed
from leadline.evaluation.novelty import Novelty, statistics_of
from leadline.inference.hardware import Hardware
from leadline.zoo.last_layer import features_seen

Floats = NDArray[np.float32]

BATCH_SIZE = 256
# Views of the working size that go through the network together, or as many pixels in larger ones.
VIEWS_TOGETHER = 64


@dataclass(frozen=True)
class Answers:
    """What an engine says of images, a row each, in their order."""

    probabilities: NDArray[np.float64]  # (images, classes); NaN where an image could not be read
    errors: list[str]  # why it could not be read; "" where it could
    novelty: NDArray[np.float64]  # above 1: unlike the training images; NaN where that is not known
    unlike: list[str]  # why; "" where it is like them

    @staticmethod
    def joined(parts: "Sequence[Answers]") -> "Answers":
        """The answers for the images of all parts, in their order."""
        return Answers(
            np.concatenate([part.probabilities for part in parts]),
            [error for part in parts for error in part.errors],
            np.concatenate([part.novelty for part in parts]),
            [why for part in parts for why in part.unlike],
        )


@dataclass(frozen=True)
class Engine:
    """A network with its preprocessing on some hardware; the network must already be on its device."""

    network: nn.Module
    classes: int
    preprocessing: Preprocessing
    hardware: Hardware
    temperature: float = 1.0  # divides the logits; never changes an answer
    compiled: Callable[[Floats], tuple[Floats, Floats]] | None = None  # computes logits and features in its place
    novelty: Novelty | None = None  # tells images apart that are unlike the training images

    @staticmethod
    def of(classifier: Classifier, hardware: Hardware) -> "Engine":
        """The engine of a trained classifier."""
        network = classifier.network.to(hardware.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Engine(
            network, len(classifier.classes), classifier.preprocessing, hardware, temperature=classifier.temperature
        )

    def predict(self, batches: Iterable[Decoded | Viewed]) -> tuple[NDArray[np.float64], list[str]]:
        """The probabilities and errors of `answers`."""
        found = replace(self, novelty=None).answers(batches)
        return found.probabilities, found.errors

    def answers(self, batches: Iterable[Decoded | Viewed]) -> Answers:
        """Where an image comes in several views, its protocol's mean of them is taken, and novelty is not known. The
        network is in evaluation mode while it predicts, and then each part as it was, whatever was raised."""
        with self._evaluating():
            parts = [self._answers_of(batch) for batch in batches]
        nothing = Answers(np.empty((0, self.classes)), [], np.empty(0), [])
        return Answers.joined([nothing, *parts])

    def _answers_of(self, batch: Decoded | Viewed) -> Answers:
        readable = np.array([not error for error in batch.errors], dtype=bool)
        answers = Answers(
            np.full((len(readable), self.classes), np.nan), batch.errors, np.full(len(readable), np.nan),
            [""] * len(readable),
        )  # fmt: skip
        if not readable.any():
            pass
        elif isinstance(batch, Viewed):
            answers.probabilities[readable] = self._averaged(batch)
        elif self.novelty is None:
            answers.probabilities[readable] = self._softmax(self.outputs(batch.pixels))
        else:
            logits, features = self._outputs_and_features(batch.pixels)
            answers.probabilities[readable] = self._softmax(logits)
            statistics = self._statistics(batch.pixels)
            scores = self.novelty.scores(features, statistics)
            answers.novelty[readable] = scores.max(axis=1)
            rows = np.flatnonzero(readable)
            for number in np.flatnonzero(scores.max(axis=1) > 1):
                answers.unlike[rows[number]] = self.novelty.reason(
                    scores[number], statistics[number], names=self.preprocessing.names
                )
        return answers

    def features(self, batches: Iterable[Decoded]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of the images that can be read: what the last layer is given, (images, width), and what there is of light and
        contrast, (images, statistics)."""
        found = []
        with self._evaluating():
            for batch in batches:
                if len(batch.pixels):
                    found.append((self._outputs_and_features(batch.pixels)[1], self._statistics(batch.pixels)))
        features, statistics = zip(*found, strict=True) if found else ([np.empty((0, 1))], [np.empty((0, 2))])
        return np.concatenate(features), np.concatenate(statistics)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        modes = [(module, module.training) for module in self.network.modules()]
        self.network.eval()
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training

    def _statistics(self, pixels: NDArray[np.generic]) -> NDArray[np.float64]:
        return statistics_of(pixels, full=self.preprocessing.full_range)

    @torch.inference_mode()
    def _outputs_and_features(self, pixels: NDArray[np.generic]) -> tuple[torch.Tensor, NDArray[np.float64]]:
        if self.compiled:
            logits, features = self.compiled(self._normalised(pixels).contiguous().numpy())
            return torch.from_numpy(logits).double(), features.astype(np.float64)
        with features_seen(self.network) as seen:
            outputs = self.outputs(pixels)
        (kept,) = seen
        return outputs, kept.double().cpu().numpy()

    def _normalised(self, pixels: NDArray[np.generic]) -> torch.Tensor:
        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.hardware.device, non_blocking=True)
        return self.preprocessing.normalise(images)

    def _softmax(self, logits: torch.Tensor) -> NDArray[np.float64]:
        return np.asarray((logits / self.temperature).softmax(dim=1).numpy())

    @torch.inference_mode()
    def outputs(self, pixels: NDArray[np.generic]) -> torch.Tensor:
        """(images, classes) of (images, height, width, channels): what the network gives, in double precision."""
        images = self._normalised(pixels)
        if self.compiled:
            return torch.from_numpy(self.compiled(images.contiguous().numpy())[0]).double()
        with self.hardware.autocast():
            logits: torch.Tensor = self.network(images)
        return logits.cpu().double()

    def _averaged(self, batch: Viewed) -> NDArray[np.float64]:
        """Probabilities (readable images, classes): the mean over each image's views, views of one shape together."""
        logits = torch.empty((len(batch.views), self.classes), dtype=torch.float64)
        of_shape: dict[tuple[int, ...], list[int]] = {}
        for number, view in enumerate(batch.views):
            of_shape.setdefault(view.shape, []).append(number)
        for (height, width, _), numbers in of_shape.items():
            together = max(1, VIEWS_TOGETHER * self.preprocessing.size**2 // (height * width))
            for start in range(0, len(numbers), together):
                part = numbers[start : start + together]
                logits[part] = self.outputs(np.stack([batch.views[number] for number in part]))
        by_logits = batch.protocol.averaged == "logits"
        values = logits.numpy() if by_logits else self._softmax(logits)
        sums = np.zeros((int(batch.owners.max()) + 1, self.classes))
        np.add.at(sums, batch.owners, values)
        means = sums / np.bincount(batch.owners)[:, None]
        return self._softmax(torch.from_numpy(means)) if by_logits else means
