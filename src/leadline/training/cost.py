"""What a training would cost here, measured on a few steps; and, once, how many steps fit into a time.

After that no clock is consulted: the number of steps is in the recipe.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leadline.data.augment.apply import augment
from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.augment.papers import colours_of
from leadline.data.keyed import generator
from leadline.data.loader import Decoded
from leadline.data.preprocessing import FULL_RANGE, Preprocessing
from leadline.inference.engine import Engine
from leadline.inference.hardware import Hardware
from leadline.training.loop import MOST_VALIDATIONS, prepare, update
from leadline.training.recipe import Recipe
from leadline.zoo import build_model

# Training and prediction are each timed for this long: on a busy machine a second is soon an unlucky one.
SECONDS, LONGEST = 1.0, 10.0
PREDICTED = 32  # images that are predicted together


@dataclass(frozen=True)
class Cost:
    """Seconds per image on this machine."""

    training: float
    prediction: float

    def seconds(self, epochs: float, *, train: int, validation: int, test: int) -> float:
        """Of a training of `epochs` on so many images, its validations and the final predictions."""
        validations = min(MOST_VALIDATIONS, max(1.0, epochs)) + 1
        return epochs * train * self.training + (validations * validation + test) * self.prediction

    def seconds_of_features(self, *, train: int, validation: int, test: int) -> float:
        """Of a frozen body: features of all images, the validation, and the final predictions; the fit beside it is of
        seconds, and is not known before."""
        return (train + 3 * validation + 2 * test) * self.prediction


def epochs_within(seconds: float, costs: list[Cost], *, train: int, validation: int, test: int) -> float:
    """The epochs, the same for each of `costs`, after which their trainings together have taken `seconds`."""
    low, high = 0.0, 1e6
    for _ in range(60):  # the cost grows with the epochs, though not evenly: bisect
        middle = (low + high) / 2
        total = sum(cost.seconds(middle, train=train, validation=validation, test=test) for cost in costs)
        low, high = (middle, high) if total <= seconds else (low, middle)
    return low


def measure(
    recipe: Recipe, *, classes: int, channels: int, dtype: str, hardware: Hardware, seconds: float = SECONDS
) -> Cost:
    """Time the recipe's network on random images of its size, on a copy that is thrown away; training and prediction
    each for about so many seconds, LONGEST at most."""
    seconds = min(LONGEST, seconds)
    preprocessing = Preprocessing(channels, dtype, recipe.size, mean=(0.5,) * channels, std=(0.25,) * channels)
    pixels = _noise(PREDICTED, recipe.size, channels, dtype)
    batch = _noise(recipe.batch_size, recipe.decoded_size, channels, dtype)
    colours = colours_of(batch, preprocessing) if recipe.augment in PAPERS else None
    with torch.random.fork_rng(devices=[]):  # what it begins with does not change what a step costs
        network = build_model(recipe.model, num_classes=classes, in_channels=channels, drop_rate=recipe.drop_rate)
    optimizer = prepare(network, recipe, hardware)
    labels = torch.zeros(len(batch), dtype=torch.int64, device=hardware.device)

    def train() -> None:
        rows = np.arange(len(batch))
        changed = augment(batch, recipe.augment, seed=0, epoch=0, rows=rows, size=recipe.size, colours=colours)
        images = torch.from_numpy(np.ascontiguousarray(changed)).to(hardware.device)
        update(network, optimizer, preprocessing.normalise(images), labels, recipe, hardware)[1].item()

    engine = Engine(network, classes, preprocessing, hardware)
    network.train()
    decoded = [Decoded(pixels, [""] * len(pixels))]
    prediction = _median_seconds(lambda: engine.predict(decoded), seconds) / len(pixels)
    if recipe.frozen:  # whose body sees each image once
        return Cost(prediction, prediction)
    return Cost(_median_seconds(train, seconds) / len(batch), prediction)


def _noise(count: int, size: int, channels: int, dtype: str) -> NDArray[Any]:
    """(count, size, size, channels) over the whole range of the type."""
    return (generator("noise").random((count, size, size, channels)) * FULL_RANGE[dtype]).astype(dtype)


def _median_seconds(work: Callable[[], object], seconds: float) -> float:
    work()  # the first turn warms up
    times: list[float] = []
    while not times or sum(times) < seconds:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
