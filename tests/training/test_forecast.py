"""What ImageNet and a hundred million predictions cost, from rates that stand in for measured ones."""

import pytest

from leadline.results.run_metrics import Environment
from leadline.training.forecast import ASSUMPTIONS, Forecast, Rates, TaskCost, forecast

RATES = Rates(training=10.0, prediction=100.0, decoding=400.0, cores=2)


@pytest.fixture(scope="module")
def found() -> Forecast:
    return forecast(RATES, Environment())


def cost(found: Forecast, task: str, gpus: int) -> TaskCost:
    (one,) = [one for one in found.costs if (one.task, one.gpus) == (task, gpus)]
    return one


def test_every_task_has_a_row_for_this_machine_and_for_8_and_64_gpus(found: Forecast) -> None:
    assert {(one.task, one.gpus) for one in found.costs} == {
        (task, gpus) for task in ("training", "prediction") for gpus in (0, 8, 64)
    }


def test_this_machine_decodes_imagenet_once_and_trains_ninety_times(found: Forecast) -> None:
    here = cost(found, "training", 0)
    assert here.seconds == pytest.approx(1_281_167 * (1 / 400 + 90 / 10))
    assert here.images_per_second == pytest.approx(90 * 1_281_167 / here.seconds)
    assert here.disk_bytes == 1_281_167 * 224 * 224 * 3


def test_this_machine_decodes_every_image_that_it_predicts(found: Forecast) -> None:
    here = cost(found, "prediction", 0)
    assert here.images_per_second == pytest.approx(80)
    assert here.seconds == pytest.approx(100e6 / 80)


def test_eight_gpus_train_as_fast_as_was_published(found: Forecast) -> None:
    """NVIDIA's table says about three hours, of which its own rate explains two."""
    published = cost(found, "training", 8)
    assert published.seconds == pytest.approx(90 * 1_281_167 / 16_621)
    assert 1.5 < published.seconds / 3600 < 3
    assert published.gpu_hours == pytest.approx(8 * published.seconds / 3600)


def test_eight_machines_lose_a_tenth_of_their_speed(found: Forecast) -> None:
    eight, sixty_four = cost(found, "training", 8), cost(found, "training", 64)
    assert eight.seconds / sixty_four.seconds == pytest.approx(0.9 * 8)
    assert sixty_four.gpu_hours == pytest.approx((eight.gpu_hours or 0) / 0.9)


def test_gpus_that_predict_lose_nothing_and_need_cores_that_decode(found: Forecast) -> None:
    eight, sixty_four = cost(found, "prediction", 8), cost(found, "prediction", 64)
    assert eight.images_per_second == pytest.approx(8 * 2_470 * 3_382 / 1_200)
    assert eight.seconds / sixty_four.seconds == pytest.approx(8)
    assert eight.decoding_cores == pytest.approx(eight.images_per_second / 200)  # a core decodes 200 a second here


def test_what_was_measured_assumes_nothing_and_every_assumption_is_used_and_has_a_source(found: Forecast) -> None:
    assert all(bool(one.assumptions) == (one.gpus > 0) for one in found.costs)
    used = {name for one in found.costs for name in one.assumptions}
    assert used == set(ASSUMPTIONS) == {one.name for one in found.assumptions}
    assert all(one.source for one in found.assumptions)


@pytest.mark.parametrize("rate", ["training", "prediction", "decoding"])
def test_gpus_are_no_faster_where_this_machine_is(found: Forecast, rate: str) -> None:
    rates = {"training": 10.0, "prediction": 100.0, "decoding": 400.0} | {rate: 1e6}
    faster = forecast(Rates(**rates, cores=2), Environment())
    for one, other in zip(found.costs, faster.costs, strict=True):
        assert (one.seconds == other.seconds) or (not one.gpus and other.seconds < one.seconds)
