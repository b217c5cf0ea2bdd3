"""Would more images help? Accuracy against the number of training images, and how far it may be carried on.

Errors of learned classifiers often fall as a power law with an end, error(n) = a + b n^−c (Hestness et al. 2017, arXiv
1712.00409; for few images Figueroa et al., BMC Medical Informatics and Decision Making 12, 2012). Three numbers from
four sizes are hardly ever known well. So nothing is said of a law by itself: the law is fitted to resamples of the
images and trainings, and what all those fits come to at twice the images is the answer, or that it cannot be said.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from leadline.errors import UsageError
from leadline.evaluation.bounds import Disagreement
from leadline.evaluation.intervals import (
    FEWEST_RESAMPLED,
    RESAMPLES,
    independent_units,
    proportion,
    resampled_weights,
    stretched,
    t_quantile,
)
from leadline.evaluation.paired import right_answers
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import CurvePoint, Doubling, Estimate, Forecast, Gain, Law, LearningCurve

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

YES, HARDLY, UNKNOWN = "yes", "hardly", "cannot be said"
FEWEST_SIZES = 4
# Exponents that were found lie between 0.07 and 0.5 (Hestness et al., table 1), and 1 for the easiest problems.
EXPONENTS = np.geomspace(0.05, 1.5, 100)
# What a training anew moves an accuracy by (standard deviation), where no second seed shows it.
SPREAD_OF_TRAININGS = 0.01
# Twice the images is what the answer is about; four times shows how little is known by then.
FORECAST = (2, 4)
POINTS_DRAWN = 21


def learning_curve(
    sizes: Mapping[int, Sequence[Predictions]], *, margin: float = 0.01, confidence: float = 0.95, seed: int = 0
) -> LearningCurve:
    """What the networks trained on `sizes` images (a table per seed, all of the same images) come to.

    `points`: images and accuracy of each size. `last_doubling`: what the last step gained, with an interval that holds
    the spread of trainings, without any law. `gain_of_twice`: what twice the images would add by the law, and `answer`,
    whether that is shown to be something and expected to be the margin or more ("yes"), shown to be less than the
    margin ("hardly"), or neither ("cannot be said"). `forecast` and `band` are accuracies by the law. Raises UsageError
    for fewer than two sizes.
    """
    if len(sizes) < 2:
        raise UsageError(f"{len(sizes)} size: a curve takes at least two")
    numbers = sorted(sizes)
    tables = {f"{n} images, seed {k}": table for n in numbers for k, table in enumerate(sizes[n])}
    right, groups = right_answers(tables)
    ends = np.cumsum([len(sizes[n]) for n in numbers])
    each = np.split(right.astype(np.float64), ends[:-1], axis=1)
    spread = _spread_of_trainings(np.array(numbers), each)
    points = tuple(
        CurvePoint(n, _accuracy(own, groups, confidence), tuple(own.mean(axis=0).tolist()))
        for n, own in zip(numbers, each, strict=True)
    )
    last = _last_doubling(numbers, each, groups, spread, confidence)
    why_not = _why_no_law(numbers, right, groups)
    if why_not:
        reason = f"It cannot be said whether more images would help: {why_not}."
        return LearningCurve(answer=UNKNOWN, reason=reason, points=points, last_doubling=last)
    carried_on = _carried_on(np.array(numbers), each, groups, spread, margin, confidence, seed)
    return msgspec.structs.replace(carried_on, points=points, last_doubling=last)


def _why_no_law(numbers: list[int], right: npt.NDArray[np.bool_], groups: Integers | None) -> str:
    units = len(right) if groups is None else int(groups.max()) + 1
    if len(numbers) < FEWEST_SIZES:
        return f"there are {len(numbers)} sizes, and a curve that may be carried on takes {FEWEST_SIZES}"
    if units < FEWEST_RESAMPLED:
        return f"{units} {'images' if groups is None else 'groups'} are too few to judge by"
    return ""


def _carried_on(
    numbers: Integers,
    each: list[Floats],
    groups: Integers | None,
    spread: float,
    margin: float,
    confidence: float,
    seed: int,
) -> LearningCurve:
    present = int(numbers[-1])
    relative = numbers / present
    errors, sampling = _errors(each)
    trained = spread**2 / np.array([own.shape[1] for own in each])
    weights = 1 / (sampling + trained)
    law = _fit(relative, errors[:, None], weights)
    draws = _resampled_errors(each, groups, seed) + np.sqrt(trained)[:, None] * _normal(len(numbers), seed)
    laws = _fit(relative, draws, weights)
    units = independent_units(len(each[0]), groups)

    def between(value: float, drawn: Floats) -> Gain:
        tail = (1 - confidence) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        low, high = stretched(value, (float(low), float(high)), units=units, confidence=confidence)
        return Gain(value, low, high)

    def accuracy(factor: float) -> Forecast:
        reached = between(1 - float(_error(law, factor)[0]), 1 - _error(laws, factor))
        value, low, high = (min(1.0, max(0.0, share)) for share in (reached.value, reached.low, reached.high))
        return Forecast(round(factor * present), value, low, high)

    gain = between(float((_error(law, 1.0) - _error(law, 2.0))[0]), _error(laws, 1.0) - _error(laws, 2.0))
    gain = Gain(gain.value, max(0.0, gain.low), gain.high)
    answer, reason = _answer(gain, present, margin, confidence)
    drawn = np.unique([*np.geomspace(relative[0], FORECAST[-1], POINTS_DRAWN), 1.0])
    return LearningCurve(
        answer=answer,
        reason=reason,
        law=Law(float(law[0][0]), float(law[1][0]), float(law[2][0]), present) if answer == YES else None,
        forecast=tuple(accuracy(factor) for factor in FORECAST),
        band=tuple(accuracy(float(factor)) for factor in drawn),
        gain_of_twice=gain,
        spread_of_trainings=spread,
    )


def _answer(gain: Gain, present: int, margin: float, confidence: float) -> tuple[str, str]:
    interval = f"{100 * gain.low:.1f} to {100 * gain.high:.1f} points, {100 * confidence:g} % interval"
    if gain.high < margin:
        return HARDLY, (
            f"Twice the {present:,} training images would hardly help: by the fitted law they would add less than "
            f"{100 * margin:g} points of accuracy ({interval})."
        )
    if gain.low > 0 and gain.value >= margin:
        return YES, (
            f"More images would help: by the fitted law twice the {present:,} training images would add about "
            f"{100 * gain.value:.1f} points of accuracy ({interval}), if they are like these."
        )
    return UNKNOWN, (
        f"It cannot be said whether twice the {present:,} training images would help: by the fitted law they might add "
        f"{interval}."
    )


def _accuracy(right: Floats, groups: Integers | None, confidence: float) -> Estimate:
    """Of all seeds together; an image's answers are one cluster."""
    images, seeds = right.shape
    clusters = groups if seeds == 1 else np.repeat(np.arange(images) if groups is None else groups, seeds)
    found = proportion(right.ravel() > 0.5, groups=clusters, confidence=confidence)
    return msgspec.structs.replace(found, n=images)


