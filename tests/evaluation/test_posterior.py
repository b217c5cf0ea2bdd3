"""What the answers leave possible: against closed formulas, and the Model Confidence Set against the package `arch`."""

from collections.abc import Callable

import numpy as np
import pytest

from leadline.evaluation.contestant import Contestant, Evidence
from leadline.evaluation.posterior import confidence_set, drawn_estimates, losses
from leadline.evaluation.spread import Spread

NONE = Spread(0.0, np.inf, assumed=False)
Contestants = Callable[..., Contestant]


def test_draws_have_the_mean_and_variance_of_dirichlet_weights(contestant: Contestants) -> None:
    right = np.arange(400) % 10 > 0
    evidence = Evidence.shared_by([contestant("a", right)], "accuracy")
    drawn = drawn_estimates(evidence, NONE, draws=20_000)[:, 0]
    assert drawn.mean() == pytest.approx(0.9, abs=1e-3)
    assert drawn.var() == pytest.approx(0.9 * 0.1 / 401, rel=0.05)  # Dirichlet(1, …, 1) over 400
    spread = Spread(0.03**2, np.inf, assumed=True)
    assert drawn_estimates(evidence, spread, draws=20_000).var() == pytest.approx(0.09 / 401 + 0.03**2, rel=0.05)


def test_groups_are_weighed_as_a_whole(contestant: Contestants) -> None:
    groups = np.arange(400) // 40
    right = groups % 10 > 0  # of ten groups one is wrong throughout
    drawn = drawn_estimates(Evidence.shared_by([contestant("a", right, groups=groups)], "accuracy"), NONE, draws=20_000)
    assert drawn.var() == pytest.approx(0.9 * 0.1 / 11, rel=0.05)


def test_balanced_draws_weigh_each_class_by_itself(contestant: Contestants) -> None:
    labels = (np.arange(400) >= 360).astype(np.int64)
    right = np.where(labels == 1, np.arange(400) % 2 == 0, True)
    evidence = Evidence.shared_by([contestant("a", right, labels=labels)], "balanced_accuracy")
    drawn = drawn_estimates(evidence, NONE, draws=20_000)
    assert drawn.mean() == pytest.approx(0.75, abs=2e-3)
    assert drawn.var() == pytest.approx(0.25 / 41 / 4, rel=0.05)


def test_a_loss_is_against_the_best_of_its_draw() -> None:
    assert losses(np.array([[0.9, 0.8], [0.5, 0.7]])).tolist() == [[0.0, pytest.approx(0.1)], [pytest.approx(0.2), 0.0]]


# arch 8, MCS(1 − right, method="R", block_size=1, reps=20000, seed=1).pvalues of the answers below.
P_VALUES = {5: 0.0, 4: 0.00105, 3: 0.2298, 2: 0.5277, 1: 0.5277, 0: 1.0}


@pytest.mark.parametrize("confidence", [0.4, 0.55, 0.7, 0.85, 0.95, 0.995])
def test_the_confidence_set_is_that_of_arch(contestant: Contestants, confidence: float) -> None:
    i = np.arange(400)
    hard = (i * 7919) % 997 / 997
    latent = [0.75 * hard + 0.25 * ((i * (104729 + 2026 * k * k + 7 * k)) % 1009) / 1009 for k in range(6)]
    right = [
        own < np.quantile(own, share) for own, share in zip(latent, (0.93, 0.92, 0.915, 0.9, 0.87, 0.8), strict=True)
    ]
    evidence = Evidence.shared_by([contestant(str(k), own) for k, own in enumerate(right)], "accuracy")
    drawn = drawn_estimates(evidence, NONE, draws=4000)
    found = confidence_set(evidence.estimates, drawn, units=400, confidence=confidence)
    assert sorted(found) == sorted(k for k, p in P_VALUES.items() if p >= 1 - confidence)


def test_networks_that_answer_alike_cannot_be_told_apart_nor_can_any_from_one_group(contestant: Contestants) -> None:
    right = np.arange(200) % 10 > 0
    groups = np.zeros(200, dtype=np.int64)
    same = Evidence.shared_by([contestant(name, right) for name in "ab"], "accuracy")
    assert confidence_set(same.estimates, drawn_estimates(same, NONE), units=200) == [0, 1]
    other = [contestant("a", right, groups=groups), contestant("b", ~right, groups=groups)]
    evidence = Evidence.shared_by(other, "accuracy")
    assert confidence_set(evidence.estimates, drawn_estimates(evidence, NONE), units=1) == [0, 1]
