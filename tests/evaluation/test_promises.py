"""The promises of an answer and of the intervals, on made-up studies of which the truth is known."""

import pytest

from simulate_comparison import APART, Design, answers, worst, wrongly_shown
from simulate_intervals import METRICS, coverage, ranking_coverage
from simulate_intervals import Design as Images


def test_a_network_that_loses_more_than_the_margin_is_hardly_ever_shown_not_to() -> None:
    assert wrongly_shown(worst(3), Design(500, 5, 0.005), studies=60) <= 0.1


def test_typical_studies_are_answered_and_seldom_wrong() -> None:
    found = answers(APART, Design(850, 5, 0.004), studies=8)
    shown, likely, guess = found.by_certainty.values()
    assert shown.studies + likely.studies >= 6
    assert shown.wrong + likely.wrong + guess.wrong <= 2
    assert found.guarantee_held >= 0.8


@pytest.mark.slow
def test_areas_hold_the_truth_where_the_label_belongs_to_the_patient() -> None:
    found = ranking_coverage(Images(400, groups=20, prior=(0.5, 0.5), label_of_group=True), studies=100)
    assert found["auroc"][0] >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize("networks", [2, 4, 8])
@pytest.mark.parametrize("spread", [0.0, 0.005, 0.01])
@pytest.mark.parametrize("images", [500, 5000])
def test_shown_is_wrong_in_one_study_of_twenty_at_most(networks: int, spread: float, images: int) -> None:
    # Three standard errors of the simulation.
    assert wrongly_shown(worst(networks), Design(images, 5, spread), studies=1000) < 0.05 + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("groups", [10, 20, 40, 100])
@pytest.mark.parametrize("spread", [0.0, 0.005])
def test_the_same_where_images_of_a_patient_are_alike(groups: int, spread: float) -> None:
    assert wrongly_shown(worst(4), Design(50 * groups, 5, spread, groups), studies=1000) < 0.05 + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("in_rare", [False, True])
def test_the_same_of_balanced_accuracy_whichever_class_loses(in_rare: bool) -> None:
    truth, design = worst(4, in_rare=in_rare), Design(2000, 5, rare=0.1)
    assert wrongly_shown(truth, design, studies=1000, criterion="balanced_accuracy") < 0.05 + 0.02


@pytest.mark.slow
def test_one_training_each_keeps_the_promise_if_trainings_vary_as_is_assumed() -> None:
    assert wrongly_shown(worst(4), Design(2000, 0, 0.005), studies=1000) < 0.05 + 0.02
    assert wrongly_shown(worst(4), Design(2000, 0, 0.015), studies=1000) > 0.05, "and not if they vary more"


@pytest.mark.slow
@pytest.mark.parametrize("groups", [0, 40, 100])
@pytest.mark.parametrize("sharpness", [1.0, 1.5])
def test_intervals_hold_the_truth_as_often_as_they_promise(groups: int, sharpness: float) -> None:
    found = coverage(Images(1000, sharpness=sharpness, groups=groups))
    for name in METRICS:
        assert found[name] > 0.90, name


@pytest.mark.slow
@pytest.mark.parametrize("groups", [5, 10, 20])
def test_intervals_over_few_groups_are_not_much_too_narrow(groups: int) -> None:
    found = coverage(Images(20 * groups, groups=groups))
    assert found["accuracy"] > 0.93
    for name in METRICS:
        assert found[name] > 0.86, name
