"""Every metric of one table of predictions, each with its interval: what metrics.json holds for one split."""

import numpy as np
import numpy.typing as npt

from leadline.errors import LeadlineError
from leadline.evaluation.calibration import (
    SMALLEST,
    abstention_curve,
    calibration_error_interval,
    calibration_gaps,
    recalibrated,
)
from leadline.evaluation.confusion import ClassCounts, confusion_matrix
from leadline.evaluation.intervals import (
    few_groups_warning,
    independent_units,
    percentile,
    proportion,
    resampled_weights,
    stretched,
    why_not_resampled,
)
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.ranking import mean_areas
from leadline.evaluation.records import (
    Calibration,
    ClassMetrics,
    Estimate,
    ProbabilityMetrics,
    Recalibration,
    SplitMetrics,
)

Floats = npt.NDArray[np.float64]

# The bootstrapped metrics, and between what they lie whatever the images.
RANGES = {
    "balanced_accuracy": (0.0, 1.0),
    "macro_f1": (0.0, 1.0),
    "matthews_correlation": (-1.0, 1.0),
    "log_loss": (0.0, -float(np.log(SMALLEST))),
    "brier_score": (0.0, 2.0),
}
# With fewer mistakes, or images of a class, than this, resamples cannot show how far a metric may lie from the truth.
FEW = 10
# The points of the curve of accuracy against coverage: every 5 % of the images.
ABSTENTION_POINTS = 20


def measure(predictions: Predictions, *, confidence: float = 0.95, seed: int = 0) -> SplitMetrics:
    """The metrics of the readable, labelled images.

    A metric that these images do not define has the value None and says why in its `method`. Raises LeadlineError where
    there is no such image at all.
    """
    judged = predictions.readable.labelled
    if not len(judged):
        raise LeadlineError("no readable image with a label, so there is nothing to measure")
    classes, groups = judged.classes, judged.groups
    labels, predicted = judged.label_indices, judged.predicted_indices
    statistics = Statistics(judged)
    values = statistics.of(np.ones((len(judged), 1)))
    resamples = _resamples(statistics, judged, seed)

    def share(hits: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_] | None = None) -> Estimate:
        return proportion(hits, of, groups=groups, confidence=confidence)

    def bootstrapped(name: str, k: int = 0) -> Estimate:
        value, draws = np.atleast_2d(values[name])[k, 0], np.atleast_2d(resamples[name])[k]
        return _bootstrapped(name, float(value), draws, judged, confidence)

    per_class = {
        name: ClassMetrics(
            precision=share(labels == k, predicted == k),
            recall=share(predicted == k, labels == k),
            f1=bootstrapped("f1", k),
            support=int((labels == k).sum()),
        )
        for k, name in enumerate(classes)
    }
    matrix = confusion_matrix(labels, predicted, len(classes))
    return SplitMetrics(
        accuracy=share(labels == predicted),
        top5=share(_rank_of_label(judged) < 5) if len(classes) > 5 else None,
        **{name: bootstrapped(name) for name in RANGES},
        **ranked(judged, confidence=confidence),
        expected_calibration_error=_calibration_error(
            values["calibration_gaps"][:, 0], resamples["calibration_gaps"], judged, confidence
        ),
        per_class=per_class,
        confusion_matrix=tuple(map(tuple, matrix.tolist())),
        abstention=abstention_curve(judged, points=ABSTENTION_POINTS, confidence=confidence),
        majority_baseline=float(matrix.sum(axis=1).max() / len(judged)),
        classes=tuple(classes),
        warnings=tuple(_warnings(predictions, judged, matrix)),
    )


def accuracy_alone(predictions: Predictions) -> SplitMetrics:
    """What is measured of a part: there are many, and the whole has all metrics with their intervals."""
    judged = predictions.readable.labelled
    right = float((judged.predicted_indices == judged.label_indices).mean())
    return SplitMetrics(accuracy=Estimate(right, n=len(judged)))


