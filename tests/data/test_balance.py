"""Weights and draws make classes count equally, by closed formulas."""

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from leadline.data.balance import balanced_order, class_weights, occurrence

LABELS = np.array([0] * 70 + [1] * 25 + [2] * 5)


def test_weights_are_one_on_average_and_equal_in_sum_for_every_class() -> None:
    weights = class_weights(LABELS, 3)
    assert weights[LABELS].mean() == pytest.approx(1)
    sums = [weights[LABELS[label == LABELS]].sum() for label in range(3)]
    assert sums == pytest.approx([100 / 3] * 3)
    assert weights == pytest.approx(compute_class_weight("balanced", classes=np.arange(3), y=LABELS))


def test_a_class_without_images_takes_no_weight_from_the_others() -> None:
    weights = class_weights(LABELS, 4)
    assert weights[3] == 0
    assert weights[LABELS].mean() == pytest.approx(1)


def test_every_epoch_draws_each_class_equally_often() -> None:
    rows = np.arange(1000, 1100)
    for epoch in range(8):
        order = balanced_order(rows, LABELS, seed=3, epoch=epoch)
        assert len(order) == 100
        drawn = Counter(LABELS[order - 1000].tolist())
        assert sorted(drawn.values()) == [33, 33, 34]
        for label in range(3):  # no image of a class comes twice more often than another
            counts = np.bincount(order - 1000, minlength=100)[label == LABELS]
            assert counts.max() - counts.min() <= 1


def test_over_the_epochs_the_odd_draw_and_the_images_of_a_large_class_change() -> None:
    orders = [balanced_order(np.arange(100), LABELS, seed=0, epoch=epoch) for epoch in range(60)]
    extra = Counter(int(np.bincount(LABELS[order]).argmax()) for order in orders)
    assert set(extra) == {0, 1, 2}
    seen = np.bincount(np.concatenate(orders), minlength=100)[:70]
    assert seen.mean() == pytest.approx(60 * 100 / 3 / 70, rel=0.02)
    assert seen.min() > 10


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first, again = (balanced_order(np.arange(100), LABELS, seed=1, epoch=2) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, balanced_order(np.arange(100), LABELS, seed=1, epoch=3))
    assert not np.array_equal(first, balanced_order(np.arange(100), LABELS, seed=2, epoch=2))


def test_occurrences_count_how_often_a_row_came_before() -> None:
    order = np.array([4, 7, 4, 4, 9, 7])
    assert occurrence(order).tolist() == [0, 0, 1, 2, 0, 1]
    assert occurrence(np.array([], dtype=np.int64)).tolist() == []


def test_a_weighted_loss_has_the_gradient_of_the_formula() -> None:
    from leadline.training.loop import loss_of

    from ..training.test_recipe import recipe

    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    labels = torch.tensor([0, 0, 1, 2, 0, 1])
    weights = torch.tensor(class_weights(LABELS, 3), dtype=torch.float32)[labels]
    loss_of(logits, labels, recipe(label_smoothing=0.1), weights).backward()
    smoothed = torch.nn.functional.one_hot(labels, 3) * 0.9 + 0.1 / 3
    expected = weights[:, None] * (logits.softmax(dim=1) - smoothed) / 6
    assert torch.allclose(logits.grad, expected, atol=1e-6)
    with_ones = [loss_of(logits, labels, recipe(), one) for one in (None, torch.ones(6))]
    assert torch.allclose(*with_ones)
