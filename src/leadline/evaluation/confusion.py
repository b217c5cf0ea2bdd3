"""Metrics that follow from how often each class was right, was the label and was the answer.

Every function takes counts (classes, ...): the trailing axis, where there is one, runs over bootstrap resamples.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def confusion_matrix(labels: Integers, predicted: Integers, classes: int) -> Integers:
    """(classes, classes): how many images of the row's class were taken for the column's."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def sums_within(codes: Integers, weights: Floats, count: int) -> Floats:
    """(count, ...): the weights (images, ...) added up over the images of each code."""
    sums = np.zeros((count, *weights.shape[1:]))
    if len(codes):
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        sums[present] = np.add.reduceat(weights[order], starts, axis=0)
    return sums


@dataclass(frozen=True)
class ClassCounts:
    """Per class, the weight of the images that are of it and were so named, are of it, and were named so."""

    correct: Floats
    labelled: Floats
    answered: Floats

    @classmethod
    def of(cls, labels: Integers, predicted: Integers, weights: Floats, *, classes: int) -> "ClassCounts":
        right = labels == predicted
        return cls(
            correct=sums_within(labels[right], weights[right], classes),
            labelled=sums_within(labels, weights, classes),
            answered=sums_within(predicted, weights, classes),
        )

    def accuracy(self) -> Floats:
        return _ratio(self.correct.sum(axis=0), self.labelled.sum(axis=0))

    def recall(self) -> Floats:
        """NaN for a class without an image."""
        return _ratio(self.correct, self.labelled)

    def precision(self) -> Floats:
        """NaN for a class that was never the answer."""
        return _ratio(self.correct, self.answered)

    def f1(self) -> Floats:
        """2 TP / (2 TP + FP + FN); NaN for a class that is neither a label nor an answer."""
        return _ratio(2 * self.correct, self.labelled + self.answered)

    def balanced_accuracy(self) -> Floats:
        """The mean recall of the classes that have images."""
        return _mean_of_known(self.recall())

    def macro_f1(self) -> Floats:
        """The mean F1 of the classes that are a label or an answer."""
        return _mean_of_known(self.f1())

    def matthews_correlation(self) -> Floats:
        """R_K, Matthews' correlation for any number of classes (Gorodkin, Comput. Biol. Chem. 28, 2004).

        0 where every answer is the same class: it says nothing of the labels. NaN where every label is.
        """
        total = self.labelled.sum(axis=0)
        covariance = self.correct.sum(axis=0) * total - (self.labelled * self.answered).sum(axis=0)
        of_labels = total**2 - (self.labelled**2).sum(axis=0)
        of_answers = total**2 - (self.answered**2).sum(axis=0)
        correlation = _ratio(covariance, np.sqrt(of_labels * of_answers))
        return np.where(of_labels == 0, np.nan, np.where(of_answers == 0, 0.0, correlation))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _mean_of_known(values: Floats) -> Floats:
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))
