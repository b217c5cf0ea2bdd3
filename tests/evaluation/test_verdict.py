import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.noninferiority import Disagreement, loss_bounds
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.verdict import Candidate, decide, never_learned, still_improving

Answers = Callable[..., Predictions]


def wrong_on(n: int, wrong: range) -> list[bool]:
    return [k not in wrong for k in range(n)]


def test_the_cheapest_of_networks_that_are_shown_to_be_alike_is_chosen(answers: Answers) -> None:
    n = 3000
    verdict = decide(
        [
            Candidate("deep", answers(wrong_on(n, range(0, 100))), cost=900),
            Candidate("shallow", answers(wrong_on(n, range(5, 108))), cost=10),
            Candidate("hopeless", answers(wrong_on(n, range(0, 400))), cost=1),
        ]
    )
    assert verdict.outcome == "chosen"
    assert verdict.choice == "shallow"
    assert verdict.best == "deep"
    assert "shallow is the cheapest" in verdict.reason
    assert "3,000 images" in verdict.reason
    assert {one.name: one.within_margin for one in verdict.networks} == {
        "hopeless": False, "shallow": True, "deep": True,
    }  # fmt: skip
    assert verdict.images_needed is None


def test_a_cheaper_network_that_may_be_as_good_is_not_passed_over_in_silence(answers: Answers) -> None:
    n = 1500
    verdict = decide(
        [
            Candidate("deep", answers(wrong_on(n, range(0, 60))), cost=900),
            Candidate("shallow", answers(wrong_on(n, range(50, 120))), cost=10),
            Candidate("hopeless", answers(wrong_on(n, range(0, 400))), cost=1),
        ]
    )
    assert verdict.choice == "deep"
    assert "whether the cheaper shallow would do" in verdict.reason
    assert "hopeless" not in verdict.reason


def test_twenty_images_show_nothing_even_where_all_networks_agree_on_all(answers: Answers) -> None:
    for right in ([True] * 20, wrong_on(20, range(3))):
        verdict = decide([Candidate(name, answers(right), cost) for cost, name in enumerate("abc")])
        assert verdict.choice is None
        assert verdict.outcome == "undecided"
        assert all(one.loss == 0 and one.loss_upper > 0.1 for one in verdict.networks)
        assert verdict.images_needed > 20


@pytest.mark.parametrize("networks", [2, 3, 6])
def test_agreement_is_believed_from_the_rule_of_three_on(networks: int, answers: Answers) -> None:
    # No adverse image among n: a loss of 1 % would have stayed unseen with probability 0.99 ** n.
    alpha = 0.05 / (networks - 1)
    enough = math.ceil(math.log(alpha) / math.log(0.99))
    few = [Candidate(str(k), answers([True] * (enough - 1)), k) for k in range(networks)]
    many = [Candidate(str(k), answers([True] * math.ceil(1.6 * enough)), k) for k in range(networks)]
    assert decide(few).outcome == "undecided"
    assert decide(many).choice == "0"


def test_the_bounds_are_those_of_the_noninferiority_test(answers: Answers) -> None:
    # Two networks, many images: the score bound is the usual one, at the one-sided 5 % level.
    n, adverse, favourable = 20_000, 900, 700
    first = [True] * n
    second = [True] * n
    for k in range(adverse):
        second[k] = False
    for k in range(adverse, adverse + favourable):
        first[k] = False
    verdict = decide([Candidate("a", answers(first), 2), Candidate("b", answers(second), 1)], margin=0.02)
    loss = (adverse - favourable) / n
    error = math.sqrt(((adverse + favourable) / n - loss**2) / n)
    assert verdict.networks[0].loss_upper == pytest.approx(loss + stats.norm.ppf(0.95) * error, rel=0.005)
    assert verdict.networks[1].loss_upper == 0.0
    assert verdict.choice == "b"


def test_more_networks_make_every_bound_wider(answers: Answers) -> None:
    n = 2000
    two = [Candidate("a", answers(wrong_on(n, range(40))), 1), Candidate("b", answers(wrong_on(n, range(20, 60))), 2)]
    more = [*two, *(Candidate(f"c{k}", answers(wrong_on(n, range(k, 1000))), 3 + k) for k in range(4))]
    bounds = [{one.name: one.loss_upper for one in decide(candidates).networks} for candidates in (two, more)]
    assert bounds[1]["a"] > bounds[0]["a"]


def test_images_of_few_patients_show_less_than_as_many_of_many(answers: Answers) -> None:
    n = 3000
    right = wrong_on(n, range(0, 100)), wrong_on(n, range(5, 108))
    of_patients = [f"patient {k // 100}" for k in range(n)]
    alone, grouped = (
        decide([Candidate(str(k), answers(one, groups=groups), k) for k, one in enumerate(right)])
        for groups in (None, of_patients)
    )
    assert all(g.loss_upper > a.loss_upper for g, a in zip(grouped.networks, alone.networks, strict=True))


