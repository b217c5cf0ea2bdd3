from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy import stats

from leadline.errors import LeadlineError
from leadline.evaluation.paired import difference, gain, holm, mcnemar, pairwise_differences, right_answers
from leadline.evaluation.predictions import Predictions

Answers = Callable[..., Predictions]


def counted(first_only: int, second_only: int, n: int) -> tuple[list[bool], list[bool]]:
    """Two networks, of n images, of which so many are right for one only; the rest for both."""
    rest = n - first_only - second_only
    return (
        [True] * rest + [True] * first_only + [False] * second_only,
        [True] * rest + [False] * first_only + [True] * second_only,
    )


def score_interval_by_brute_force(first_only: int, second_only: int, n: int, confidence: float) -> tuple[float, float]:
    """Every difference that a score test lets pass, its likelihood maximised on a grid: Tango's interval (1998)."""
    z = stats.norm.ppf(0.5 + confidence / 2)
    kept = []
    for d in np.linspace(-0.9995, 0.9995, 2000):
        low, high = max(0.0, -d), (1 - d) / 2
        second = low + (high - low) * np.linspace(0, 1, 8001) ** 2  # finer where the likelihood is steep
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = [
                np.where(count > 0, count * np.log(np.maximum(share, 0)), 0.0)
                for count, share in (
                    (first_only, second + d),
                    (second_only, second),
                    (n - first_only - second_only, 1 - 2 * second - d),
                )
            ]
        best = second[np.argmax(sum(terms))]
        if (first_only - second_only - n * d) ** 2 <= z**2 * n * (2 * best + d - d * d):
            kept.append(d)
    return min(kept), max(kept)


