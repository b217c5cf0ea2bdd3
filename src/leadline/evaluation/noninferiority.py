"""How much worse one network could be than another, from the images on which they disagree.

The bound is the score bound of a difference of two paired proportions (T. Tango, "Equivalence test and confidence
interval for the difference in proportions for the paired-sample design", Statistics in Medicine 17, 1998). It keeps a
width where two networks agree on every image, where a standard error or a bootstrap has none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from leadline.evaluation.intervals import effective_size, independent_units, t_quantile

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

POWER = 0.8


@dataclass(frozen=True)
class Disagreement:
    """Where a network and a reference differ, as shares of the images, so that it can be scaled to more of them."""

    adverse: float  # only the reference is right
    favourable: float  # only the network is right
    seen: int  # images
    images: float  # as many independent ones as vary as much: fewer over groups, more over seeds
    units: float  # that are independent in truth: groups where there are any, images otherwise
    seed_variance: float  # of the difference, from training anew; no number of images lessens it
    seed_degrees: float

    @classmethod
    def between(cls, reference: Floats, network: Floats, groups: Integers | None) -> "Disagreement":
        """From the right answers (images, seeds) of each, 0 or 1, on the same images.

        With one seed each the networks are those that were trained, and no variance between seeds is known.
        """
        excess = reference.mean(axis=1) - network.mean(axis=1)
        adverse, favourable = float(excess.clip(min=0).mean()), float((-excess).clip(min=0).mean())
        loss = adverse - favourable
        images = effective_size(excess - loss, groups, simple_variance=adverse + favourable - loss**2)
        # Welch and Satterthwaite: variances of two means, each known from its own few seeds.
        parts = [
            (float(right.mean(axis=0).var(ddof=1)) / right.shape[1], right.shape[1] - 1)
            for right in (reference, network)
            if right.shape[1] > 1
        ]
        variance = sum(part for part, _ in parts)
        spread = sum(part**2 / degrees for part, degrees in parts)
        return cls(
            adverse=adverse,
            favourable=favourable,
            seen=len(excess),
            # However alike the answers of several seeds are, no more than there are answers.
            images=min(images, len(excess) * max(reference.shape[1], network.shape[1])),
            units=independent_units(len(excess), groups),
            seed_variance=variance,
            seed_degrees=variance**2 / spread if spread > 0 else math.inf,
        )

    @property
    def loss(self) -> float:
        """The accuracy of the reference minus that of the network."""
        return self.adverse - self.favourable

    def upper_bound(self, alpha: float) -> float:
        """The loss that is exceeded with probability alpha at most.

        Where seeds vary, their part is added in squares (G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008).
        """
        quantile = t_quantile(1 - alpha, self.units - 1)
        if self.images <= 0 or not math.isfinite(quantile):
            return 1.0
        low, high = self.loss, 1.0
        while high - low > 1e-9:
            middle = (low + high) / 2
            low, high = (middle, high) if self._score(middle) * math.sqrt(self.images) < quantile else (low, middle)
        bound = max(high, self._rule_of_three(alpha, 1.0))
        return min(1.0, self.loss + math.hypot(bound - self.loss, self._reach_of_seeds(alpha)))

    def images_factor(self, alpha: float, margin: float) -> float:
        """How many times the images would bring the bound under the margin, four times in five, if these shares hold.

        Infinite where they never would: the loss is not under the margin, or the seeds alone vary too much.
        """
        room = (margin - self.loss) ** 2 - self._reach_of_seeds(alpha) ** 2
        if self.loss >= margin or room <= 0 or self.images <= 0:
            return math.inf
        score = self._score(self.loss + math.sqrt(room)) * math.sqrt(self.images)

        def short(factor: float) -> bool:
            quantile = t_quantile(1 - alpha, self.units * factor - 1) + NormalDist().inv_cdf(POWER)
            return score * math.sqrt(factor) < quantile or self._rule_of_three(alpha, factor) >= margin

        low, high = 0.0, 1.0
        while short(high):
            low, high = high, 2 * high
        while high - low > 1e-3 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if short(middle) else (low, middle)
        return high

    def _reach_of_seeds(self, alpha: float) -> float:
        return t_quantile(1 - alpha, self.seed_degrees) * math.sqrt(self.seed_variance) if self.seed_variance else 0.0

    def _rule_of_three(self, alpha: float, factor: float) -> float:
        """Were more images adverse than this allows, one would have been seen with probability 1 − alpha."""
        return float(1 - alpha ** (1 / (min(self.seen, self.images) * factor)) - self.favourable)

    def _score(self, loss: float) -> float:
        """Tango's statistic for this loss, per √image: (loss − observed) / √variance, the variance under that loss."""
        if loss < 0:
            mirrored = replace(self, adverse=self.favourable, favourable=self.adverse)
            return -mirrored._score(-loss)
        # The most likely share of favourable images if the loss is this one, in closed form.
        middle = self.adverse * (1 + loss) + self.favourable * (1 - loss) - 2 * loss
        favourable = (middle + math.sqrt(middle**2 + 8 * self.favourable * loss * (1 - loss))) / 4
        variance = 2 * max(favourable, 0.0) + loss - loss**2
        return (loss - self.loss) / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, loss - self.loss)


def disagreements(right: Sequence[Floats], groups: Integers | None) -> list[list[Disagreement]]:
    """For each network, its disagreement with each other one, from the right answers (images, seeds) of each."""
    return [
        [Disagreement.between(right[j], own, groups) for j in range(len(right)) if j != k]
        for k, own in enumerate(right)
    ]


def loss_bounds(rivals: list[list[Disagreement]], confidence: float) -> list[float]:
    """What each network loses at most against the truly best one, all bounds together with this confidence.

    A network's bound is its largest against any other. The truly best network is among the others, whichever it is, so
    all hold together if the comparisons with that one do: K − 1 of them, each at a level of (1 − confidence)/(K − 1).
    This is J. C. Hsu's "multiple comparisons with the best" (Annals of Statistics 9, 1981), with Bonferroni's
    inequality in the place of Dunnett's distribution, which would save less than a tenth of the images.
    """
    alpha = _level(rivals, confidence)
    return [max((0.0, *(pair.upper_bound(alpha) for pair in pairs))) for pairs in rivals]


def images_factor(rivals: list[list[Disagreement]], confidence: float, margin: float) -> float:
    """How many times the images would bring the bound of some network under the margin; infinite where none would."""
    alpha = _level(rivals, confidence)
    return min(max(pair.images_factor(alpha, margin) for pair in pairs) for pairs in rivals)


def _level(rivals: list[list[Disagreement]], confidence: float) -> float:
    return (1 - confidence) / max(1, len(rivals) - 1)
