"""A time becomes a number of steps once; after that no clock is asked."""

import pytest

from leadline.training.cost import Cost, epochs_within


def test_the_epochs_that_fit_fill_the_time() -> None:
    costs = [Cost(0.001, 0.0003), Cost(0.004, 0.001)]
    images = {"train": 5000, "validation": 1000, "test": 1000}
    epochs = epochs_within(600, costs, **images)
    assert sum(cost.seconds(epochs, **images) for cost in costs) == pytest.approx(600, rel=1e-6)


def test_twice_the_time_is_about_twice_the_epochs() -> None:
    images = {"train": 5000, "validation": 10, "test": 10}
    cost = [Cost(0.001, 0.0001)]
    assert epochs_within(200, cost, **images) == pytest.approx(2 * epochs_within(100, cost, **images), rel=0.01)


def test_no_time_is_no_epoch() -> None:
    assert epochs_within(0.0, [Cost(1.0, 1.0)], train=10, validation=10, test=10) == pytest.approx(0)
