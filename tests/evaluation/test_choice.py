"""The answer of a comparison: always a name, the cheapest that will do, and never surer than the images allow."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from leadline.errors import UsageError
from leadline.evaluation.choice import choose, never_learned, selection_flattery, survivors
from leadline.evaluation.contestant import Contestant

Contestants = Callable[..., Contestant]


def wrong_on(*shares: tuple[float, float], images: int) -> np.ndarray:
    """Right everywhere but on these stretches of the images."""
    place = np.arange(images) / images
    return ~np.any([(low <= place) & (place < high) for low, high in shares], axis=0)


def test_the_cheapest_network_that_is_shown_to_do_is_named(contestant: Contestants) -> None:
    fold = np.random.default_rng(0).permutation(4000) % 5
    best = contestant("vgg", wrong_on((0, 0.05), images=4000), trainings=fold, seconds=20.0)
    near = contestant("nin", wrong_on((0, 0.0505), images=4000), trainings=fold, seconds=2.0)
    poor = contestant("lenet", wrong_on((0, 0.2), images=4000), trainings=fold, seconds=1.0)
    found = choose([best, near, poor])
    assert (found.name, found.certainty, found.best) == ("nin", "shown", "vgg")
    assert found.guaranteed_loss < 0.01
    assert found.ruled_out == ("lenet",)
    assert found.indistinguishable == ("vgg",)
    assert [one.name for one in found.networks] == ["lenet", "nin", "vgg"]
    assert found.networks[1].loss == pytest.approx(0.0005)
    assert not found.spread_assumed


def test_equally_cheap_networks_are_told_by_their_accuracy(contestant: Contestants) -> None:
    fold = np.random.default_rng(0).permutation(4000) % 5
    cheap = contestant("cheap", wrong_on((0, 0.051), images=4000), trainings=fold, seconds=1.0)
    better = contestant("better", wrong_on((0, 0.05), images=4000), trainings=fold, seconds=1.4)
    assert choose([cheap, better]).name == "better"
    assert choose([cheap, replace(better, seconds_per_image=1.6)]).name == "cheap"


def test_a_network_that_learned_nothing_still_counts_and_one_that_is_best_is_never_left_out(
    contestant: Contestants,
) -> None:
    images = 2000
    good = contestant("good", wrong_on((0, 0.08), images=images), seconds=0.5)
    worse = [contestant(name, wrong_on((0, 0.15), images=images), seconds=5.0) for name in ("a", "b")]
    found = choose([*worse, good])
    assert found.name == "good"
    assert set(found.ruled_out) == {"a", "b"}


@pytest.mark.parametrize(
    ("images", "groups", "certainty"),
    [(149, 0, "best guess"), (150, 0, "likely"), (190, 19, "best guess"), (200, 20, "likely"), (100, 50, "best guess")],
)
def test_few_images_or_groups_are_a_best_guess_however_probable(
    contestant: Contestants, images: int, groups: int, certainty: str
) -> None:
    group = np.arange(images) % groups if groups else None
    right = [wrong_on((0, 0.1), images=images), wrong_on((0.05, 0.15), images=images)]
    found = choose([contestant(name, own, groups=group) for name, own in zip("ab", right, strict=True)], margin=0.04)
    assert found.probability >= 0.8
    assert found.certainty == certainty


def test_likely_has_a_probability_of_four_fifths_and_a_best_guess_is_the_best_observed(
    contestant: Contestants,
) -> None:
    certainties = set()
    for seed in range(12):
        random = np.random.default_rng(seed)
        right = random.random((3, 600)) < np.array([[0.94], [0.93], [0.92]])
        found = choose(
            [contestant(name, own, seconds=k + 1) for k, (name, own) in enumerate(zip("abc", right, strict=True))]
        )
        certainties.add(found.certainty)
        named = next(one for one in found.networks if one.name == found.name)
        assert found.probability == named.probability
        assert found.spread_assumed
        if found.certainty == "likely":
            assert found.probability >= 0.8
        if found.certainty == "best guess":
            assert found.name == found.best
            assert all(one.probability < 0.8 for one in found.networks)
    assert {"likely", "best guess"} <= certainties


def test_balanced_accuracy_does_not_take_blindness_for_a_rare_class_for_enough(contestant: Contestants) -> None:
    labels = (np.arange(3000) >= 2910).astype(np.int64)  # 3 % are sick
    fold = np.random.default_rng(0).permutation(3000) % 5
    blind = contestant("blind", labels == 0, labels=labels, trainings=fold, seconds=1.0)
    sees = wrong_on((0.5, 0.503), (0.97, 0.973), images=3000)
    seeing = contestant("seeing", sees, labels=labels, trainings=fold, seconds=9.0)
    found = choose([blind, seeing], criterion="balanced_accuracy")
    assert found.name == "seeing"
    assert found.networks[0].loss > 0.4
    assert found.networks[0].estimate.value == pytest.approx(0.5)


def test_the_same_seed_gives_the_same_answer_and_one_network_is_its_own_best(contestant: Contestants) -> None:
    random = np.random.default_rng(1)
    both = [contestant(name, random.random(300) < 0.9) for name in "ab"]
    assert choose(both, seed=3) == choose(both, seed=3)
    alone = choose(both[:1])
    assert (alone.name, alone.probability, alone.guaranteed_loss) == ("a", 1.0, 0.0)


def test_what_makes_no_comparison_is_refused(contestant: Contestants) -> None:
    one = contestant("vgg", np.ones(20))
    with pytest.raises(UsageError, match="no network"):
        choose([])
    with pytest.raises(UsageError, match="vgg: 2 networks"):
        choose([one, one])
    with pytest.raises(UsageError, match="margin 1"):
        choose([one], margin=1.0)


def test_the_final_takes_those_like_the_best_and_the_cheapest_that_learned(contestant: Contestants) -> None:
    images, random = 1000, np.random.default_rng(2)
    good = [contestant(f"good {k}", random.random(images) < 0.95, seconds=10 + k) for k in range(6)]
    cheap = contestant("cheap", random.random(images) < 0.85, seconds=1.0)
    guessing = contestant("guessing", np.arange(images) % 2 == 0, seconds=0.1)
    found = survivors([guessing, cheap, *good])
    assert len(found) == 4
    assert "cheap" in found
    assert "guessing" not in found
    best = max(good, key=lambda one: one.correct.mean()).name
    assert found[0] == best
    assert survivors([guessing, cheap, good[0]]) == ("good 0", "cheap")


def test_a_clear_leader_of_a_heat_meets_the_next_best_again(contestant: Contestants) -> None:
    random, images = np.random.default_rng(3), 9000
    leader = contestant("leader", random.random(images) < 0.8, seconds=0.1)
    behind = [contestant(f"{share}", random.random(images) < share / 100) for share in (78, 75, 69)]
    guessing = contestant("guessing", np.arange(images) % 2 == 0)
    assert survivors([guessing, *behind, leader]) == ("leader", "78", "75")


def test_a_constant_answer_has_not_learned_and_neither_has_luck(contestant: Contestants) -> None:
    assert never_learned(contestant("constant", np.arange(600) % 2 == 0))
    assert never_learned(contestant("lucky", np.arange(12) % 12 > 3))
    assert not never_learned(contestant("learned", np.arange(600) % 10 > 3))
    learned = np.mean(
        [not never_learned(contestant("coin", np.random.default_rng(seed).random(200) < 0.5)) for seed in range(400)]
    )
    assert 0.01 < learned < 0.09


def test_the_best_of_many_equal_networks_flatters_itself_and_a_clear_best_hardly(contestant: Contestants) -> None:
    random = np.random.default_rng(4)
    equal = [contestant(str(k), random.random(300) < 0.9) for k in range(8)]
    assert 0.01 < selection_flattery(equal) < 0.05
    clear = [
        contestant("clear", random.random(300) < 0.98),
        *(contestant(str(k), random.random(300) < 0.5) for k in range(7)),
    ]
    assert selection_flattery(clear) < 0.002
    assert selection_flattery(equal[:1]) == 0.0
