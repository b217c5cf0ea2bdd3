"""The verdict: the cheapest network that is shown not to lose more than a margin of accuracy against the best one."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leadline.errors import UsageError
from leadline.evaluation.noninferiority import disagreements, images_factor, loss_bounds
from leadline.evaluation.paired import right_answers
from leadline.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CHOSEN, UNDECIDED, NOT_JUDGED = "chosen", "undecided", "not judged"
# A validation after this share of the training or before is where the last rise is measured from.
LAST_TENTH = 0.9


@dataclass(frozen=True)
class Candidate:
    """One network of a comparison: its validation or out-of-fold predictions, one table per seed, and what it costs.

    `cost` is in multiply-adds per image, so that no clock decides. `not_judged` says why its accuracy is not to be
    compared, where it is not.
    """

    name: str
    predictions: Predictions | Sequence[Predictions]
    cost: float
    not_judged: str = ""

    @property
    def seeds(self) -> list[Predictions]:
        return [self.predictions] if isinstance(self.predictions, Predictions) else list(self.predictions)


@dataclass(frozen=True)
class Judged:
    """One network of a verdict. `loss` is observed, against the best observed; `loss_upper` bounds the true one."""

    name: str
    accuracy: float
    loss: float
    loss_upper: float
    within_margin: bool


@dataclass(frozen=True)
class Verdict:
    """What a comparison comes to. Accuracies and losses are fractions; `networks` are ordered by what they cost."""

    choice: str | None
    outcome: str
    reason: str
    margin: float
    confidence: float
    best: str | None
    networks: tuple[Judged, ...]
    images_needed: int | None
    not_judged: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, and for comparison.json."""
        return asdict(self) | {"networks": [asdict(one) for one in self.networks]}


def decide(candidates: Sequence[Candidate], *, margin: float = 0.01, confidence: float = 0.95) -> Verdict:
    """The verdict over these candidates; docs/evaluation.md derives the rule and shows its error rates.

    Raises LeadlineError unless all were given the same readable, labelled images, and UsageError for what makes no
    comparison.
    """
    _check(candidates, margin, confidence)
    judged = sorted((one for one in candidates if not one.not_judged), key=lambda one: (one.cost, one.name))
    not_judged = {one.name: one.not_judged for one in candidates if one.not_judged}
    left_out = "; ".join(f"{name} ({why})" for name, why in not_judged.items())
    if not judged:
        reason = f"None of the networks could be judged: {left_out}."
        return Verdict(None, NOT_JUDGED, reason, margin, confidence, None, (), None, not_judged)
    right, groups = _right_answers(judged)
    rivals = disagreements(right, groups)
    accuracies = [float(own.mean()) for own in right]
    networks = [
        Judged(one.name, accuracy, max(accuracies) - accuracy, bound, bound < margin)
        for one, accuracy, bound in zip(judged, accuracies, loss_bounds(rivals, confidence), strict=True)
    ]
    choice = next((network for network in networks if network.within_margin), None)
    factor = math.inf
    if len(judged) == 1:
        # A single network of several is no answer: those that were not judged may be better, given more training.
        choice = networks[0] if not not_judged else None
        reason = f"{networks[0].name} was the only network to judge, so there was nothing to compare it with."
    elif choice:
        reason = _why_chosen(choice, networks, len(right[0]), margin, confidence)
    else:
        factor = images_factor(rivals, confidence, margin)
        reason = _why_undecided(len(right[0]), groups, factor, margin, confidence)
    return Verdict(
        choice=choice.name if choice else None,
        outcome=CHOSEN if choice else UNDECIDED,
        reason=f"{reason} Not judged: {', '.join(not_judged)}." if not_judged else reason,
        margin=margin,
        confidence=confidence,
        best=networks[accuracies.index(max(accuracies))].name,
        networks=tuple(networks),
        images_needed=_rounded_up(len(right[0]) * factor) if math.isfinite(factor) else None,
        not_judged=not_judged,
    )


