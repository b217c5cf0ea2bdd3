"""The answer of a comparison: which network to use, how sure that is, and what it could cost.

shown        the cheapest network whose loss against the best is under the margin with 95 % confidence
likely       otherwise the cheapest that is within the margin with a probability of 0.8
best guess   otherwise the most accurate
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from leadline.errors import UsageError
from leadline.evaluation.bounds import simultaneous_bounds
from leadline.evaluation.contestant import Contestant, Criterion, Evidence
from leadline.evaluation.intervals import balanced_share, independent_units, resampled_weights
from leadline.evaluation.posterior import confidence_set, drawn_estimates, losses
from leadline.evaluation.records import Estimate
from leadline.evaluation.spread import spread_of_trainings

Floats = npt.NDArray[np.float64]
Certainty = Literal["shown", "likely", "best guess"]

CONFIDENCE = 0.95
LIKELY = 0.8
# Fewer images, or groups, than this are no ground for "likely": by simulation it is then wrong too often.
FEWEST_IMAGES, FEWEST_GROUPS = 150, 20
# Times per image within this factor of each other are equal: the next measurement may turn them round.
EQUALLY_CHEAP = 1.5
FINALISTS = 4
# A heat is short: who is behind in it may overtake in the final, so this many go on where they learned at all.
FEWEST_FINALISTS = 3


@dataclass(frozen=True)
class Standing:
    """One network of the answer. Losses are against the best, in accuracy (or balanced accuracy)."""

    name: str
    estimate: Estimate
    loss: float  # observed, against the best observed
    loss_bound: float  # of the true loss against the truly best, for all networks at once
    probability: float  # of losing less than the margin
    multiply_adds: float
    seconds_per_image: float


@dataclass(frozen=True)
class Answer:
    """What a comparison comes to; `networks` are ordered by their time per image."""

    name: str
    certainty: Certainty
    probability: float  # of losing less than the margin against the best
    guaranteed_loss: float  # with 95 % confidence, for all networks at once
    expected_loss: float
    best: str  # observed
    indistinguishable: tuple[str, ...]  # from the best, besides the named one
    ruled_out: tuple[str, ...]  # shown not to be the best
    criterion: Criterion
    margin: float
    images: int
    left_out: int  # images that not every network could judge
    groups: int | None
    trainings: int  # of each network
    spread: float  # standard deviation of one training
    spread_assumed: bool
    networks: tuple[Standing, ...]


def choose(
    contestants: Sequence[Contestant], *, margin: float = 0.01, criterion: Criterion = "accuracy", seed: int = 0
) -> Answer:
    """The answer over these networks, every one of which counts in "the best".

    Raises UsageError for what makes no comparison, and LeadlineError unless they were asked the same images.
    """
    _check(contestants, margin)
    evidence = Evidence.shared_by(contestants, criterion)
    spread = spread_of_trainings(evidence)
    drawn = drawn_estimates(evidence, spread, seed=seed)
    lost = losses(drawn)
    bounds = simultaneous_bounds(evidence, spread, confidence=CONFIDENCE).max(axis=1)
    probabilities = (lost < margin).mean(axis=0)
    named, certainty = _named(contestants, evidence, bounds, probabilities, margin)
    best = _most_accurate(contestants, evidence.estimates, range(len(contestants)))
    in_set = _confidence_set(evidence, drawn)
    standings = [
        Standing(
            name=one.name,
            estimate=_estimate(evidence, k, criterion),
            loss=float(evidence.estimates[best] - evidence.estimates[k]),
            loss_bound=float(bounds[k]),
            probability=float(probabilities[k]),
            multiply_adds=one.multiply_adds,
            seconds_per_image=one.seconds_per_image,
        )
        for k, one in enumerate(contestants)
    ]
    return Answer(
        name=contestants[named].name,
        certainty=certainty,
        probability=float(probabilities[named]),
        guaranteed_loss=float(bounds[named]),
        expected_loss=float(lost[:, named].mean()),
        best=contestants[best].name,
        indistinguishable=tuple(contestants[k].name for k in in_set if k != named),
        ruled_out=tuple(one.name for k, one in enumerate(contestants) if k not in in_set and k != named),
        criterion=criterion,
        margin=margin,
        images=evidence.images,
        left_out=evidence.left_out,
        groups=evidence.group_count,
        trainings=int(evidence.trainings.max()) + 1,
        spread=spread.sigma,
        spread_assumed=spread.assumed,
        networks=tuple(sorted(standings, key=lambda one: (one.seconds_per_image, one.multiply_adds, one.name))),
    )


def survivors(
    contestants: Sequence[Contestant], *, criterion: Criterion = "accuracy", seed: int = 0
) -> tuple[str, ...]:
    """Who goes from the heat to the final, four at most: those like the best and the cheapest that learned; where these
    are fewer than three, the next best that learned too."""
    _check(contestants)
    evidence = Evidence.shared_by(contestants, criterion)
    drawn = drawn_estimates(evidence, spread_of_trainings(evidence), seed=seed)
    kept = sorted(_confidence_set(evidence, drawn), key=lambda k: -evidence.estimates[k])[:FINALISTS]
    learned = [k for k, one in enumerate(contestants) if not never_learned(one)]
    cheapest = min(learned, key=lambda k: contestants[k].seconds_per_image, default=kept[0])
    if cheapest not in kept:
        kept = [*kept[: FINALISTS - 1], cheapest]
    further = sorted((k for k in learned if k not in kept), key=lambda k: -evidence.estimates[k])
    kept += further[: max(0, FEWEST_FINALISTS - len(kept))]
    return tuple(contestants[k].name for k in kept)


def never_learned(contestant: Contestant) -> bool:
    """Whether its balanced accuracy is not shown to be above that of guessing, one-sided at 95 %."""
    right = np.asarray(contestant.correct.mean(axis=1))
    present = len(np.unique(contestant.labels))
    _, low, _ = balanced_share(right, contestant.labels, groups=contestant.groups, confidence=2 * CONFIDENCE - 1)
    return present > 1 and low <= 1 / present


def selection_flattery(contestants: Sequence[Contestant], *, criterion: Criterion = "accuracy", seed: int = 0) -> float:
    """By how much the estimate of the best of these networks is too good, for having been chosen by it.

    In each bootstrap resample the best is chosen again, and judged by the images (or groups) that the resample does not
    hold; the flattery is what its observed estimate exceeds their mean by (I. Tsamardinos, E. Greasidou and G.
    Borboudakis, Machine Learning 107, 2018).
    """
    evidence = Evidence.shared_by(contestants, criterion)
    if len(contestants) < 2:
        return 0.0
    weighted, weights = evidence.right * evidence.weights, evidence.weights
    unseen = []
    for drawn in resampled_weights(evidence.images, groups=evidence.groups, seed=seed):
        chosen = (weighted @ drawn / (weights @ drawn)).argmax(axis=0)
        rest = (drawn == 0).astype(np.float64)
        with np.errstate(invalid="ignore"):
            unseen.append((weighted @ rest / (weights @ rest))[chosen, np.arange(drawn.shape[1])])
    return max(0.0, float(evidence.estimates.max() - np.nanmean(np.concatenate(unseen))))


def _check(contestants: Sequence[Contestant], margin: float = 0.01) -> None:
    if not contestants:
        raise UsageError("no network to choose from")
    name, times = Counter(contestant.name for contestant in contestants).most_common(1)[0]
    if times > 1:
        raise UsageError(f"{name}: {times} networks of this name; trainings of one network belong into one contestant")
    if not 0 < margin < 1:
        raise UsageError(f"margin {margin}: a loss of accuracy between 0 and 1 is expected (0.01 is one point)")


def _named(
    contestants: Sequence[Contestant], evidence: Evidence, bounds: Floats, probabilities: Floats, margin: float
) -> tuple[int, Certainty]:
    enough = evidence.images >= FEWEST_IMAGES and (evidence.group_count or FEWEST_GROUPS) >= FEWEST_GROUPS
    everyone = range(len(contestants))
    if shown := [k for k in everyone if bounds[k] < margin]:
        return _cheapest(contestants, evidence.estimates, shown), "shown"
    if enough and (likely := [k for k in everyone if probabilities[k] >= LIKELY]):
        return _cheapest(contestants, evidence.estimates, likely), "likely"
    return _most_accurate(contestants, evidence.estimates, everyone), "best guess"


def _cheapest(contestants: Sequence[Contestant], estimates: Floats, among: Sequence[int]) -> int:
    """The most accurate of those that are as cheap as the cheapest."""
    limit = EQUALLY_CHEAP * min(contestants[k].seconds_per_image for k in among)
    return _most_accurate(contestants, estimates, [k for k in among if contestants[k].seconds_per_image <= limit])


def _most_accurate(contestants: Sequence[Contestant], estimates: Floats, among: Sequence[int]) -> int:
    return min(among, key=lambda k: (-estimates[k], contestants[k].multiply_adds, contestants[k].name))


def _confidence_set(evidence: Evidence, drawn: Floats) -> list[int]:
    units = independent_units(evidence.images, evidence.groups)
    return confidence_set(evidence.estimates, drawn, units=units, confidence=CONFIDENCE)


def _estimate(evidence: Evidence, k: int, criterion: Criterion) -> Estimate:
    value, low, high = balanced_share(evidence.right[k], evidence.strata, groups=evidence.groups, confidence=CONFIDENCE)
    clustered = "" if evidence.group_count is None else f", clustered by {evidence.group_count} groups"
    joined = "Wilson" if criterion == "accuracy" else "Wilson of each class, in squares"
    return Estimate(value, low, high, joined + clustered, evidence.images)