def _last_doubling(
    numbers: list[int], each: list[Floats], groups: Integers | None, spread: float, confidence: float
) -> Doubling:
    """Tango's interval, and in squares what either mean moves by from training to training."""
    earlier, later = each[-2:]
    alpha = (1 - confidence) / 2
    pair = Disagreement.between(later, earlier, groups)
    degrees = later.shape[1] + earlier.shape[1] - 2 or math.inf  # of a single seed each the spread is assumed
    moved = t_quantile(1 - alpha, degrees) * spread * math.sqrt(1 / later.shape[1] + 1 / earlier.shape[1])
    low, high = (math.hypot(one.upper_bound(alpha) - one.loss, moved) for one in (pair.mirrored, pair))
    return Doubling(numbers[-2], numbers[-1], pair.loss, max(-1.0, pair.loss - low), min(1.0, pair.loss + high))


def _errors(each: list[Floats]) -> tuple[Floats, Floats]:
    """(sizes,) each: the error of each size, and its variance from one sample of images to another."""
    errors = 1 - np.array([own.mean() for own in each])
    return errors, np.maximum(errors * (1 - errors), 1 / len(each[0])) / len(each[0])


def _spread_of_trainings(numbers: Integers, each: list[Floats]) -> float:
    """Standard deviation of one training's accuracy: from the seeds, and no less than the law leaves unexplained."""
    variances = [float(own.mean(axis=0).var(ddof=1)) for own in each if own.shape[1] > 1]
    known = math.sqrt(sum(variances) / len(variances)) if variances else SPREAD_OF_TRAININGS
    if len(numbers) < FEWEST_SIZES:
        return known
    relative, (errors, sampling) = numbers / numbers[-1], _errors(each)
    rest = errors - np.array([_error(_fit(relative, errors[:, None], 1 / sampling), one)[0] for one in relative])
    unexplained = math.sqrt(float(rest @ rest) / max(1, len(errors) - 3))
    return max(known, unexplained)


def _resampled_errors(each: list[Floats], groups: Integers | None, seed: int) -> Floats:
    """(sizes, resamples): of the same images, or groups of them, for all sizes."""
    right = np.stack([own.mean(axis=1) for own in each])
    blocks = [
        1 - right @ weights / weights.sum(axis=0)
        for weights in resampled_weights(right.shape[1], groups=groups, seed=seed)
    ]
    return np.concatenate(blocks, axis=1)


def _normal(sizes: int, seed: int) -> Floats:
    return np.random.default_rng([seed, 1]).standard_normal((sizes, RESAMPLES))


Fitted = tuple[Floats, Floats, Floats]  # end, fall, exponent: (curves,) each


def _fit(relative: Floats, errors: Floats, weights: Floats) -> Fitted:
    """The law of least weighted squares for each column of `errors` (sizes, curves), neither number below nothing.

    For an exponent it is a line in n^−c, whose best end and fall are known in closed form; exponents are tried in turn.
    """
    w = weights / weights.sum()
    best = np.full(errors.shape[1], np.inf)
    found = [np.zeros(errors.shape[1]) for _ in range(3)]
    mean = w @ errors
    for exponent in EXPONENTS:
        x = relative**-exponent
        centre = w @ x
        fall = np.maximum(0.0, (w * (x - centre)) @ (errors - mean) / (w @ (x - centre) ** 2))
        end = mean - fall * centre
        without_end = end < 0  # then the line goes through the origin
        fall = np.where(without_end, np.maximum(0.0, (w * x) @ errors / (w @ x**2)), fall)
        end = np.where(without_end, 0.0, end)
        squares = w @ (errors - end - fall * x[:, None]) ** 2
        better = squares < best - 1e-15
        best = np.where(better, squares, best)
        for part, value in zip(found, (end, fall, np.full_like(end, exponent)), strict=True):
            part[better] = value[better]
    return found[0], found[1], found[2]


def _error(law: Fitted, factor: float) -> Floats:
    end, fall, exponent = law
    return np.asarray(end + fall * factor**-exponent)
