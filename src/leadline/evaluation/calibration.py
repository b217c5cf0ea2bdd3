"""Whether a probability means what it says: expected calibration error, temperature, and when not to answer."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from leadline.errors import LeadlineError
from leadline.evaluation.confusion import sums_within
from leadline.evaluation.intervals import proportion
from leadline.evaluation.predictions import PROBABILITY_PREFIX, Predictions
from leadline.evaluation.records import AbstentionPoint, Answered, ReliabilityBin

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Fifteen bins of equal width (Guo et al., "On calibration of modern neural networks", 2017, arXiv 1706.04599), so that
# the number can be held against published ones and the bins stay where they are in every bootstrap resample.
BINS = 15
# The smallest probability that log loss and temperature tell from zero, scikit-learn's: an image costs at most 36 nats,
# and the exact zeros of a classifier that counts neighbours, or computed in 32 bits, do not decide everything.
SMALLEST = float(np.finfo(np.float64).eps)
# A network whose best temperature lies outside has no best one: every image is right, or none is.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0


def bins(confidence: Floats) -> Integers:
    """The bin of each confidence (images,): bin m holds ((m − 1)/15, m/15]."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def calibration_gaps(confidence: Floats, right: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """n_m/n (accuracy_m − confidence_m) per bin, (bins, resamples), for weights (images, resamples).

    Their absolute values add up to the expected calibration error (Guo et al., equation 3).
    """
    gaps: Floats = sums_within(bins(confidence), weights * (right - confidence)[:, None], BINS) / weights.sum(axis=0)
    return gaps


def calibration_error_interval(gaps: Floats, resampled: Floats, *, confidence: float) -> tuple[float, float]:
    """The expected calibration errors from which the one of these gaps (bins,) would not be surprising.

    Absolute values do not cancel, so the error is biased upwards, and resamples (bins, resamples) have that bias twice:
    their percentiles miss the truth nearly always where a network is well calibrated. So the test is inverted instead.
    Were the true gaps k times the observed ones, the observed error would be a draw from |k·gaps + noise|, the noise
    being how far resamples lie from the sample; the interval is of the k for which it is not an extreme draw. A lower
    bound of 0 says that the images would be no surprise to a perfectly calibrated network.
    """
    observed = float(np.abs(gaps).sum())
    noise = resampled - gaps[:, None]

    def drawn(scale: float, probability: float) -> float:
        return float(np.quantile(np.abs(scale * gaps[:, None] + noise).sum(axis=0), probability))

    def scale_that_reaches(probability: float) -> float:
        low, high = 0.0, 1.0
        while drawn(high, probability) < observed:
            low, high = high, 2 * high
        while high - low > 1e-4 * high and drawn(low, probability) < observed:
            middle = (low + high) / 2
            low, high = (middle, high) if drawn(middle, probability) < observed else (low, middle)
        return low

    low, high = scale_that_reaches(0.5 + confidence / 2), scale_that_reaches(0.5 - confidence / 2)
    return low * observed, max(high, 1.0) * observed


def reliability_curve(predictions: Predictions, *, confidence: float = 0.95) -> list[ReliabilityBin]:
    """Per bin that has images: its edges, mean confidence, accuracy with its interval, and number of images."""
    judged = predictions.readable.labelled
    answered = judged.table["probability"].to_numpy()
    right = judged.predicted_indices == judged.label_indices
    bin_of = bins(answered)
    curve = []
    for m in np.unique(bin_of):
        inside = bin_of == m
        accuracy = proportion(right, inside, groups=judged.groups, confidence=confidence)
        mean = float(answered[inside].mean())
        curve.append(ReliabilityBin(m / BINS, (m + 1) / BINS, mean, accuracy))
    return curve


def at_temperature(probabilities: Floats, temperature: float) -> Floats:
    """softmax(log p / T), (images, classes): the same as dividing the logits by T, so the table alone is enough.

    Probabilities that are 0 in 64 bits count as the smallest number that is not; at 1/T the old ones come back.
    """
    return _softmax(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)) / temperature)


def recalibrated(predictions: Predictions, temperature: float) -> Predictions:
    """The same answers with their probabilities at another temperature, relative to the one that they have."""
    found = at_temperature(predictions.probabilities, temperature)
    columns = [
        pl.Series(PROBABILITY_PREFIX + name, found[:, k], nan_to_null=True)
        for k, name in enumerate(predictions.classes)
    ]
    table = predictions.table.with_columns(*columns, pl.Series("probability", found.max(axis=1), nan_to_null=True))
    return Predictions(table, predictions.classes)


def fit_temperature(predictions: Predictions) -> float:
    """The temperature with the least log loss on these (validation) images; Guo et al. 2017, section 4.2.

    1 where there is no best one, as when every image is right: any sharpening would then look better still.
    """
    judged = predictions.readable.labelled
    if not len(judged):
        raise LeadlineError("no readable image with a label to fit a temperature on")
    logits, labels = _log(judged.probabilities), judged.label_indices
    of_label = logits[np.arange(len(judged)), labels]

    def slope(log_temperature: float) -> float:
        # The derivative of the log loss in 1/T, which it is convex in: what the network expects minus what it is.
        expected = (_softmax(logits / math.exp(log_temperature)) * logits).sum(axis=1)
        return float((expected - of_label).mean())

    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    if not slope(high) < 0 < slope(low):
        return 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def least_cross_entropy(predictions: Predictions) -> float:
    """Mean cross-entropy in nats at the temperature that fits these images best: what a network can tell about them,
    whatever its confidence is on average."""
    judged = predictions.readable.labelled
    stated = at_temperature(judged.probabilities, fit_temperature(judged))
    return float(-_log(stated[np.arange(len(judged)), judged.label_indices]).mean())


def abstention_curve(
    predictions: Predictions, *, points: int = 100, confidence: float = 0.95
) -> tuple[AbstentionPoint, ...]:
    """Accuracy of the answers that are kept when the least confident ones are left open, from all of them downwards.

    Each point has the lowest confidence that is kept, the share of images answered (coverage), and their accuracy.
    """
    judged = predictions.readable.labelled
    answered = judged.table["probability"].to_numpy()
    right = judged.predicted_indices == judged.label_indices
    if not len(judged):
        return ()
    thresholds = np.unique(np.quantile(answered, np.linspace(0, 1, points + 1), method="lower"))
    curve = []
    for threshold in thresholds:
        kept = answered >= threshold
        accuracy = proportion(right, kept, groups=judged.groups, confidence=confidence)
        curve.append(AbstentionPoint(float(threshold), float(kept.mean()), accuracy))
    return tuple(curve)


def answered_at(predictions: Predictions, min_confidence: float, *, confidence: float = 0.95) -> Answered:
    """What remains where answers below this probability are left open: their share (coverage) and their accuracy."""
    judged = predictions.readable.labelled
    kept = judged.table["probability"].to_numpy() >= min_confidence
    right = judged.predicted_indices == judged.label_indices
    return Answered(
        min_confidence,
        coverage=proportion(kept, groups=judged.groups, confidence=confidence),
        accuracy=proportion(right, kept, groups=judged.groups, confidence=confidence),
    )


def _log(probabilities: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)))


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