def calibration(predictions: Predictions, temperature: float, fitted_on: Predictions) -> Calibration:
    """A temperature, the images that it was fitted on, and what it changed in each split of `predictions`."""
    fitted = fitted_on.readable.labelled
    splits = sorted(set(predictions.readable.labelled.table["split"]))
    changed = {name: recalibration(predictions.of_split(name), temperature=temperature) for name in splits}
    return Calibration(
        temperature=temperature,
        fitted_on=fitted.table["split"][0],
        n=len(fitted),
        test=changed.get("test"),
        validation=changed.get("validation"),
        out_of_fold=changed.get("out-of-fold"),
    )


def recalibration(predictions: Predictions, *, temperature: float, confidence: float = 0.95) -> Recalibration:
    """What a temperature changed, of predictions that were made with it: the metrics of probabilities without and with.

    `after` holds the same numbers as `measure`. Answers, and all that follows from them alone, are the same in both.
    """
    before = recalibrated(predictions, 1 / temperature)
    return Recalibration(
        _of_probabilities(before.readable.labelled, confidence),
        _of_probabilities(predictions.readable.labelled, confidence),
    )


def _of_probabilities(judged: Predictions, confidence: float, *, seed: int = 0) -> ProbabilityMetrics:
    statistics = Statistics(judged)
    values = statistics.of(np.ones((len(judged), 1)))
    resamples = _resamples(statistics, judged, seed)
    log_loss, brier_score = (
        _bootstrapped(name, float(values[name][0]), resamples[name], judged, confidence)
        for name in ("log_loss", "brier_score")
    )
    gaps = values["calibration_gaps"][:, 0]
    return ProbabilityMetrics(
        log_loss, brier_score, _calibration_error(gaps, resamples["calibration_gaps"], judged, confidence)
    )


class Statistics:
    """Every bootstrapped metric as a function of the images' weights: ones give its value, resamples its interval."""

    def __init__(self, judged: Predictions) -> None:
        self.judged = judged
        rows, labels, probabilities = np.arange(len(judged)), judged.label_indices, judged.probabilities
        self.log_loss = -np.log(np.clip(probabilities[rows, labels], SMALLEST, 1 - SMALLEST))
        self.brier_score = (probabilities**2).sum(axis=1) - 2 * probabilities[rows, labels] + 1
        self.confidence = judged.table["probability"].to_numpy()

    def of(self, weights: Floats) -> dict[str, Floats]:
        """Each metric (resamples,) for weights (images, resamples); F1 per class (classes, resamples)."""
        judged = self.judged
        labels, predicted = judged.label_indices, judged.predicted_indices
        counts = ClassCounts.of(labels, predicted, weights, classes=len(judged.classes))
        total = weights.sum(axis=0)
        return {
            "balanced_accuracy": counts.balanced_accuracy(),
            "macro_f1": counts.macro_f1(),
            "matthews_correlation": counts.matthews_correlation(),
            "f1": counts.f1(),
            "log_loss": self.log_loss @ weights / total,
            "brier_score": self.brier_score @ weights / total,
            "calibration_gaps": calibration_gaps(self.confidence, labels == predicted, weights),
        }


def _resamples(statistics: Statistics, judged: Predictions, seed: int) -> dict[str, Floats]:
    blocks: dict[str, list[Floats]] = {}
    for weights in resampled_weights(len(judged), groups=judged.groups, seed=seed):
        for name, values in statistics.of(weights).items():
            blocks.setdefault(name, []).append(values)
    return {name: np.concatenate(values, axis=-1) for name, values in blocks.items()}


def ranked(judged: Predictions, *, confidence: float = 0.95) -> dict[str, Estimate]:
    """AUROC and average precision: each class against the rest, the mean over the classes that have images."""
    if len(np.unique(judged.label_indices)) < 2:
        nothing = Estimate(None, None, None, "undefined: every image is of one class", len(judged))
        return {"auroc": nothing, "average_precision": nothing}
    areas = mean_areas(judged.probabilities, judged.label_indices)
    return {
        name: area.estimate(judged.label_indices, groups=judged.groups, confidence=confidence)
        for name, area in zip(("auroc", "average_precision"), areas, strict=True)
    }


