"""The last layer on frozen features is the minimum of the objective that is stated, whatever finds it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from leadline.training.head import ABSENT, FOLDS, PENALTIES, UNTRIED, Head, cross_entropy, regress

Floats = NDArray[np.float64]


def blobs(*, classes: int, images: int = 240, width: int = 6, spread: float = 2.0) -> tuple[Floats, NDArray[np.int64]]:
    """Features around a centre per class, of very unlike scales, and a constant one."""
    random = np.random.default_rng(3)
    labels = np.arange(images) % classes
    features = random.normal(0, 1, (classes, width))[labels] + random.normal(0, spread, (images, width))
    return features * 10.0 ** np.arange(-2, width - 2) + 5, labels.astype(np.int64)


def objective(head: Head, features: Floats, labels: NDArray[np.int64], weights: Floats | None = None) -> float:
    """Mean cross-entropy plus half the penalty times the squared weights, those of standardised features."""
    standardised = head.weight * features.std(axis=0)
    return cross_entropy(head.logits(features), labels, weights) + head.penalty / 2 * float((standardised**2).sum())


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("weighed", [False, True])
def test_no_step_in_any_direction_lowers_the_objective(classes: int, weighed: bool) -> None:
    features, labels = blobs(classes=classes)
    weights = np.where(labels == 0, 3.0, 1.0) if weighed else None
    head = regress(features, labels, np.arange(len(labels)), classes=classes, weights=weights)
    assert head.converged
    least = objective(head, features, labels, weights)
    random = np.random.default_rng(0)
    for _ in range(200):
        step = random.normal(0, 0.02, head.weight.shape) / features.std(axis=0)
        other = Head(head.weight + step, head.bias, head.penalty, {}, 0, True)
        assert objective(other, features, labels, weights) > least - 1e-7
        moved = Head(head.weight, head.bias + random.normal(0, 0.02, classes), head.penalty, {}, 0, True)
        assert objective(moved, features, labels, weights) > least - 1e-7


def test_the_biases_make_the_mean_probability_of_a_class_its_share() -> None:
    features, labels = blobs(classes=3)
    labels[:100] = 0
    head = regress(features, labels, np.arange(len(labels)), classes=3)
    odds = np.exp(head.logits(features))
    found = (odds / odds.sum(axis=1, keepdims=True)).mean(axis=0)
    assert found == pytest.approx(np.bincount(labels) / len(labels), abs=2e-3)


def test_the_penalty_is_the_one_that_does_best_on_images_that_were_not_fitted() -> None:
    """Where the labels are chance the strongest is best; where they are plain a weak one."""
    random = np.random.default_rng(1)
    features, labels = random.normal(0, 1, (60, 80)), np.arange(60) % 2
    chance = regress(features, labels, np.arange(60), classes=2)
    assert chance.penalty == max(PENALTIES)
    assert chance.tried[chance.penalty] < 0.72  # of ln 2 = 0.69: it knows that it knows nothing
    assert len(chance.tried) < len(PENALTIES)  # weaker ones are not tried once they are worse
    plain = np.concatenate([features, 8.0 * labels[:, None]], axis=1)
    head = regress(plain, labels, np.arange(60), classes=2)
    assert head.penalty < 0.1
    assert head.penalty == min(head.tried, key=lambda one: head.tried[one])


def test_images_of_one_unit_are_never_on_both_sides() -> None:
    """Every unit has a feature of its own by which its images are known; the label of a unit is chance. Only where a
    unit is divided does that look like knowledge."""
    random = np.random.default_rng(2)
    units = np.repeat(np.arange(20), 10)
    labels = random.permutation(np.arange(20) % 2)[units]
    features = np.eye(20)[units] + random.normal(0, 0.01, (200, 20))
    together = regress(features, labels, units, classes=2)
    apart = regress(features, labels, np.arange(200), classes=2)
    assert min(apart.tried.values()) < 0.1
    assert min(together.tried.values()) > 0.6


def test_too_few_images_to_try_penalties_take_the_middle_one() -> None:
    features, labels = blobs(classes=3, images=3)
    head = regress(features, labels, np.arange(3), classes=3)
    assert head.tried == {}
    assert head.penalty == UNTRIED
    assert FOLDS > 2


def test_a_class_without_training_images_is_never_the_answer() -> None:
    features, labels = blobs(classes=2)
    head = regress(features, 2 * labels, np.arange(len(labels)), classes=3)
    typical = head.logits(features.mean(axis=0, keepdims=True))[0]
    assert typical[1] == pytest.approx(typical[[0, 2]].min() - ABSENT)
    assert set(head.logits(features).argmax(axis=1)) == {0, 2}
    alone = regress(features, np.full(len(labels), 1), np.arange(len(labels)), classes=3)
    assert set(alone.logits(features).argmax(axis=1)) == {1}