@pytest.fixture
def only_tango(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the two additions of ours: Student's quantile instead of the normal one, and the rule of three."""
    monkeypatch.setattr(
        "leadline.evaluation.bounds.t_quantile", lambda probability, degrees: stats.norm.ppf(probability)
    )
    monkeypatch.setattr("leadline.evaluation.bounds.Disagreement._rule_of_three", lambda *_: -1.0)


@pytest.mark.usefixtures("only_tango")
def test_the_difference_has_the_published_interval(answers: Answers) -> None:
    # Airway reactivity of 1, 1, 7 and 12 children before and after stem cell transplantation: M. W. Fagerland,
    # S. Lydersen and P. Laake, Statistics in Medicine 33, 2014, give Tango's interval as -0.517 to -0.026.
    found = difference(*map(answers, counted(1, 7, 21)))
    assert (found.low, found.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.usefixtures("only_tango")
@pytest.mark.parametrize(
    ("first_only", "second_only", "n", "confidence"),
    [(12, 2, 50, 0.95), (0, 1, 44, 0.95), (0, 0, 30, 0.95), (5, 0, 40, 0.9), (9, 9, 60, 0.95), (30, 0, 30, 0.95)],
)
def test_the_difference_has_tangos_score_interval(
    first_only: int, second_only: int, n: int, confidence: float, answers: Answers
) -> None:
    found = difference(*map(answers, counted(first_only, second_only, n)), confidence=confidence)
    low, high = score_interval_by_brute_force(first_only, second_only, n, confidence)
    assert found.value == pytest.approx((first_only - second_only) / n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-3)


def test_the_interval_turns_with_the_order(answers: Answers) -> None:
    first, second = map(answers, counted(7, 3, 80))
    there, back = difference(first, second), difference(second, first)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert (there.only_first, there.only_second) == (7, 3)


def test_networks_that_agree_everywhere_may_still_differ(answers: Answers) -> None:
    found = difference(*map(answers, counted(0, 0, 20)))
    assert found.value == 0
    assert found.high == -found.low > 0.15
    assert found.p_value == 1.0


@pytest.mark.parametrize(("first_only", "second_only"), [*product(range(4), repeat=2), (9, 1), (40, 61), (0, 700)])
def test_mcnemars_test_of_single_images_is_the_binomial_test(first_only: int, second_only: int) -> None:
    excess = np.repeat([1, -1, 0], [first_only, second_only, 5])
    differing = first_only + second_only
    oracle = stats.binomtest(first_only, differing).pvalue if differing else 1.0
    assert mcnemar(excess) == pytest.approx(oracle)


def test_mcnemars_test_over_groups_counts_every_way_the_signs_could_fall() -> None:
    excess = np.array([5, -2, 3, 1, 0, 4])
    sums = [sum(s * e for s, e in zip(signs, excess, strict=True)) for signs in product([1, -1], repeat=6)]
    oracle = np.mean([abs(total) >= abs(excess.sum()) for total in sums])
    assert mcnemar(excess) == pytest.approx(oracle)


def test_groups_make_a_difference_less_certain(answers: Answers) -> None:
    right = [True] * 80 + [False] * 20, [False] * 10 + [True] * 70 + [False] * 20
    groups = [f"patient {k // 10}" for k in range(100)]  # all ten differences are in one patient
    alone = difference(*map(answers, right))
    grouped = difference(*(answers(one, groups=groups) for one in right))
    assert alone.low > 0 > grouped.low
    assert alone.p_value < 0.01
    assert grouped.p_value == 1.0
    assert "10 groups" in grouped.method


def test_holms_correction_is_the_published_procedure() -> None:
    # Holm 1979: the smallest is multiplied by the number of tests, the next by one less, and none falls below another.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_all_pairs_are_compared_and_corrected(answers: Answers) -> None:
    networks = {"a": answers([True] * 50), "b": answers([True] * 40 + [False] * 10), "c": answers([False] * 50)}
    found = pairwise_differences(networks)
    assert [(one.first, one.second) for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [one.p_value_holm for one in found] == pytest.approx(holm([one.p_value for one in found]))


def test_images_are_paired_by_their_path_whatever_the_order(answers: Answers) -> None:
    first, second = map(answers, counted(6, 2, 40))
    shuffled = Predictions(second.table.sample(fraction=1, shuffle=True, seed=1), second.classes)
    assert difference(first, shuffled) == difference(first, second)


def test_classes_in_another_order_are_the_same_classes(answers: Answers) -> None:
    first = answers([True, False, True])
    turned = Predictions(first.table, first.classes[::-1])
    assert difference(first, turned).value == 0


def test_networks_that_saw_different_images_are_not_compared(answers: Answers) -> None:
    more, fewer = answers([True] * 5), answers([True] * 4)
    for pair in ({"deep": more, "shallow": fewer}, {"deep": fewer, "shallow": more}):
        with pytest.raises(LeadlineError, match=r"4\.png is among .* but not of .*\(1 such\)"):
            right_answers(pair)


def test_an_image_that_only_one_network_could_read_is_no_pair() -> None:
    tables = [
        Predictions.from_arrays(
            paths=["a", "b"], probabilities=[[1, 0]] * 2, classes=["x", "y"], labels=["x", "x"], errors=["", reason]
        )
        for reason in ("", "truncated")
    ]
    with pytest.raises(LeadlineError, match="b is among"):
        difference(*tables)


@pytest.mark.parametrize(("column", "values"), [("labels", ["x", "y"]), ("groups", ["p1", "p2"])])
def test_the_same_image_with_another_label_or_group_is_refused(column: str, values: list[str]) -> None:
    common = {"paths": ["a", "b"], "probabilities": [[1, 0]] * 2, "classes": ["x", "y"], "labels": ["x", "x"]}
    first = Predictions.from_arrays(**{**common, column: ["x", "x"]})
    second = Predictions.from_arrays(**{**common, column: values})
    with pytest.raises(LeadlineError, match="has another"):
        difference(first, second)


def test_an_image_that_occurs_twice_cannot_be_paired() -> None:
    twice = Predictions.from_arrays(paths=["a", "a"], probabilities=[[1, 0]] * 2, classes=["x", "y"], labels=["x", "x"])
    with pytest.raises(LeadlineError, match="a occurs more than once"):
        difference(twice, twice)


def test_nothing_to_compare_is_an_error(answers: Answers) -> None:
    with pytest.raises(LeadlineError, match="nothing to compare"):
        difference(answers([]), answers([]))


def test_the_gain_of_a_longer_training_is_on_the_images_that_both_judged(answers: Answers) -> None:
    final, heat = answers([True] * 28 + [False] * 2), answers([True] * 10 + [False] * 10)
    found = gain(heat, final)
    assert (found.n, found.value) == (20, 0.5)
    assert found.low > 0
    beyond = Predictions(final.table[20:], final.classes)
    with pytest.raises(LeadlineError, match="no image in common"):
        gain(heat, beyond)
