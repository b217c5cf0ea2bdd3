"""AUROC and average precision: their values, influences and intervals against scikit-learn and closed formulas."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from leadline.evaluation.predictions import Predictions
from leadline.evaluation.ranking import Area, areas, mean_areas


def scored(decimals: int, *, images: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    positives = np.arange(images) % 3 == 0
    return (random.normal(size=images) + positives).round(decimals), positives


@pytest.mark.parametrize("decimals", [0, 1, 6])  # with 0 nearly everything is tied
def test_an_influence_is_what_a_weight_adds(decimals: int) -> None:
    scores, positives = scored(decimals)
    m, n = positives.sum(), (~positives).sum()
    for oracle, area in zip((roc_auc_score, average_precision_score), areas(scores, positives), strict=True):
        assert area.value == pytest.approx(oracle(positives, scores))
        assert area.influence.sum() == pytest.approx(0, abs=0.05)
        for image in range(0, 60, 7):
            step = np.eye(60)[image] * 1e-5
            up, down = (oracle(positives, scores, sample_weight=1 + sign * step) for sign in (1, -1))
            count = m if positives[image] else n
            # Influences are those of weights but for the degree of freedom that went into their centre.
            exact = positives[image] or oracle is roc_auc_score
            expected = (up - down) / 2e-5 * (math.sqrt(count / (count - 1)) if exact else 1)
            assert area.influence[image] == pytest.approx(expected, abs=1e-6)


def test_the_variance_of_auroc_is_delongs() -> None:
    scores, positives = scored(6, images=90)
    above = (scores[positives][:, None] > scores[~positives][None, :]).astype(float)
    delong = above.mean(axis=1).var(ddof=1) / len(above) + above.mean(axis=0).var(ddof=1) / above.shape[1]
    area = areas(scores, positives)[0]
    assert float(area.influence @ area.influence) == pytest.approx(delong)
    found = area.estimate(positives.astype(np.int64), groups=None, confidence=0.95)
    error = math.sqrt(delong) / (area.value * (1 - area.value)) * stats.t.ppf(0.975, len(above) - 1)
    for end, sign in ((found.low, -1), (found.high, 1)):
        assert math.log(end / (1 - end)) == pytest.approx(math.log(area.value / (1 - area.value)) + sign * error)


def test_two_classes_are_one_question_and_more_are_averaged(made_up: Callable[..., Predictions]) -> None:
    two = made_up(200, 2)
    both, one = (
        mean_areas(two.probabilities, two.label_indices)[0],
        areas(two.probabilities[:, 0], two.label_indices == 0)[0],
    )
    assert both.value == pytest.approx(one.value)
    assert both.influence == pytest.approx(one.influence)
    several = made_up(200, 4)
    assert mean_areas(several.probabilities, several.label_indices)[1].value == pytest.approx(
        average_precision_score(np.eye(4)[several.label_indices], several.probabilities)
    )


def test_a_class_of_few_patients_leaves_more_open_than_its_many_images() -> None:
    random = np.random.default_rng(1)
    patient = np.repeat(np.arange(10), 30)
    labels = (patient < 4).astype(np.int64)  # the label belongs to the patient
    scores = random.normal(size=300) + 2 * labels + random.normal(size=10)[patient]
    area = areas(scores, labels == 1)[0]
    alone = area.estimate(labels, groups=None, confidence=0.95)
    clustered = area.estimate(labels, groups=patient, confidence=0.95)
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)
    assert "10 groups" in clustered.method


def test_nothing_is_claimed_of_a_class_of_one_patient_or_of_a_perfect_order() -> None:
    labels, patient = np.repeat([0, 1], 20), np.r_[np.arange(20) % 5, np.full(20, 5)]
    area = areas(np.arange(40) * 1.0, labels == 1)[0]
    assert area.value == 1.0
    assert area.estimate(labels, groups=None, confidence=0.95).low is None
    spread = Area(0.8, np.linspace(-0.01, 0.01, 40))
    assert spread.estimate(labels, groups=patient, confidence=0.95).low is None
    assert spread.estimate(labels, groups=None, confidence=0.95).low is not None
