"""Decoded images in, probabilities out, in order: validation, evaluation and prediction all come through here."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.data.preprocessing import Preprocessing
from leadline.runtime.hardware import Hardware

BATCH_SIZE = 256


@dataclass(frozen=True)
class Engine:
    """A network with its preprocessing on some hardware; the network must already be on its device."""

    network: nn.Module
    classes: int
    preprocessing: Preprocessing
    hardware: Hardware
    temperature: float = 1.0  # divides the logits; never changes an answer

    @staticmethod
    def of(classifier: Classifier, hardware: Hardware) -> "Engine":
        """The engine of a trained classifier."""
        network = classifier.network.to(hardware.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return Engine(
            network, len(classifier.classes), classifier.preprocessing, hardware, temperature=classifier.temperature
        )

    def predict(self, batches: Iterable[Decoded]) -> tuple[NDArray[np.float64], list[str]]:
        """Probabilities, (images, classes), and per image why it could not be read ("" where it could).

        The row of an unreadable image is NaN. The network is in evaluation mode while it predicts and then as it was.
        """
        training = self.network.training
        self.network.eval()
        probabilities: list[NDArray[np.float64]] = []
        errors: list[str] = []
        for batch in batches:
            readable = np.array([not error for error in batch.errors], dtype=bool)
            block = np.full((len(readable), self.classes), np.nan)
            if readable.any():
                block[readable] = self._probabilities(batch.pixels)
            probabilities.append(block)
            errors += batch.errors
        self.network.train(training)
        return np.concatenate(probabilities or [np.empty((0, self.classes))]), errors

    @torch.inference_mode()
    def _probabilities(self, pixels: NDArray[np.generic]) -> NDArray[np.float64]:
        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.hardware.device, non_blocking=True)
        with self.hardware.autocast():
            logits = self.network(self.preprocessing.normalise(images))
        return np.asarray((logits.double() / self.temperature).softmax(dim=1).cpu().numpy())
