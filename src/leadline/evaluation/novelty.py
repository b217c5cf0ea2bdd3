"""Whether an image looks like those that a classifier was trained on: its brightness and contrast, and its features.

A classifier answers whatever it is shown. Two scores say when not to believe it. The first is how far the mean and the
standard deviation of each channel, and its share of all channels, are from those of the training images. The second is
the Mahalanobis distance of the image's features (what the network's last layer sees) from the nearest class (Lee et al.
2018, arXiv 1807.03888), with the covariance of probabilistic principal components (Tipping and Bishop 1999), which few
images are enough for.

Each score's limit is the one that validation images exceed at half of the stated rate of false alarms (a conformal
quantile): of new images like these, no more are called unlike, on average. With few validation images the rate is
higher than asked for, and is stated as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

from leadline.errors import LeadlineError

Floats = NDArray[np.float64]
FALSE_ALARMS = 0.01
COMPONENTS = 64
FEWEST = 20  # training and validation images each, below which nothing is said
FORMAT = 1
WORDS = (  # of what is below and above, of each kind of statistic
    ("darker", "brighter"),
    ("less contrast", "more contrast"),
    ("weaker beside the others", "stronger beside the others"),
)
TINY = 1e-3  # of the range of the pixels' type, so that a black image has a logarithm


@dataclass(frozen=True)
class Novelty:
    """What is remembered of the training images."""

    means: Floats  # (classes, width) of the features
    basis: Floats  # (width, components)
    variances: Floats  # (components,) along the basis
    noise: Floats  # (1,) in every other direction
    centre: Floats  # (statistics,) of the logarithm of each statistic
    spread: Floats  # (statistics,)
    low: Floats  # (statistics,) the least of each statistic
    high: Floats
    limits: Floats  # (2,) of the distance and of the statistics
    rate: Floats  # (1,) of false alarms

    @staticmethod
    def fitted(
        features: Floats,
        labels: NDArray[np.int64],
        statistics: Floats,
        *,
        new_features: Floats,
        new_statistics: Floats,
    ) -> "Novelty | None":
        """From training images, (images, width) and (images, statistics), and from validation images, which the
        network has not seen. None where either are too few."""
        if min(len(features), len(new_features)) < FEWEST:
            return None
        kinds = np.unique(labels)
        means = np.stack([features[labels == kind].mean(axis=0) for kind in kinds])
        centred = features - means[np.searchsorted(kinds, labels)]
        basis, variances, noise = _principal(centred)
        logs = np.log(statistics.clip(min=0) + TINY)
        low, high = np.quantile(logs, [0.05, 0.95], axis=0)
        spread = np.maximum((high - low) / 3.29, 1e-3)
        unlimited = Novelty(
            means, basis, variances, noise, np.median(logs, axis=0), spread,
            statistics.min(axis=0), statistics.max(axis=0), np.ones(2), np.ones(1),
        )  # fmt: skip
        scores = unlimited.scores(new_features, new_statistics)
        count = len(scores)
        rank = min(count, math.ceil((count + 1) * (1 - FALSE_ALARMS / 2)))
        limits = np.sort(scores, axis=0)[rank - 1]
        rate = np.array([max(FALSE_ALARMS, 2 / (count + 1))])
        return Novelty(**{**_arrays(unlimited), "limits": np.maximum(limits, 1e-12), "rate": rate})

    def scores(self, features: Floats, statistics: Floats) -> Floats:
        """(images, 2): the distance and the farthest statistic of each, each over its limit. Above 1 is unlike."""
        distance = cdist(self._whitened(features), self._whitened(self.means)).min(axis=1)
        return np.stack([distance, self._deviations(statistics).max(axis=1)], axis=1) / self.limits

    def reason(self, scores: Floats, statistics: Floats, *, names: Sequence[str] = ()) -> str:
        """Why an image, of these (2,) and (statistics,), is unlike the training images; "" where it is like them."""
        if scores.max() <= 1:
            return ""
        if scores[1] <= 1:
            return "what the network sees in it is far from every class"
        channels = 1 if len(statistics) == 2 else len(statistics) // 3
        deviations = self._deviations(statistics[None])[0]
        bright = deviations[:channels]  # which also changes the contrast, and is the plainer word
        worst = int((bright if bright.max() > self.limits[1] else deviations).argmax())
        value, low, high = (max(values[worst], 0.0) for values in (statistics, self.low, self.high))
        below = math.log(value + TINY) < self.centre[worst]
        word = WORDS[worst // channels][not below]
        times = (low + TINY) / (value + TINY) if below else (value + TINY) / (high + TINY)
        than = f"{times:.1f} times {word} than any training image"
        if times < 1.05:
            than = f"{word} than nearly all training images"
        where = names[worst % channels] if names else f"channel {worst % channels}"
        return than if channels == 1 else f"{where}: {than}"

    def _whitened(self, features: Floats) -> Floats:
        """(images, components + width), in which Mahalanobis distances are Euclidean."""
        along = features @ self.basis
        left = features - along @ self.basis.T
        return np.concatenate([along / np.sqrt(self.variances), left / np.sqrt(self.noise)], axis=1)

    def _deviations(self, statistics: Floats) -> Floats:
        deviations: Floats = np.abs(np.log(statistics.clip(min=0) + TINY) - self.centre) / self.spread
        return deviations

    def to_arrays(self) -> dict[str, Floats]:
        return {**_arrays(self), "format": np.array([float(FORMAT)])}

    @staticmethod
    def from_arrays(arrays: dict[str, Floats], *, file: str) -> "Novelty":
        """LeadlineError, which names `file`, where they are not what `to_arrays` gave."""
        names = [field.name for field in fields(Novelty)]
        if arrays.get("format", np.zeros(1))[0] != FORMAT or any(name not in arrays for name in names):
            raise LeadlineError(f"{file}: was written by another version of Leadline; remove it, or train again")
        found = Novelty(**{name: arrays[name] for name in names})
        width, channels = found.basis.shape[0], len(found.centre)
        if found.means.shape[1] != width or any(len(a) != channels for a in (found.spread, found.low, found.high)):
            raise LeadlineError(f"{file}: is damaged; remove it, or train again")
        return found


def statistics_of(pixels: NDArray[np.generic], *, full: float) -> Floats:
    """Of (images, height, width, channels), whose type has `full` as its largest value: the mean of each channel, then
    the standard deviation of each, then, of several channels, the share of each in the sum of the means."""
    moments = np.array([_moments(image) for image in pixels]) / full
    mean = moments[:, 0]
    parts = [mean, moments[:, 1]]
    if mean.shape[1] > 1:
        parts.append(mean / (mean.sum(axis=1, keepdims=True) + TINY))
    return np.concatenate(parts, axis=1)


def _moments(image: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of each channel of (height, width, channels)."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)).reshape(image.shape[2], -1).astype(np.float64)
    mean: Floats = planes.mean(axis=1)
    planes -= mean[:, None]
    return mean, np.sqrt(np.einsum("cp,cp->c", planes, planes) / planes.shape[1])


def _principal(centred: Floats) -> tuple[Floats, Floats, Floats]:
    """Probabilistic principal components: directions (width, components), their variances, and that of all others."""
    count, width = centred.shape
    kept = min(COMPONENTS, width - 1, count // 4)
    _, singular, directions = np.linalg.svd(centred / math.sqrt(count), full_matrices=False)
    variances = singular**2
    total = float((centred**2).sum()) / count
    left = max(total - float(variances[:kept].sum()), 0.0) / max(width - kept, 1)
    noise = max(left, 1e-6 * total / width, 1e-12)
    return directions[:kept].T.copy(), np.maximum(variances[:kept], noise), np.array([noise])


def _arrays(novelty: Novelty) -> dict[str, Floats]:
    return {field.name: getattr(novelty, field.name) for field in fields(novelty)}
