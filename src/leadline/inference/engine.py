"""Decoded images in, probabilities out, in order: validation, evaluation and prediction all come through here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.data.preprocessing import Preprocessing
from leadline.data.views import Viewed
from leadline.inference.hardware import Hardware

BATCH_SIZE = 256
# Views of the working size that go through the network together, or as many pixels in larger ones.
VIEWS_TOGETHER = 64


@dataclass(frozen=True)
class Engine:
    """A network with its preprocessing on some hardware; the network must already be on its device."""

    network: nn.Module
    classes: int
    preprocessing: Preprocessing
    hardware: Hardware
    temperature: float = 1.0  # divides the logits; never changes an answer
    compiled: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None  # computes the logits in its place

    @staticmethod
    def of(classifier: Classifier, hardware: Hardware) -> "Engine":
        """The engine of a trained classifier."""
        network = classifier.network.to(hardware.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Engine(
            network, len(classifier.classes), classifier.preprocessing, hardware, temperature=classifier.temperature
        )

    def predict(self, batches: Iterable[Decoded | Viewed]) -> tuple[NDArray[np.float64], list[str]]:
        """Probabilities, (images, classes), and per image why it could not be read ("" where it could).

        The row of an unreadable image is NaN. Where an image comes in several views, its protocol's mean of them is
        taken. The network is in evaluation mode while it predicts, and then each part as it was, whatever was raised.
        """
        modes = [(module, module.training) for module in self.network.modules()]
        self.network.eval()
        probabilities: list[NDArray[np.float64]] = []
        errors: list[str] = []
        try:
            for batch in batches:
                readable = np.array([not error for error in batch.errors], dtype=bool)
                block = np.full((len(readable), self.classes), np.nan)
                if readable.any():
                    block[readable] = (
                        self._averaged(batch)
                        if isinstance(batch, Viewed)
                        else self._softmax(self.outputs(batch.pixels))
                    )
                probabilities.append(block)
                errors += batch.errors
        finally:
            for module, training in modes:
                module.training = training
        return np.concatenate(probabilities or [np.empty((0, self.classes))]), errors

    def _softmax(self, logits: torch.Tensor) -> NDArray[np.float64]:
        return np.asarray((logits / self.temperature).softmax(dim=1).numpy())

    @torch.inference_mode()
    def outputs(self, pixels: NDArray[np.generic]) -> torch.Tensor:
        """(images, classes) of (images, height, width, channels): what the network gives, in double precision."""
        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.hardware.device, non_blocking=True)
        if self.compiled:
            return torch.from_numpy(self.compiled(self.preprocessing.normalise(images).contiguous().numpy())).double()
        with self.hardware.autocast():
            logits: torch.Tensor = self.network(self.preprocessing.normalise(images))
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
