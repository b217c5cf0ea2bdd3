"""Every metric of one table of predictions, each with its interval: what metrics.json holds for one split."""

from typing import Any

import numpy as np
import numpy.typing as npt

from leadline.errors import LeadlineError
from leadline.evaluation.calibration import expected_calibration_error
from leadline.evaluation.confusion import ClassCounts, confusion_matrix
from leadline.evaluation.intervals import (
    RESAMPLES,
    Estimate,
    few_groups_warning,
    percentile,
    proportion,
    resampled_weights,
)
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.ranking import Ranking

Floats = npt.NDArray[np.float64]

# The smallest probability that log loss looks at, scikit-learn's: one image costs at most 36 nats.
SMALLEST = float(np.finfo(np.float64).eps)
# Resampling the ranking of n images in c classes costs n·c steps per resample. Beyond this many in all (10,000 images
# of 100 classes, a thousand times) there are fewer resamples, but never fewer than 200.
RANKING_STEPS = 1_000_000_000


def measure(predictions: Predictions, *, confidence: float = 0.95, seed: int = 0) -> dict[str, Any]:
    """The metrics of the readable, labelled images: DESIGN §8's dictionary for one split, ready for JSON.

    A metric that these images do not define has the value None and says why in its `method`. Raises LeadlineError where
    there is no such image at all.
    """
    judged = predictions.readable.labelled
    if not len(judged):
        raise LeadlineError("no readable image with a label, so there is nothing to measure")
    classes, groups = judged.classes, judged.groups
    labels, predicted = judged.label_indices, judged.predicted_indices
    statistics = _Statistics(judged)
    values = statistics.of(np.ones((len(judged), 1)))
    resamples = _resamples(statistics, judged, seed)

    def share(hits: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_] | None = None) -> dict[str, Any]:
        return proportion(hits, of, groups=groups, confidence=confidence).as_dict()

    def bootstrapped(name: str, k: int | None = None) -> dict[str, Any]:
        value = values[name][0] if k is None else values[name][k, 0]
        draws = resamples[name] if k is None else resamples[name][k]
        return _bootstrap_estimate(name, float(value), draws, judged, confidence).as_dict()

    found: dict[str, Any] = {"accuracy": share(labels == predicted)}
    if len(classes) > 5:
        found["top5"] = share(_rank_of_label(judged) < 5)
    for name in ("balanced_accuracy", "macro_f1", "auroc", "average_precision", "matthews_correlation", "log_loss"):
        found[name] = bootstrapped(name)
    for name in ("brier_score", "expected_calibration_error"):
        found[name] = bootstrapped(name)
    found["per_class"] = {
        name: {
            "precision": share(labels == k, predicted == k),
            "recall": share(predicted == k, labels == k),
            "f1": bootstrapped("f1", k),
            "support": int((labels == k).sum()),
        }
        for k, name in enumerate(classes)
    }
    matrix = confusion_matrix(labels, predicted, len(classes))
    found["confusion_matrix"] = matrix.tolist()
    found["majority_baseline"] = float(matrix.sum(axis=1).max() / len(judged))
    found["classes"] = list(classes)
    found["warnings"] = _warnings(predictions, judged, matrix)
    return found


class _Statistics:
    """Every bootstrapped metric as a function of the images' weights: ones give its value, resamples its interval."""

    def __init__(self, judged: Predictions) -> None:
        self.judged = judged
        rows, labels, probabilities = np.arange(len(judged)), judged.label_indices, judged.probabilities
        self.log_loss = -np.log(np.clip(probabilities[rows, labels], SMALLEST, 1 - SMALLEST))
        self.brier_score = (probabilities**2).sum(axis=1) - 2 * probabilities[rows, labels] + 1
        self.confidence = judged.table["probability"].to_numpy()
        present = [k for k in range(len(judged.classes)) if 0 < (labels == k).sum() < len(judged)]
        self.rankings = [Ranking.of(np.ascontiguousarray(probabilities[:, k]), labels == k) for k in present]

    def of(self, weights: Floats, *, ranked: bool = True) -> dict[str, Floats]:
        """Each metric (resamples,) for weights (images, resamples); F1 per class (classes, resamples)."""
        judged = self.judged
        labels, predicted = judged.label_indices, judged.predicted_indices
        counts = ClassCounts.of(labels, predicted, weights, classes=len(judged.classes))
        total = weights.sum(axis=0)
        found = {
            "balanced_accuracy": counts.balanced_accuracy(),
            "macro_f1": counts.macro_f1(),
            "matthews_correlation": counts.matthews_correlation(),
            "f1": counts.f1(),
            "log_loss": self.log_loss @ weights / total,
            "brier_score": self.brier_score @ weights / total,
            "expected_calibration_error": expected_calibration_error(self.confidence, labels == predicted, weights),
        }
        if ranked:
            areas = np.array([ranking.areas(weights) for ranking in self.rankings]).reshape(-1, 2, weights.shape[1])
            known = np.isfinite(areas)
            with np.errstate(invalid="ignore"):
                means = np.where(known, areas, 0.0).sum(axis=0) / known.sum(axis=0)
            found["auroc"], found["average_precision"] = means
        return found


def _resamples(statistics: _Statistics, judged: Predictions, seed: int) -> dict[str, Floats]:
    ranked_resamples = min(RESAMPLES, max(200, RANKING_STEPS // (len(judged) * len(judged.classes))))
    drawn = 0
    blocks: dict[str, list[Floats]] = {}
    for weights in resampled_weights(len(judged), groups=judged.groups, seed=seed):
        for name, values in statistics.of(weights, ranked=drawn < ranked_resamples).items():
            blocks.setdefault(name, []).append(values)
        drawn += weights.shape[1]
    return {name: np.concatenate(values, axis=-1) for name, values in blocks.items()}


def _bootstrap_estimate(name: str, value: float, draws: Floats, judged: Predictions, confidence: float) -> Estimate:
    n = len(judged)
    if not np.isfinite(value):
        return Estimate(None, None, None, f"undefined: {_why_undefined(name)}", n)
    interval = percentile(draws, confidence)
    if interval is None:
        return Estimate(value, None, None, "no interval: every bootstrap resample gives the same value", n)
    low, high = interval
    kind = "percentile bootstrap"
    if name == "expected_calibration_error":
        # Its bias grows in the resamples by what it already was, which the percentiles count twice and this undoes.
        low, high, kind = max(0.0, 2 * value - high), min(1.0, 2 * value - low), "basic bootstrap"
    clustered = "" if judged.groups is None else f", clustered by {int(judged.groups.max()) + 1} groups"
    return Estimate(value, low, high, f"{kind}, {draws.size} resamples{clustered}", n)


def _why_undefined(name: str) -> str:
    if name == "f1":
        return "the class is neither the label nor the answer of any image"
    return "every image is of one class"


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
        name
        for name, support, answers in zip(judged.classes, matrix.sum(axis=1), matrix.sum(axis=0), strict=True)
        if support and not answers
    ]
    if silent:
        found.append(f"never answered {_listed(silent)}, though there are images of it")
    few = few_groups_warning(judged.groups)
    return [*found, few] if few else found


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5} more classes"
