"""The promises of the verdict and of the intervals, on made-up studies of which the truth is known."""

import pytest

from leadline.evaluation.simulation import METRICS, coverage, verdict_rates

# Three cheaper networks that lose 1.01 points, which is just more than the margin: the worst case for a wrong choice.
WORSE = (0.9399, 0.9399, 0.9399, 0.95)
ALIKE = (0.949, 0.9495, 0.9495, 0.95)


def test_hardly_any_image_decides_hardly_anything() -> None:
    found = verdict_rates(WORSE, images=50, agreement=0.9, studies=100)
    assert found.undecided > 0.9
    assert found.wrong < 0.05


def test_many_images_decide() -> None:
    assert verdict_rates(ALIKE, images=5000, agreement=0.95, studies=50).undecided == 0
    assert verdict_rates(ALIKE, images=5000, agreement=0.95, studies=50).wrong == 0


@pytest.mark.slow
@pytest.mark.parametrize("agreement", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("images", [20, 100, 300, 1000, 5000])
def test_a_network_worse_than_the_margin_is_chosen_in_one_study_of_twenty_at_most(
    images: int, agreement: float
) -> None:
    for accuracies in (WORSE, WORSE[2:]):
        found = verdict_rates(accuracies, images=images, agreement=agreement, studies=2000)
        assert found.wrong < 0.05 + 0.015  # three standard errors of the simulation


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "each"), [(3, 100), (5, 200), (10, 100), (20, 50), (40, 25), (100, 25)])
def test_the_same_where_images_of_a_patient_are_alike(groups: int, each: int) -> None:
    found = verdict_rates(WORSE, images=groups * each, agreement=0.95, groups=groups, studies=2000)
    assert found.wrong < 0.05 + 0.015


@pytest.mark.slow
def test_more_images_and_fewer_disagreements_leave_fewer_verdicts_undecided() -> None:
    undecided = {
        (agreement, images): verdict_rates(ALIKE, images=images, agreement=agreement, studies=300).undecided
        for agreement in (0.8, 0.95, 0.99)
        for images in (100, 300, 1000, 3000)
    }
    for agreement in (0.8, 0.95, 0.99):
        shares = [undecided[agreement, images] for images in (100, 300, 1000, 3000)]
        assert shares == sorted(shares, reverse=True)
        assert (shares[0] > 0.95, shares[-1]) == (True, 0.0)
    assert undecided[0.99, 1000] < undecided[0.95, 1000] < undecided[0.8, 1000]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_of_several_seeds_the_verdict_is_about_architectures_and_keeps_its_promise(seeds: int) -> None:
    several = verdict_rates(WORSE, images=3000, agreement=0.95, between_seeds=0.003, seeds=seeds, studies=500)
    assert several.wrong < 0.05
    single = verdict_rates(WORSE, images=3000, agreement=0.95, between_seeds=0.003, seeds=1, studies=500)
    assert single.wrong > 0.1, "of one seed it is about these trained networks only"


@pytest.mark.slow
@pytest.mark.parametrize("groups", [0, 40, 100])
@pytest.mark.parametrize("sharpness", [1.0, 1.5])
def test_intervals_hold_the_truth_as_often_as_they_promise(groups: int, sharpness: float) -> None:
    found = coverage(images=1000, groups=groups, signal=2.0, sharpness=sharpness, studies=400)
    for name in METRICS:
        assert found[name] > 0.90, name


@pytest.mark.slow
@pytest.mark.parametrize("groups", [5, 10, 20])
def test_intervals_over_few_groups_are_not_much_too_narrow_but_for_rankings(groups: int) -> None:
    found = coverage(images=20 * groups, groups=groups, signal=2.0, studies=400)
    assert found["accuracy"] > 0.93
    for name in METRICS:
        ranking = name in ("auroc", "average_precision")
        assert found[name] > (0.70 if ranking else 0.86), name
