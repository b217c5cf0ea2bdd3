"""What to train in a time: the most telling experiments that fit, in the order of experiments.toml."""

from collections.abc import Iterable
from dataclasses import dataclass

from leadline.claims.experiment import EXPERIMENTS
from leadline.inference.hardware import hardware
from leadline.training.cost import measure
from leadline.training.recipe import Recipe

# What the minutes in experiments.toml were found with: ResNet-20 at 16 pixels on two cores without bf16, per image.
REFERENCE, REFERENCE_SIZE, REFERENCE_SECONDS = "resnet20_cifar", 16, 1 / 1500


@dataclass(frozen=True)
class Planned:
    """An experiment with the minutes that it takes here, and whether there is time for it."""

    id: str
    setting: str
    minutes: float
    fits: bool


def pace() -> float:
    """How many times as long a training takes here as where the minutes were found."""
    recipe = Recipe(
        data="", model=REFERENCE, steps=1, batch_size=64, learning_rate=0.01, size=REFERENCE_SIZE, augment="none"
    )
    cost = measure(recipe, classes=10, channels=3, dtype="uint8", hardware=hardware())
    return cost.training / REFERENCE_SECONDS


def programme(
    wanted: Iterable[str], *, setting: str, minutes: float | None, done: Iterable[str] = (), pace: float = 1.0
) -> list[Planned]:
    """Those `wanted`, the most telling first; what is `done` takes no time. Without `minutes` all of them fit."""
    left = float("inf") if minutes is None else minutes
    wanted, done, planned = set(wanted), set(done), []
    for name, experiment in EXPERIMENTS.items():
        if name not in wanted:
            continue
        takes = 0.0 if name in done else experiment.setting(setting).minutes * pace
        planned.append(Planned(name, setting, takes, fits=takes <= left))
        left -= takes if takes <= left else 0.0
    return planned
