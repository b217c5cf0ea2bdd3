"""One network trained from several seeds: how far its accuracy moves with the training, and how far with the images."""

import math
from collections.abc import Sequence

import numpy as np

from leadline.errors import UsageError
from leadline.evaluation.intervals import variance_of_mean
from leadline.evaluation.paired import right_answers
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import SeedSpread


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
