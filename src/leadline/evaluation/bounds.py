"""How much worse one network could be than another, from the images on which they disagree; for all pairs at once.

The bound is the score bound of a difference of two paired proportions (T. Tango, "Equivalence test and confidence
interval for the difference in proportions for the paired-sample design", Statistics in Medicine 17, 1998). It keeps a
width where two networks agree on every image, where a standard error or a bootstrap has none.
"""

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from leadline.evaluation.contestant import Evidence
from leadline.evaluation.intervals import effective_size, independent_units, t_quantile
from leadline.evaluation.spread import Spread

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Disagreement:
    """Where a network and a reference differ, as shares of the images, and how many images that is worth."""

    adverse: float  # only the reference is right
    favourable: float  # only the network is right
    images: float  # independent ones that vary as much: fewer over groups and unequal classes, more over repeats
    units: float  # that are independent in truth: groups where there are any, images otherwise
    rarest: float  # images whose mistakes would show a loss of all classes together, if one class had them all

    @classmethod
    def between(
        cls, reference: Floats, network: Floats, groups: Integers | None, strata: Integers | None = None
    ) -> "Disagreement":
        """From the shares of right answers (images, repeats) of each; with strata, each of these counts alike."""
        count, repeats = reference.shape[0], max(reference.shape[1], network.shape[1])
        weights, smallest = np.ones(count), float(count)
        if strata is not None:
            sizes = np.bincount(strata)
            weights, smallest = (count / (len(sizes) * sizes))[strata], float(len(sizes) * sizes.min())
        excess = reference.mean(axis=1) - network.mean(axis=1)
        adverse = float((weights * excess.clip(min=0)).mean())
        favourable = float((weights * (-excess).clip(min=0)).mean())
        variance = adverse + favourable - (adverse - favourable) ** 2  # of one image's difference: −1, 0 or 1
        images = effective_size(_centred(weights, excess, strata), groups, simple_variance=variance)
        return cls(
            adverse=adverse,
            favourable=favourable,
            # However alike the answers are, no more than there are: n²/Σw² of them where classes are unequal (Kish).
            images=min(images, repeats * count**2 / float(weights @ weights)),
            units=independent_units(count, groups),
            rarest=smallest,
        )

    @property
    def loss(self) -> float:
        """The accuracy of the reference minus that of the network."""
        return self.adverse - self.favourable

    @property
    def mirrored(self) -> "Disagreement":
        """The reference's with the network."""
        return replace(self, adverse=self.favourable, favourable=self.adverse)

    def upper_bound(self, alpha: float) -> float:
        """The loss that is exceeded with probability alpha at most."""
        quantile = t_quantile(1 - alpha, self.units - 1)
        if self.images <= 0 or not math.isfinite(quantile):
            return 1.0
        low, high = self.loss, 1.0
        while high - low > 1e-9:
            middle = (low + high) / 2
            low, high = (middle, high) if self._score(middle) * math.sqrt(self.images) < quantile else (low, middle)
        return min(1.0, max(high, self._rule_of_three(alpha)))

    def _rule_of_three(self, alpha: float) -> float:
        """Were more images adverse than this allows, one would have been seen with probability 1 − alpha."""
        return float(1 - alpha ** (1 / min(self.rarest, self.images)) - self.favourable)

    def _score(self, loss: float) -> float:
        """Tango's statistic for this loss, per √image: (loss − observed) / √variance, the variance under that loss."""
        if loss < 0:
            return -self.mirrored._score(-loss)
        # The most likely share of favourable images if the loss is this one, in closed form.
        middle = self.adverse * (1 + loss) + self.favourable * (1 - loss) - 2 * loss
        favourable = (middle + math.sqrt(middle**2 + 8 * self.favourable * loss * (1 - loss))) / 4
        variance = 2 * max(favourable, 0.0) + loss - loss**2
        return (loss - self.loss) / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, loss - self.loss)


def simultaneous_bounds(evidence: Evidence, spread: Spread, *, confidence: float) -> Floats:
    """(networks, networks): what the row's network loses at most against the column's, all together.

    The truly best network is among the others, whichever it is, so what a row loses at most against any other bounds
    its loss against the best, for all rows together, if the K − 1 comparisons with that one hold: each is at a level of
    (1 − confidence)/(K − 1). This is J. C. Hsu's "multiple comparisons with the best" (Annals of Statistics 9, 1981)
    with Bonferroni's inequality.

    The spread of trainings is added in squares (G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008). It is known
    from few trainings, less what images explain, so the whole has the quantile of t at their degrees of freedom.
    """
    networks = len(evidence.correct)
    alpha = (1 - confidence) / max(1, networks - 1)
    of_images = t_quantile(1 - alpha, independent_units(evidence.images, evidence.groups) - 1)
    widened = max(1.0, t_quantile(1 - alpha, spread.degrees) / of_images)
    added = of_images**2 * 2 * spread.variance / evidence.effective_trainings
    bounds = np.zeros((networks, networks))
    for row, column in combinations(range(networks), 2):
        pair = Disagreement.between(evidence.correct[column], evidence.correct[row], evidence.groups, evidence.strata)
        for place, one in (((row, column), pair), ((column, row), pair.mirrored)):
            reach = one.upper_bound(alpha) - one.loss
            both = widened * math.sqrt(max(0.0, reach**2 + added))
            bounds[place] = min(1.0, one.loss + max(reach, both)) if math.isfinite(of_images) else 1.0
    return bounds


def _centred(weights: Floats, excess: Floats, strata: Integers | None) -> Floats:
    """(images,): the weighted distance of each image's difference to the mean of its stratum."""
    if strata is None or not strata.any():
        return np.asarray(excess - excess.mean())
    sizes = np.bincount(strata)
    means = np.bincount(strata, weights=excess) / sizes
    few = np.sqrt(sizes / np.maximum(sizes - 1, 1))  # by which the residuals of few images are too small
    return np.asarray((weights * few[strata]) * (excess - means[strata]))
