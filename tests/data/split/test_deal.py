"""Whole units are dealt out; what comes out is near the best there is, which a search through all deals finds."""

from itertools import product

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from leadline.data.split.deal import WEIGHT_OF_UNITS, deal

WANTED = [0.7, 0.15, 0.15]


def unequal(seed: int, *, units: int, images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and units: units of very unequal sizes, each with a mixture of classes of its own."""
    random = np.random.default_rng(seed)
    sizes = random.dirichlet(np.full(units, 0.7))
    unit = np.concatenate([np.arange(units), random.choice(units, images - units, p=sizes)])
    mixtures = random.dirichlet(np.ones(classes), units)
    return np.array([random.choice(classes, p=mixtures[one]) for one in unit]), unit


def unevenness(labels: np.ndarray, units: np.ndarray, part: np.ndarray, wanted: list[float]) -> float:
    """What is to be small, written down again: squared deviations of shares, of each class and of the units."""
    of_unit = part[np.unique(units, return_index=True)[1]]
    found = 0.0
    for number, share in enumerate(wanted):
        classes = [np.mean(part[labels == label] == number) for label in np.unique(labels)]
        deviations = [(one - share) ** 2 / share for one in classes]
        found += np.mean(deviations) + WEIGHT_OF_UNITS * (np.mean(of_unit == number) - share) ** 2 / share
        found += 1000 * sum(one == 0 for one in classes)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_few_unequal_units_are_dealt_nearly_as_well_as_can_be(seed: int) -> None:
    labels, units = unequal(seed, units=7, images=200, classes=3)
    every = [unevenness(labels, units, np.array(one)[units], WANTED) for one in product(range(3), repeat=7)]
    assert unevenness(labels, units, deal(labels, units, WANTED, seed), WANTED) <= 1.1 * min(every)


@pytest.mark.parametrize("seed", range(6))
def test_units_are_whole_and_no_worse_dealt_than_by_scikit_learn(seed: int) -> None:
    labels, units = unequal(seed, units=40, images=2000, classes=4)
    part = deal(labels, units, [0.2] * 5, seed)
    assert all(len(set(part[units == unit])) == 1 for unit in range(40))
    other = np.zeros(len(labels), dtype=int)
    folder = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for fold, (_, rows) in enumerate(folder.split(np.zeros(len(labels)), labels, units)):
        other[rows] = fold
    assert unevenness(labels, units, part, [0.2] * 5) < unevenness(labels, units, other, [0.2] * 5)


def test_many_units_are_dealt_to_a_tenth_of_a_point() -> None:
    labels, units = unequal(0, units=300, images=20_000, classes=2)
    part = deal(labels, units, WANTED, 0)
    for label in range(2):
        shares = [np.mean(part[labels == label] == number) for number in range(3)]
        assert shares == pytest.approx(WANTED, abs=1e-3)


def test_a_class_in_three_units_only_is_in_every_part() -> None:
    for seed in range(8):
        labels, units = unequal(seed, units=30, images=600, classes=2)
        labels = np.where(np.isin(units, [3, 8, 21]), 2, labels)
        part = deal(labels, units, WANTED, seed)
        assert set(part[labels == 2]) == {0, 1, 2}


def test_the_key_alone_decides() -> None:
    labels, units = unequal(1, units=60, images=900, classes=2)
    assert np.array_equal(deal(labels, units, WANTED, 5), deal(labels, units, WANTED, 5))
    assert not np.array_equal(deal(labels, units, WANTED, 5), deal(labels, units, WANTED, 6))
