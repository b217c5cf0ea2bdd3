"""Numbers as a person reads them."""

import pytest

from leadline import wording
from leadline.evaluation.records import Estimate


def spaced(text: str) -> str:
    return text.replace(wording.SPACE, " ")


@pytest.mark.parametrize(
    ("number", "text"),
    [(7, "7"), (950, "950"), (12_345, "12.3 k"), (999_600, "1 M"), (61_706, "61.7 k"), (1.8e9, "1.8 G"), (None, "–"),
     (float("nan"), "–")],
)  # fmt: skip
def test_counts(number: float | None, text: str) -> None:
    assert spaced(wording.count(number)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12e-6, "12 µs"), (0.00025, "250 µs"), (0.0123, "12.3 ms"), (0.9999, "1 s"), (3.21, "3.2 s"), (42, "42 s"),
     (119, "119 s"), (120, "2 min"), (3599, "60 min"), (3 * 3600, "3.0 h"), (99 * 3600, "99.0 h"),
     (100 * 3600, "4 days"), (1200 * 86400, "1,200 days"), (None, "–")],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert spaced(wording.duration(seconds)) == text


@pytest.mark.parametrize(("number", "text"), [(512e6, "512 MB"), (999.9e6, "1.0 GB"), (1.5e9, "1.5 GB"), (None, "–")])
def test_sizes(number: float | None, text: str) -> None:
    assert spaced(wording.size(number)) == text


def test_an_estimate_without_an_interval_shows_its_value_alone() -> None:
    estimate = Estimate(0.9731, method="none", n=3)
    assert spaced(wording.percent(wording.value_of(estimate))) == "97.3 %"
    assert wording.percent_interval(estimate) == ""
    assert wording.percent_interval(None) == ""
    assert spaced(wording.percent_interval(Estimate(0.9731, 0.95, 0.985))) == "95.0–98.5 %"


def test_a_share_of_a_cost_is_a_fraction_or_a_multiple() -> None:
    shares = [wording.share_words(ratio) for ratio in (1 / 131, 0.5, 0.8, 1.02, 2.13)]
    assert shares == ["1/130 of the", "1/2 of the", "0.8 times the", "the same", "2.1 times the"]


def test_a_probability_is_never_said_to_be_certain() -> None:
    assert [wording.probability(p) for p in (0.0, 0.856, 0.996, 1.0)] == ["< 0.01", "0.86", "> 0.99", "> 0.99"]


def test_a_chance_is_never_said_to_be_zero() -> None:
    assert [wording.chance(p) for p in (1.0, 0.05, 0.0012, 0.00099, 0.0)] == ["1.000", "0.050", "0.001"] + 2 * [
        "< 0.001"
    ]


def test_a_difference_has_a_minus_and_not_a_hyphen() -> None:
    assert [wording.points(share, 1) for share in (-0.0123, 0.0)] == ["−1.2", "0.0"]


def test_a_margin_of_one_point_is_singular() -> None:
    assert wording.margin_in_points(0.01) == "1 percentage point"
    assert wording.margin_in_points(0.005) == "0.5 percentage points"
