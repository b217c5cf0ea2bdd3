"""Made-up networks whose errors follow a known law: what is said of more images is right as often as it claims."""

from typing import Any

import numpy as np
import pytest

from leadline.errors import UsageError
from leadline.evaluation.learning_curve import HARDLY, UNKNOWN, YES, _error, _fit, learning_curve
from leadline.evaluation.predictions import Predictions
from simulate_learning_curve import made_up_tables, study


def made_up(law: tuple[float, float, float], *, images: int, **options: Any) -> dict[int, list[Predictions]]:
    return made_up_tables(law, images=images, **{"seed": 0, **options})


@pytest.mark.parametrize("law", [(0.02, 0.1, 0.5), (0.0, 0.2, 0.3), (0.07, 0.03, 1.0), (0.1, 0.0, 0.5)])
def test_the_law_is_found_again_where_nothing_is_left_to_chance(law: tuple[float, float, float]) -> None:
    relative = np.array([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0])
    errors = law[0] + law[1] * relative ** -law[2]
    found = _fit(relative, errors[:, None], np.ones(5))
    for factor in (0.1, 1.0, 2.0, 4.0):
        assert _error(found, factor)[0] == pytest.approx(law[0] + law[1] * factor ** -law[2], abs=2e-3)


def test_neither_the_end_nor_the_fall_is_below_nothing() -> None:
    random = np.random.default_rng(0)
    end, fall, exponent = _fit(np.array([0.125, 0.25, 0.5, 1.0]), random.random((4, 500)), np.ones(4))
    assert (end >= 0).all()
    assert (fall >= 0).all()
    assert (exponent > 0).all()


def test_a_steep_curve_is_a_yes_and_a_flat_one_hardly() -> None:
    steep = learning_curve(made_up((0.02, 0.1, 0.5), images=2000))
    assert steep.answer == YES
    assert steep.gain_of_twice.low < 0.1 * (1 - 2**-0.5) < steep.gain_of_twice.high
    assert steep.law.images == 1000
    flat = learning_curve(made_up((0.1, 0.0, 0.5), images=4000, spread=0.001))
    assert flat.answer == HARDLY
    assert flat.law is None


def test_few_images_say_nothing() -> None:
    found = learning_curve(made_up((0.1, 0.03, 0.5), images=60))
    assert found.answer == UNKNOWN
    assert found.reason.startswith("It cannot be said whether twice the 1,000 training images would help")


def test_the_band_widens_beyond_what_was_measured() -> None:
    found = learning_curve(made_up((0.02, 0.1, 0.5), images=2000))
    width = {one.images: one.high - one.low for one in found.band}
    assert [one.images for one in found.forecast] == [2000, 4000]
    gains = [one.value for one in found.forecast]
    assert gains[0] < gains[1]
    narrow, wide = made_up((0.02, 0.1, 0.5), images=2000), made_up((0.02, 0.1, 0.5), images=2000, spread=0.03)
    spreads = [learning_curve(one).spread_of_trainings for one in (narrow, wide)]
    assert spreads[0] < spreads[1]
    assert max(width) == 4000


def test_fewer_than_four_sizes_are_points_without_a_law() -> None:
    found = learning_curve(made_up((0.02, 0.1, 0.5), images=500, sizes=(250, 500, 1000)))
    assert (found.answer, found.band, len(found.points)) == (UNKNOWN, (), 3)
    assert "there are 3 sizes" in found.reason
    with pytest.raises(UsageError, match="1 size"):
        learning_curve(made_up((0.02, 0.1, 0.5), images=50, sizes=(1000,)))


def test_the_last_doubling_is_what_was_observed() -> None:
    tables = made_up((0.02, 0.1, 0.5), images=800, seeds=2)
    found = learning_curve(tables).last_doubling
    accuracies = {
        size: np.mean([(one.table["predicted"] == "a").mean() for one in own]) for size, own in tables.items()
    }
    assert found.gain == pytest.approx(accuracies[1000] - accuracies[500])
    assert found.low < found.gain < found.high


def test_the_last_doubling_holds_the_spread_of_trainings_in_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = made_up((0.02, 0.1, 0.5), images=2000, sizes=(500, 1000))
    found = learning_curve(tables).last_doubling
    monkeypatch.setattr("leadline.evaluation.learning_curve.SPREAD_OF_TRAININGS", 0.0)
    images = learning_curve(tables).last_doubling
    for end in ("low", "high"):
        widened = (getattr(found, end) - found.gain) ** 2 - (getattr(images, end) - images.gain) ** 2
        assert widened == pytest.approx((1.96 * 0.01) ** 2 * 2, rel=1e-3)


def test_groups_make_everything_less_certain() -> None:
    alone = learning_curve(made_up((0.05, 0.1, 0.5), images=1000))
    grouped = learning_curve(made_up((0.05, 0.1, 0.5), images=1000, groups=12))
    widths = [one.forecast[0].high - one.forecast[0].low for one in (alone, grouped)]
    assert widths[1] > 1.5 * widths[0]
    assert "clustered by 12 groups" in grouped.points[0].accuracy.method


@pytest.mark.slow
@pytest.mark.parametrize("law", [(0.02, 0.1, 0.5), (0.0, 0.2, 0.3), (0.1, 0.0, 0.5), (0.15, 0.003, 1.0)])
@pytest.mark.parametrize("images", [300, 3000])
def test_what_is_said_of_twice_the_images_is_right_nine_times_in_ten(
    law: tuple[float, float, float], images: int
) -> None:
    found = study(law, images=images, spread=0.005)
    assert found["accuracy held"] >= 0.87
    assert found["last doubling held"] >= 0.9
    assert found[YES if found["gain"] < 0.005 else HARDLY] <= 0.08
