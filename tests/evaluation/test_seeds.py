from collections.abc import Callable

import numpy as np
import pytest

from leadline.errors import UsageError
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.seeds import seed_spread


def test_the_spread_between_seeds_stands_beside_that_between_images(answers: Callable[..., Predictions]) -> None:
    generator = np.random.default_rng(0)
    right = generator.random((400, 3)) < [0.8, 0.85, 0.9]
    found = seed_spread([answers(right[:, k]) for k in range(3)])
    assert found.accuracies == pytest.approx(right.mean(axis=0))
    assert found.accuracy == pytest.approx(right.mean())
    assert found.between_seeds == pytest.approx(right.mean(axis=0).std(ddof=1))
    assert found.between_images == pytest.approx(right.mean(axis=1).std() / 20)


def test_one_group_has_no_spread_between_groups(answers: Callable[..., Predictions]) -> None:
    table = answers([True, False, True], groups=["p"] * 3)
    found = seed_spread([table, table])
    assert found.accuracies == pytest.approx((2 / 3, 2 / 3))
    assert (found.between_seeds, found.between_images, found.n) == (0.0, None, 3)


def test_one_seed_has_no_spread(answers: Callable[..., Predictions]) -> None:
    with pytest.raises(UsageError, match="at least two"):
        seed_spread([answers([True])])
