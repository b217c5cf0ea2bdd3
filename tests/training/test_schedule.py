"""Schedules are torch's, whose lengths are fractions of the training's."""

import pytest
import torch
from torch.optim import lr_scheduler

from leadline.errors import UsageError
from leadline.training.recipe import Recipe
from leadline.training.schedule import learning_rate


def recipe(**changes: object) -> Recipe:
    given = {"data": "x", "model": "lenet5", "steps": 200, "batch_size": 8, "learning_rate": 0.4, "size": 32}
    return Recipe(**{**given, "augment": "none", "warmup": 0.0, **changes})  # type: ignore[arg-type]


def torch_rates(steps: int, make: type[lr_scheduler.LRScheduler], **given: object) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    scheduler = make(optimizer, **given)  # type: ignore[arg-type]
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("steps", [1, 2, 7, 200, 1001])
def test_steps_fall_where_multi_step_does(steps: int) -> None:
    given = recipe(steps=steps, schedule="steps", drops=(0.25, 0.5, 0.77), drop_factor=0.3)
    milestones = [round(drop * steps) for drop in given.drops]
    expected = torch_rates(steps, lr_scheduler.MultiStepLR, milestones=milestones, gamma=0.3)
    # torch never falls before its first step; a training of one or two steps may have to.
    if min(milestones) > 0:
        assert [learning_rate(step, given) for step in range(steps)] == pytest.approx(expected)
    assert learning_rate(steps - 1, given) <= 0.4


@pytest.mark.parametrize(("steps", "every"), [(200, 10), (100, 7), (2500, 80)])
def test_exponential_falls_in_equal_steps(steps: int, every: int) -> None:
    given = recipe(steps=steps, schedule="exponential", drop_every=every / steps, drop_factor=0.96)
    expected = torch_rates(steps, lr_scheduler.StepLR, step_size=every, gamma=0.96)
    assert [learning_rate(step, given) for step in range(steps)] == pytest.approx(expected)
    every_step = recipe(steps=steps, schedule="exponential", drop_every=1 / steps, drop_factor=0.999)
    expected = torch_rates(steps, lr_scheduler.ExponentialLR, gamma=0.999)
    assert [learning_rate(step, every_step) for step in range(steps)] == pytest.approx(expected)


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (2, 0.5), (52, 0.1), (1000, 0.0)])
def test_a_cosine_is_zero_at_the_step_after_the_last_and_at_none_before(steps: int, warmup: float) -> None:
    given = recipe(steps=steps, warmup=warmup)
    assert learning_rate(steps, given) == pytest.approx(0, abs=1e-12)
    assert all(learning_rate(step, given) > 1e-8 for step in range(steps))


def test_a_shorter_training_falls_in_the_same_proportion() -> None:
    long, short = (
        recipe(steps=steps, schedule="steps", drops=(0.5, 0.75), warmup=0.1, warmup_rate=0.05) for steps in (4000, 40)
    )
    assert [learning_rate(100 * step, long) for step in range(40)] == [learning_rate(step, short) for step in range(40)]


def test_a_warm_up_from_zero_goes_before_any_schedule() -> None:
    given = recipe(schedule="steps", drops=(0.5,), warmup=0.1)
    assert [learning_rate(step, given) for step in range(19)] == pytest.approx([0.02 * (1 + n) for n in range(19)])
    assert {learning_rate(step, given) for step in range(20, 100)} == {0.4}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "linear"}, "schedule = 'linear': expected one of cosine, steps, exponential"),
        ({"schedule": "steps"}, "drops = .*belongs to schedule = 'steps', which needs it"),
        ({"drops": (0.5,)}, "drops = .*belongs to schedule = 'steps'"),
        ({"schedule": "exponential"}, "drop_every = 0.0: belongs"),
        ({"schedule": "steps", "drops": (0.7, 0.3)}, "drops = .*larger than the one before"),
        ({"schedule": "steps", "drops": (30.0, 60.0)}, "drops = .*more than 0 and less than 1"),
        ({"schedule": "steps", "drops": (0.5,), "drop_factor": 10.0}, "drop_factor = 10.0: expected more than 0"),
        ({"averaged": 1.5}, "averaged = 1.5: expected .* at most 1"),
        ({"warmup_rate": -1.0}, "warmup_rate"),
        ({"longest_gradient": -1.0}, "longest_gradient"),
        ({"bias_rate": 0.0}, "bias_rate"),
        ({"last_layer_rate": 0.0}, "last_layer_rate"),
    ],
)
def test_an_impossible_schedule_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipe(**changes)
