"""How well the probability of a class ranks its images above the others: area under the ROC curve, precision."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leadline.evaluation.intervals import independent_units, t_quantile, variance_of_mean
from leadline.evaluation.records import Estimate

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Area:
    """An area with each image's influence on it: by how much it grows per weight added to that image."""

    value: float
    influence: Floats  # (images,), adding up to 0

    def estimate(self, labels: Integers, *, groups: Integers | None, confidence: float) -> Estimate:
        """The area with its interval on the logit scale, from the influences, clustered by group.

        For AUROC the variance is DeLong's (E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44, 1988),
        over groups N. A. Obuchowski's (Biometrics 53, 1997); for average precision on the logit scale see K. Boyd, K.
        H. Eng and C. D. Page, ECML 2013. The quantile is of t at one degree of freedom less than the class with fewest
        independent images (or groups) has: those are what little is known of.
        """
        n = len(labels)
        units = min(_units(labels == k, groups) for k in np.unique(labels))
        variance = variance_of_mean(n * self.influence, groups)
        if units <= 1 or not math.isfinite(variance):
            which = "images" if groups is None else "groups"
            return Estimate(self.value, None, None, f"no interval: a class with too few {which}", n)
        if not 0 < self.value < 1 or variance < 1e-24:
            return Estimate(self.value, None, None, "no interval: the classes do not overlap, or every score ties", n)
        centre = math.log(self.value / (1 - self.value))
        reach = t_quantile(0.5 + confidence / 2, units - 1) * math.sqrt(variance) / (self.value * (1 - self.value))
        low, high = ((1 + math.tanh((centre + sign * reach) / 2)) / 2 for sign in (-1, 1))
        clustered = "" if groups is None else f", clustered by {int(groups.max()) + 1} groups"
        return Estimate(self.value, low, high, "logit, influence of each image" + clustered, n)


def mean_areas(probabilities: Floats, labels: Integers) -> tuple[Area, Area]:
    """AUROC and average precision, each class of (images, classes) against the rest: the mean of those with images."""
    present = np.unique(labels)
    values, influences = np.zeros(2), np.zeros((2, len(labels)))
    for k in present:
        for place, area in enumerate(areas(probabilities[:, k], labels == k)):
            values[place] += area.value / len(present)
            influences[place] += area.influence / len(present)
    return Area(float(values[0]), influences[0]), Area(float(values[1]), influences[1])


def areas(scores: Floats, positives: Bools) -> tuple[Area, Area]:
    """AUROC and average precision of one class against the rest, both of which have images.

    AUROC is the chance that a positive image scores above a negative one, ties counting half. Average precision is
    Σ (R_n − R_{n−1}) P_n over the distinct scores, without interpolation.
    """
    level = np.unique(-scores, return_inverse=True)[1]  # 0 for the highest score
    count = int(level.max()) + 1
    here, others = (np.bincount(level[kind], minlength=count).astype(np.float64) for kind in (positives, ~positives))
    found, passed = np.cumsum(here), np.cumsum(others)  # positives and negatives of this score or a higher one
    m, n = found[-1], passed[-1]
    below, above = n - passed + others / 2, found - here / 2  # negatives below, positives above; ties half
    auroc = float((here @ below) / (m * n))
    of_area = np.where(positives, _unbiased(below[level] / n - auroc, m), _unbiased(above[level] / m - auroc, n))
    precision = found / (found + passed)
    average = float(here @ precision) / m
    # Precision at this score and at every lower one grows with a positive, and falls with a negative.
    gained, lost = (np.cumsum((here * part / (found + passed) ** 2)[::-1])[::-1] for part in (passed, found))
    of_precision = np.where(positives, _unbiased(precision[level] - average + gained[level], m), -lost[level] / m)
    return Area(auroc, of_area), Area(average, of_precision)


def _unbiased(residuals: Floats, count: float) -> Floats:
    """Per image, the mean of so many such residuals; one degree of freedom went into their centre."""
    return np.asarray(residuals / count * math.sqrt(count / max(count - 1, 1)))


def _units(inside: Bools, groups: Integers | None) -> float:
    codes = None if groups is None else np.unique(groups[inside], return_inverse=True)[1]
    return independent_units(int(inside.sum()), codes)