def test_two_patients_show_little_however_many_images_there_are_of_them(answers: Answers) -> None:
    groups = [f"patient {k % 2}" for k in range(3000)]
    agreeing = [Candidate(name, answers([True] * 3000, groups=groups), 1) for name in "ab"]
    assert decide(agreeing).outcome == "undecided"


def test_one_patient_shows_nothing_of_others(answers: Answers) -> None:
    verdict = decide([Candidate(name, answers([True] * 5000, groups=["p"] * 5000), 1) for name in "ab"])
    assert verdict.outcome == "undecided"
    assert verdict.images_needed is None
    assert "one group" in verdict.reason


def test_the_images_needed_would_do(answers: Answers) -> None:
    def verdict(times: int) -> tuple[str, int | None]:
        n = 100 * times
        deep, shallow = wrong_on(n, range(0, 4 * times)), wrong_on(n, range(2 * times, 6 * times))
        found = decide([Candidate("deep", answers(deep), 2), Candidate("shallow", answers(shallow), 1)])
        return found.outcome, found.images_needed

    outcome, needed = verdict(3)
    assert outcome == "undecided"
    assert needed is not None
    assert needed % 100 == 0
    assert verdict(math.ceil(needed / 100))[0] == "chosen"
    # It allows for bad luck (a power of 80 %): of exactly these shares, half as many would do, but no third of them.
    assert verdict(math.ceil(needed / 200))[0] == "chosen"
    assert verdict(math.ceil(needed / 300))[0] == "undecided"


def test_groups_are_told_with_the_images_needed(answers: Answers) -> None:
    right = wrong_on(300, range(0, 300, 20)), wrong_on(300, range(1, 300, 20))
    groups = [f"patient {k // 10}" for k in range(300)]
    found = decide([Candidate(str(k), answers(one, groups=groups), k) for k, one in enumerate(right)])
    assert found.outcome == "undecided"
    assert f"about {found.images_needed:,} images of about" in found.reason
    assert "groups would be needed" in found.reason


def test_networks_that_are_not_judged_take_no_part_but_are_told(answers: Answers) -> None:
    verdict = decide(
        [
            Candidate("a", answers([True] * 1000), 1),
            Candidate("b", answers([True] * 1000), 2),
            Candidate("c", answers([False] * 3), 0, not_judged="it was still improving"),
        ]
    )
    assert verdict.choice == "a"
    assert verdict.not_judged == {"c": "it was still improving"}
    assert [one.name for one in verdict.networks] == ["a", "b"]
    assert "Not judged: c." in verdict.reason


def test_none_judged_is_an_outcome_of_its_own(answers: Answers) -> None:
    verdict = decide([Candidate("a", answers([True]), 1, not_judged="it never learned")])
    assert (verdict.outcome, verdict.choice, verdict.best, verdict.networks) == ("not judged", None, None, ())
    assert "a (it never learned)" in verdict.reason


def test_a_single_network_is_handed_over_and_said_to_be_alone(answers: Answers) -> None:
    verdict = decide([Candidate("a", answers([True] * 5), 1)])
    assert (verdict.choice, verdict.outcome, verdict.networks[0].loss_upper) == ("a", "chosen", 0.0)
    assert "the only network" in verdict.reason


def test_the_only_one_that_could_be_judged_is_not_thereby_the_best(answers: Answers) -> None:
    verdict = decide(
        [
            Candidate("a", answers([True] * 500), 1),
            Candidate("b", answers([True] * 500), 2, not_judged="it was still improving"),
        ]
    )
    assert (verdict.choice, verdict.outcome) == (None, "undecided")
    assert "only network to judge" in verdict.reason


def test_equal_cost_is_broken_by_name_not_by_the_order_given(answers: Answers) -> None:
    candidates = [Candidate(name, answers([True] * 1000), 1) for name in "ba"]
    assert decide(candidates).choice == decide(candidates[::-1]).choice == "a"


def test_the_verdict_is_json_with_exactly_these_keys(answers: Answers) -> None:
    found = decide([Candidate(name, answers([True] * 30), 1) for name in "ab"]).as_dict()
    assert list(json.loads(json.dumps(found, allow_nan=False))) == [
        "choice", "outcome", "reason", "margin", "confidence", "best", "networks", "images_needed", "not_judged",
    ]  # fmt: skip
    assert list(found["networks"][0]) == ["name", "accuracy", "loss", "loss_upper", "within_margin"]


