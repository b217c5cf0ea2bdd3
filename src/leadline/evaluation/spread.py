"""How far an accuracy moves from one training to the next, pooled over the networks of a comparison."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leadline.evaluation.contestant import Evidence

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The standard deviation of one training's accuracy, where there is a single training of each network to judge by.
ASSUMED = 0.005


@dataclass(frozen=True)
class Spread:
    """The variance of one training's accuracy, with the degrees of freedom of its estimate.

    The estimate has no bias, so it is below nothing where trainings happen to differ less than their images explain.
    """

    variance: float
    degrees: float
    assumed: bool

    @property
    def sigma(self) -> float:
        """The standard deviation."""
        return math.sqrt(max(0.0, self.variance))


def spread_of_trainings(evidence: Evidence) -> Spread:
    """From what the trainings of a network differ in beyond what their images explain; docs/evaluation-derivations.md.

    What an image, a fold or a seed has in common for all networks is taken off first: D = r − mean over networks. Then
    σ² is the variance of the trainings' means less that of means of as many images, times K/(K − 1) for K networks.
    """
    networks = len(evidence.correct)
    if networks < 2 or int(evidence.trainings.max()) == 0:
        return Spread(ASSUMED**2, math.inf, assumed=True)
    excess = evidence.correct - evidence.correct.mean(axis=0)
    by_stratum = np.zeros((int(evidence.strata.max()) + 1, evidence.images))
    by_stratum[evidence.strata, np.arange(evidence.images)] = 1
    centres = np.einsum("si,kir->ksr", by_stratum / by_stratum.sum(axis=1, keepdims=True), excess)
    excess = excess - centres.mean(axis=2)[:, evidence.strata, None]
    # Of repeats that are one training each the images are the same, and their difficulty is taken off too.
    repeats = evidence.trainings.shape[1]
    seeds = all(len(np.unique(column)) == 1 for column in evidence.trainings.T)
    if seeds:
        excess = excess - excess.mean(axis=2, keepdims=True)
        means, sampling = _means(excess, evidence)
        variances, samplings = means.var(axis=1, ddof=1), sampling.mean(axis=1) * repeats / (repeats - 1)
        degrees = repeats - 1
    else:
        means, sampling = _means(excess, evidence)
        repeat_of = np.zeros(means.shape[1], dtype=np.int64)
        repeat_of[evidence.trainings.ravel()] = np.tile(np.arange(repeats), evidence.images)
        of_repeats = [np.flatnonzero(repeat_of == repeat) for repeat in range(repeats)]
        of_repeats = [folds for folds in of_repeats if len(folds) > 1]
        variances = np.mean([means[:, folds].var(axis=1, ddof=1) for folds in of_repeats], axis=0)
        samplings = np.mean([sampling[:, folds].mean(axis=1) for folds in of_repeats], axis=0)
        degrees = sum(len(folds) - 1 for folds in of_repeats)
    variance = float((variances - samplings).mean()) * networks / (networks - 1)
    return Spread(variance, (networks - 1) * degrees, assumed=False)


def _means(excess: Floats, evidence: Evidence) -> tuple[Floats, Floats]:
    """(networks, trainings) each: the weighted mean of each training's images, and what it varies by with the images.

    Over groups, unless a training judged a single one: that says nothing of groups, whose part then counts as spread.
    """
    trainings = evidence.trainings.ravel()
    weights = np.repeat(evidence.weights, evidence.trainings.shape[1])
    flat = excess.reshape(len(excess), -1)
    total: Floats = np.bincount(trainings, weights=weights).astype(np.float64)
    means = _sums(trainings, weights * flat) / total
    rest = weights * (flat - means[:, trainings])
    images = np.bincount(trainings)
    sampling = _sums(trainings, rest**2) / total**2 * images / np.maximum(images - 1, 1)
    if evidence.groups is not None:
        groups = np.repeat(evidence.groups, evidence.trainings.shape[1])
        pairs, place = np.unique(trainings * (int(groups.max()) + 1) + groups, return_inverse=True)
        of_pair = pairs // (int(groups.max()) + 1)
        count = np.bincount(of_pair)
        clustered = _sums(of_pair, _sums(place, rest) ** 2) / total**2 * count / np.maximum(count - 1, 1)
        sampling = np.where(count > 1, clustered, sampling)
    return means, sampling


def _sums(codes: Integers, rows: Floats) -> Floats:
    """(rows, codes): each row (rows, answers) added up by code."""
    return np.stack([np.bincount(codes, weights=row) for row in rows])
