"""One network trained from several seeds: how far its accuracy moves with the training, and how far with the images."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from leadline.errors import UsageError
from leadline.evaluation.intervals import variance_of_mean
from leadline.evaluation.paired import right_answers
from leadline.evaluation.predictions import Predictions


@dataclass(frozen=True)
class SeedSpread:
    """Accuracies as fractions, and the two reasons why another study would not find them again."""

    accuracy: float  # the mean over the seeds
    accuracies: tuple[float, ...]
    between_seeds: float  # standard deviation of the accuracy on the same images, from seed to seed
    between_images: float | None  # standard error of the mean accuracy over images, or groups; None for one group
    n: int

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "accuracies": list(self.accuracies)}


def seed_spread(predictions: Sequence[Predictions]) -> SeedSpread:
    """From one table per seed, all of the same images. Raises UsageError for fewer than two seeds."""
    if len(predictions) < 2:
        raise UsageError(
            f"{len(predictions)} seed: it takes at least two to see how far training anew moves the accuracy"
        )
    right, groups = right_answers({f"seed {seed}": table for seed, table in enumerate(predictions)})
    accuracies = right.mean(axis=0)
    sampling = variance_of_mean(right.mean(axis=1) - right.mean(), groups)
    return SeedSpread(
        accuracy=float(right.mean()),
        accuracies=tuple(float(accuracy) for accuracy in accuracies),
        between_seeds=float(np.std(accuracies, ddof=1)),
        between_images=math.sqrt(sampling) if math.isfinite(sampling) else None,
        n=len(right),
    )
