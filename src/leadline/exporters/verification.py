"""That an exported model gives the answers of the network that it was made of: measured on real images, or refused."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.errors import LeadlineError
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.results.export_record import ExportVerification

BATCH_SIZES = (1, 2, 7)
# A multiple of all batch sizes.
IMAGES = 28
# The largest difference of a probability that is let through: below what three decimals show.
LIMIT = 1e-3

Run = Callable[[NDArray[np.float32]], NDArray[np.floating]]  # images (batch, channels, size, size) → probabilities


@dataclass(frozen=True)
class Samples:
    """Real images as the network takes them, (images, size, size, channels) in their own type, and its answers."""

    pixels: NDArray[np.generic]
    probabilities: NDArray[np.float64]

    @staticmethod
    def of(classifier: Classifier, pixels: NDArray[np.generic]) -> "Samples":
        """With the answers of the one prediction path in single precision, which is that of exported models."""
        single = hardware(device="cpu", precision="fp32")
        probabilities, _ = Engine.of(classifier, single).predict([Decoded(pixels, [""] * len(pixels))])
        return Samples(pixels, probabilities)

    @property
    def images(self) -> NDArray[np.float32]:
        """As exported models take them."""
        return np.ascontiguousarray(self.pixels.transpose(0, 3, 1, 2).astype(np.float32))


def verify(run: Run, samples: Samples, *, format: str) -> ExportVerification:
    """What `run` gives for the samples, in batches of each of BATCH_SIZES, against what the network gives.

    LeadlineError where a probability differs by more than LIMIT, so nothing is exported that answers otherwise.
    """
    largest, equal = 0.0, []
    rows = np.resize(np.arange(len(samples.pixels)), IMAGES)
    images, expected = samples.images[rows], samples.probabilities[rows]
    for size in BATCH_SIZES:
        given = np.concatenate([run(images[start : start + size]) for start in range(0, IMAGES, size)])
        difference = np.abs(given - expected).max()
        largest = max(largest, float(difference) if np.isfinite(difference) else np.inf)
        equal.append(given.argmax(axis=1) == expected.argmax(axis=1))
    verification = ExportVerification(
        images=len(samples.pixels),
        batch_sizes=BATCH_SIZES,
        largest_difference=largest,
        equal_answers=float(np.mean(equal)),
        limit=LIMIT,
    )
    if largest > LIMIT:
        raise LeadlineError(
            f"{format}: a probability differs by {largest:.2g} from the network's own on images of the run, and at "
            f"most {LIMIT:g} is let through; nothing was written. Another version of its runtime may do better"
        )
    return verification