def still_improving(fractions: Sequence[float], accuracies: Sequence[float], *, margin: float = 0.01) -> str:
    """Why a network is not to be judged yet, or "" where it had stopped improving.

    From the validation accuracies (fractions) after fractions of its training (above 0, up to 1). It was still
    improving if the last is more than the margin above the latest one at or before nine tenths of the training.
    """
    points = sorted(zip(fractions, accuracies, strict=True))
    if any(not math.isfinite(accuracy) for _, accuracy in points):
        return "its validation accuracy was not a number"
    before = [accuracy for fraction, accuracy in points if fraction <= LAST_TENTH + 1e-9]
    if len(points) < 3 or not before or points[-1][0] <= LAST_TENTH + 1e-9:
        return "it was validated too seldom to see whether it had stopped improving"
    rise = points[-1][1] - before[-1]
    if rise > margin + 1e-12:
        return f"it was still improving: its accuracy rose by {100 * rise:.1f} points in the last tenth of its training"
    return ""


def never_learned(accuracy: float, majority_baseline: float) -> str:
    """Why a network is not to be judged, or "" where it does better than always answering the most frequent class."""
    if accuracy > majority_baseline:
        return ""
    return (
        f"it never learned: {100 * accuracy:.1f} % right, and always answering the most frequent class "
        f"gives {100 * majority_baseline:.1f} %"
    )


def _check(candidates: Sequence[Candidate], margin: float, confidence: float) -> None:
    if not candidates:
        raise UsageError("no network to decide between")
    names = [one.name for one in candidates]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name}: two networks of this name; seeds of one network belong into one candidate")
    for one in candidates:
        if not one.seeds and not one.not_judged:
            raise UsageError(f"{one.name}: no predictions to judge it by")
    if not 0 < margin < 1:
        raise UsageError(f"margin {margin}: a loss of accuracy between 0 and 1 is expected (0.01 is one point)")
    if not 0.5 <= confidence < 1:
        raise UsageError(f"confidence {confidence}: expected from 0.5 to below 1")


def _right_answers(judged: Sequence[Candidate]) -> tuple[list[Floats], Integers | None]:
    """Per network who was right, (images, seeds), and the groups of the images."""
    tables = {
        one.name if len(one.seeds) == 1 else f"{one.name}, seed {seed}": table
        for one in judged
        for seed, table in enumerate(one.seeds)
    }
    right, groups = right_answers(tables)
    ends = np.cumsum([len(one.seeds) for one in judged])
    return np.split(right.astype(np.float64), ends[:-1], axis=1), groups


def _why_chosen(choice: Judged, networks: list[Judged], images: int, margin: float, confidence: float) -> str:
    cheaper = [one.name for one in networks[: networks.index(choice)] if one.loss < margin]
    unsettled = f"; they cannot tell whether the cheaper {' or '.join(cheaper)} would do" if cheaper else ""
    return (
        f"{choice.name} is the cheapest network shown to lose less than {_points(margin)} of accuracy against the "
        f"best: at most {100 * choice.loss_upper:.2f} with {100 * confidence:g} % confidence, on the same {images:,} "
        f"images{unsettled}."
    )


def _why_undecided(images: int, groups: Integers | None, factor: float, margin: float, confidence: float) -> str:
    reason = (
        f"On these {images:,} images no network can be shown, with {100 * confidence:g} % confidence, to lose less "
        f"than {_points(margin)} of accuracy against the best"
    )
    count = 0 if groups is None else int(groups.max()) + 1
    if count == 1:
        return f"{reason}: all of them are of one group, which says nothing of others."
    if not math.isfinite(factor):
        return f"{reason}: from one training to the next the networks vary more than that, so it takes more seeds."
    of_groups = f" of about {_rounded_up(count * factor):,} groups" if count else ""
    return f"{reason}; about {_rounded_up(images * factor):,} images{of_groups} would be needed."


def _points(margin: float) -> str:
    return f"{100 * margin:g} percentage point" + ("" if margin == 0.01 else "s")


def _rounded_up(number: float) -> int:
    """To two digits, upwards: it is an estimate and must not look like more."""
    step: int = 10 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return math.ceil(number / step) * step
