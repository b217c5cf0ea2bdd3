"""The spread of trainings is found again in made-up answers of which it is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from leadline.evaluation.contestant import Contestant, Evidence
from leadline.evaluation.spread import ASSUMED, spread_of_trainings

Contestants = Callable[..., Contestant]


def squared(
    contestant: Contestants, sigma: float, *, seeds: bool, groups: int = 0, images: int = 2000, networks: int = 4
) -> float:
    """The mean of σ² over studies, which has no bias."""
    found = []
    for study in range(30):
        random = np.random.default_rng(study)
        repeats = 4 if seeds else 1
        trainings = np.tile(np.arange(4), (images, 1)) if seeds else (np.arange(images) // (images // 4))[:, None]
        group = random.integers(0, groups, images) if groups else None
        trainings = trainings if group is None or seeds else (group % 4)[:, None]
        hard = random.standard_normal((images, 1))
        contestants = []
        for k in range(networks):
            accuracy = 0.9 - 0.01 * k + sigma * random.standard_normal(4)
            own = random.standard_normal((images, repeats))
            if group is not None:
                own = np.sqrt(0.8) * own + np.sqrt(0.2) * random.standard_normal((groups, repeats))[group]
            right = np.sqrt(0.7) * hard + np.sqrt(0.3) * own < special.ndtri(accuracy)[trainings]
            contestants.append(contestant(str(k), right, trainings=trainings, groups=group))
        found.append(spread_of_trainings(Evidence.shared_by(contestants, "accuracy")).variance)
    return float(np.mean(found))


@pytest.mark.parametrize("seeds", [False, True])
@pytest.mark.parametrize("groups", [0, 80])
def test_the_spread_is_found_again(contestant: Contestants, seeds: bool, groups: int) -> None:
    assert squared(contestant, 0.02, seeds=seeds, groups=groups) == pytest.approx(0.02**2, rel=0.25)


@pytest.mark.parametrize("seeds", [False, True])
def test_images_alone_are_not_taken_for_spread(contestant: Contestants, seeds: bool) -> None:
    # The sampling error of an accuracy of 500 images is 0.013.
    assert abs(squared(contestant, 0.0, seeds=seeds)) < 0.003**2


def test_of_a_single_training_it_is_assumed_and_said(contestant: Contestants) -> None:
    right = np.arange(100) % 10 > 0
    found = spread_of_trainings(Evidence.shared_by([contestant("a", right), contestant("b", right)], "accuracy"))
    assert (found.sigma, found.assumed) == (ASSUMED, True)


def test_what_all_networks_share_is_no_spread(contestant: Contestants) -> None:
    fold = np.arange(500) % 5
    right = (np.arange(500) // 5 % 10 > 0) & ~((fold == 0) & (np.arange(500) % 2 == 0))  # fold 0 is hard for all
    same = [contestant(name, right, trainings=fold) for name in "ab"]
    found = spread_of_trainings(Evidence.shared_by(same, "accuracy"))
    assert (found.sigma, found.degrees, found.assumed) == (0.0, 4, False)