def _bootstrapped(name: str, value: float, draws: Floats, judged: Predictions, confidence: float) -> Estimate:
    if not np.isfinite(value):
        why = "every image is of one class" if name != "f1" else "no image has this class as its label or its answer"
        return Estimate(None, None, None, f"undefined: {why}", len(judged))
    if why := why_not_resampled(draws, n=len(judged), groups=judged.groups):
        return Estimate(value, None, None, f"no interval: {why}", len(judged))
    interval, ends = percentile(draws, confidence), RANGES.get(name, (0.0, 1.0))
    return _resampled(value, interval, ends, f"percentile bootstrap, {draws.size} resamples", judged, confidence)


def _calibration_error(gaps: Floats, resampled: Floats, judged: Predictions, confidence: float) -> Estimate:
    value, draws = float(np.abs(gaps).sum()), np.abs(resampled).sum(axis=0)
    if why := why_not_resampled(draws, n=len(judged), groups=judged.groups):
        return Estimate(value, None, None, f"no interval: {why}", len(judged))
    interval = calibration_error_interval(gaps, resampled, confidence=confidence)
    return _resampled(
        value, interval, (0.0, 1.0), f"inverted bootstrap test, {draws.size} resamples", judged, confidence
    )


def _resampled(
    value: float,
    interval: tuple[float, float],
    ends: tuple[float, float],
    method: str,
    judged: Predictions,
    confidence: float,
) -> Estimate:
    """The interval from resamples, stretched for few units, within what the metric can be."""
    units = independent_units(len(judged), judged.groups)
    low, high = stretched(value, interval, units=units, confidence=confidence)
    clustered = "" if judged.groups is None else f", clustered by {int(judged.groups.max()) + 1} groups"
    return Estimate(value, max(ends[0], low), min(ends[1], high), method + clustered, len(judged))


def _rank_of_label(judged: Predictions) -> npt.NDArray[np.int64]:
    """How many classes come before the true one; among equals the earlier class, as `predicted` takes it."""
    probabilities, labels = judged.probabilities, judged.label_indices
    of_label = probabilities[np.arange(len(judged)), labels][:, None]
    earlier = np.arange(len(judged.classes)) < labels[:, None]
    ahead = (probabilities > of_label) | ((probabilities == of_label) & earlier)
    return np.asarray(ahead.sum(axis=1))


def _warnings(predictions: Predictions, judged: Predictions, matrix: npt.NDArray[np.int64]) -> list[str]:
    found = []
    unreadable, unlabelled = len(predictions) - len(predictions.readable), len(predictions.readable) - len(judged)
    if unreadable:
        found.append(f"{unreadable} of {len(predictions)} images could not be read and count in no metric")
    if unlabelled:
        found.append(f"{unlabelled} readable images have no label and count in no metric")
    absent = [name for name, support in zip(judged.classes, matrix.sum(axis=1), strict=True) if not support]
    if absent:
        found.append(f"no image of {_listed(absent)}: averages over classes leave such a class out")
    silent = [
        name for name, row, column in zip(judged.classes, matrix, matrix.T, strict=True) if row.any() > column.any()
    ]
    if silent:
        was, them = ("was", "it") if len(silent) == 1 else ("were", "them")
        found.append(f"{_listed(silent)} {was} never the answer, though there are images of {them}")
    mistakes = int(matrix.sum() - matrix.trace())
    if mistakes < FEW:
        found.append(
            f"so few mistakes ({mistakes}) that the intervals are likely to be too narrow, but for proportions"
        )
    rare = [name for name, support in zip(judged.classes, matrix.sum(axis=1), strict=True) if 0 < support < FEW]
    if rare:
        found.append(
            f"fewer than {FEW} images of {_listed(rare)}: intervals of averages over classes may be too narrow"
        )
    few = few_groups_warning(judged.groups)
    return [*found, few] if few else found


def _listed(names: list[str]) -> str:
    more = len(names) - 5
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:5])} and {more} more class{'es' * (more > 1)}"
