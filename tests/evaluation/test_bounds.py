"""Bounds of what one network loses against another: Tango's closed formula, and what widens it."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from leadline.evaluation.bounds import Disagreement, simultaneous_bounds
from leadline.evaluation.contestant import Contestant, Evidence
from leadline.evaluation.spread import Spread

NONE = Spread(0.0, math.inf, assumed=False)
Contestants = Callable[..., Contestant]


def paired(adverse: int, favourable: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(reference, network), each (n, 1)."""
    reference, network = np.ones(n), np.ones(n)
    network[:adverse] = 0
    reference[adverse : adverse + favourable] = 0
    return reference[:, None], network[:, None]


@pytest.mark.parametrize(("adverse", "favourable", "n"), [(9, 4, 300), (0, 6, 500), (30, 31, 1000), (40, 5, 200)])
def test_the_bound_solves_tangos_equation(adverse: int, favourable: int, n: int) -> None:
    bound = Disagreement.between(*paired(adverse, favourable, n), None).upper_bound(0.01)
    # The share of favourable images is the larger root of Tango's quadratic for this loss.
    a, b, c = 2 * n, -adverse - favourable + (2 * n - adverse + favourable) * bound, -favourable * bound * (1 - bound)
    share = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    statistic = (n * bound - adverse + favourable) / math.sqrt(n * (2 * share + bound * (1 - bound)))
    assert statistic == pytest.approx(stats.t.ppf(0.99, n - 1), abs=1e-4)


def test_without_a_disagreement_the_rule_of_three_remains() -> None:
    bound = Disagreement.between(*paired(0, 0, 300), None).upper_bound(0.05)
    assert bound >= 1 - 0.05 ** (1 / 300)
    assert bound == pytest.approx(3 / 300, rel=0.1)


def test_equal_classes_counted_alike_change_nothing() -> None:
    reference, network = paired(12, 4, 400)
    alone = Disagreement.between(reference, network, None)
    alike = Disagreement.between(reference, network, None, np.zeros(400, dtype=np.int64))
    assert alike.upper_bound(0.05) == pytest.approx(alone.upper_bound(0.05))


def test_a_rare_class_leaves_more_open_than_a_frequent_one() -> None:
    strata = (np.arange(1000) >= 950).astype(np.int64)
    same = np.ones((1000, 1))
    bound = Disagreement.between(same, same, None, strata).upper_bound(0.05)
    # Fifty images without a mistake leave a loss of 3/50 in their class open, which is half as much of the mean.
    assert bound >= (1 - 0.05 ** (1 / 50)) / 2 * 0.98
    assert bound > 5 * Disagreement.between(same, same, None).upper_bound(0.05)


def test_balanced_loss_is_the_mean_of_the_classes_losses() -> None:
    reference, network = paired(12, 0, 400)
    strata = (np.arange(400) >= 100).astype(np.int64)  # the twelve are all in the class of 100
    assert Disagreement.between(reference, network, None, strata).loss == pytest.approx((12 / 100 + 0) / 2)


def test_groups_that_fail_together_widen_the_bound() -> None:
    reference, network = paired(12, 4, 400)
    groups = np.arange(400) // 10
    alone = Disagreement.between(reference, network, None).upper_bound(0.05)
    assert Disagreement.between(reference, network, groups).upper_bound(0.05) > 1.2 * alone
    assert Disagreement.between(reference, network, np.zeros(400, dtype=np.int64)).upper_bound(0.05) == 1.0


def test_all_pairs_hold_together_and_the_spread_is_added_in_squares(contestant: Contestants) -> None:
    random = np.random.default_rng(0)
    fold = np.arange(600) % 5
    right = random.random((3, 600)) < np.array([[0.95], [0.94], [0.9]])
    evidence = Evidence.shared_by([contestant(str(k), own, trainings=fold) for k, own in enumerate(right)], "accuracy")
    bounds = simultaneous_bounds(evidence, NONE, confidence=0.95)
    pair = Disagreement.between(right[0][:, None].astype(float), right[2][:, None].astype(float), None)
    assert bounds[2, 0] == pytest.approx(pair.upper_bound(0.05 / 2))
    assert (np.diag(bounds) == 0).all()
    images, trainings = stats.t.ppf(1 - 0.05 / 2, [599, 8])
    error = math.hypot((bounds[2, 0] - pair.loss) / images, math.sqrt(2 / 5) * 0.004)
    wider = simultaneous_bounds(evidence, Spread(0.004**2, 8, assumed=False), confidence=0.95)
    assert wider[2, 0] == pytest.approx(pair.loss + trainings * error)
    fewer = simultaneous_bounds(evidence, Spread(-(0.02**2), 8, assumed=False), confidence=0.95)
    assert fewer == pytest.approx(bounds), "trainings alike by chance are no ground for a narrower bound"