def test_seeds_that_differ_widen_the_bound_and_seeds_that_agree_do_not(answers: Answers) -> None:
    n = 4000

    def bound(offsets: list[int]) -> float:
        seeds = [answers(wrong_on(n, range(0, 200 + offset))) for offset in offsets]
        found = decide([Candidate("deep", seeds, 2), Candidate("shallow", answers(wrong_on(n, range(0, 200))), 1)])
        return found.networks[1].loss_upper

    assert bound([0, 0, 0]) == pytest.approx(bound([0]), rel=0.3)
    assert bound([-60, 0, 60]) > 5 * bound([0, 0, 0])


def test_seeds_that_vary_too_much_are_not_mended_by_images(answers: Answers) -> None:
    n = 2000
    seeds = [[answers(wrong_on(n, range(0, 100 + o))) for o in (-90, 0, 90)] for _ in range(2)]
    verdict = decide([Candidate("a", seeds[0], 1), Candidate("b", seeds[1], 2)])
    assert (verdict.outcome, verdict.images_needed) == ("undecided", None)
    assert "more seeds" in verdict.reason


def test_seeds_that_saw_different_images_are_named(answers: Answers) -> None:
    with pytest.raises(LeadlineError, match="a, seed 1"):
        decide([Candidate("a", [answers([True] * 3), answers([True] * 4)], 1), Candidate("b", answers([True] * 3), 1)])


def test_what_makes_no_comparison_is_refused(answers: Answers) -> None:
    one = Candidate("a", answers([True] * 10), 1)
    with pytest.raises(UsageError, match="no network"):
        decide([])
    with pytest.raises(UsageError, match="two networks of this name"):
        decide([one, one])
    for margin in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(UsageError, match="margin"):
            decide([one], margin=margin)
    for confidence in (0.3, 1.0, 95.0):
        with pytest.raises(UsageError, match="confidence"):
            decide([one], confidence=confidence)
    with pytest.raises(LeadlineError, match="no readable image"):
        decide([Candidate("a", answers([]), 1), Candidate("b", answers([]), 2)])
    with pytest.raises(UsageError, match="a: no predictions"):
        decide([Candidate("a", [], 1)])


def test_a_bound_never_lies_below_the_loss_that_was_seen() -> None:
    generator = np.random.default_rng(0)
    for trial in range(200):
        n = int(generator.integers(1, 60))
        right = [(generator.random((n, int(generator.integers(1, 4)))) < generator.random()) * 1.0 for _ in range(3)]
        groups = generator.integers(0, 5, size=n) if trial % 2 else None
        groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
        means = [one.mean() for one in right]
        rivals = [[Disagreement.between(b, a, groups) for b in right if b is not a] for a in right]
        for bound, mean in zip(loss_bounds(rivals, 0.95), means, strict=True):
            assert max(means) - mean - 1e-9 <= bound <= 1


# --- whether a network is to be judged at all


def test_a_network_that_rose_in_the_last_tenth_was_still_improving() -> None:
    reason = still_improving([0.3, 0.6, 0.9, 1.0], [0.5, 0.7, 0.80, 0.83], margin=0.01)
    assert "still improving" in reason
    assert "3.0 points" in reason
    assert still_improving([0.3, 0.6, 0.9, 1.0], [0.5, 0.7, 0.80, 0.81], margin=0.01) == ""
    assert still_improving([0.3, 0.6, 0.9, 1.0], [0.5, 0.7, 0.83, 0.80], margin=0.01) == ""


def test_the_rise_is_from_the_latest_validation_at_or_before_nine_tenths() -> None:
    fractions = [k / 20 for k in range(1, 21)]
    accuracies = [0.5 + 0.4 * min(1, fraction / 0.9) for fraction in fractions]
    assert still_improving(fractions, accuracies, margin=0.01) == ""
    assert still_improving([0.5, 0.85, 0.95, 1.0], [0.5, 0.7, 0.9, 0.9], margin=0.01) != ""
    assert still_improving(fractions[::-1], accuracies[::-1], margin=0.01) == ""


@pytest.mark.parametrize("fractions", [[], [1.0], [0.9, 1.0], [0.92, 0.96, 1.0], [0.2, 0.4, 0.6]])
def test_too_few_validations_judge_nothing(fractions: list[float]) -> None:
    assert "too seldom" in still_improving(fractions, [0.9] * len(fractions), margin=0.01)


def test_an_accuracy_that_is_no_number_is_told() -> None:
    assert "not a number" in still_improving([0.3, 0.6, 0.9, 1.0], [0.5, math.nan, 0.8, 0.8], margin=0.01)


def test_a_network_no_better_than_the_commonest_class_never_learned() -> None:
    assert "never learned" in never_learned(0.6, 0.6)
    assert "never learned" in never_learned(0.5, 0.6)
    assert never_learned(0.61, 0.6) == ""
