"""What a training on ImageNet and a hundred million predictions cost: here, by what was measured, and on GPUs, by what
others have published. Every figure that was not measured here is an assumption, and is listed with its source.
"""

import math

import msgspec

from leadline.results.run_metrics import Environment

NETWORK, SIZE, CHANNELS = "resnet50_v1_5", 224, 3
# ILSVRC-2012 and the usual training on it; a prediction reads a JPEG and decodes it.
IMAGES, EPOCHS, PREDICTIONS = 1_281_167, 90, 100_000_000
GPUS_PER_MACHINE = 8
GPU_COUNTS = (8, 64)

NVIDIA = "NVIDIA DeepLearningExamples, PyTorch/Classification/ConvNets/resnet50v1.5/README.md, pytorch-21.03"


class Assumption(msgspec.Struct, frozen=True):
    """A figure that was not measured here."""

    name: str
    value: float
    meaning: str
    source: str


ASSUMPTIONS = {
    one.name: one
    for one in (
        Assumption(
            "training_of_8", 16_621, "images per second that 8 A100 80 GB train with ResNet-50 v1.5, mixed precision",
            f"{NVIDIA}; Leadline's own loop has not been measured on them",
        ),
        Assumption(
            "scaling", 0.9, "of their speed is left where several machines of 8 GPUs train one network",
            "Goyal et al., 2017, arXiv 1706.02677: about 90 % from 8 to 256 GPUs",
        ),
        Assumption(
            "training_of_1", 2_470, "images per second that one A100 80 GB trains with ResNet-50 v1.5, mixed precision",
            NVIDIA,
        ),
        Assumption(
            "prediction_to_training", 3_382 / 1_200, "images that a GPU predicts in the time in which it trains one",
            f"{NVIDIA}: a V100 predicts 3,382 images/s and trains 1,200; that an A100 does likewise is assumed",
        ),
        Assumption(
            "prediction_scaling", 1.0, "of their speed is left where several GPUs predict",
            "no source: they exchange nothing, and enough processors decode for them",
        ),
    )
}  # fmt: skip


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine does with ResNet-50 at 224 pixels, in images per second by all its cores."""

    training: float
    prediction: float  # of decoded images
    decoding: float  # of JPEGs of photographs
    cores: int


class TaskCost(msgspec.Struct, frozen=True, kw_only=True):
    """One task in one place."""

    task: str  # "training" or "prediction"
    gpus: int  # 0: this machine
    images_per_second: float
    seconds: float
    gpu_hours: float | None = None
    disk_bytes: int | None = None  # of decoded images, kept during the training
    decoding_cores: float | None = None  # like this machine's, without which the GPUs would wait
    assumptions: tuple[str, ...] = ()  # names of ASSUMPTIONS that it rests on; none: it was measured


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What `leadline bench --plan` finds."""

    network: str
    size: int
    images: int  # of the training set
    epochs: int
    predictions: int
    rates: Rates
    costs: tuple[TaskCost, ...]
    assumptions: tuple[Assumption, ...]
    environment: Environment


def forecast(rates: Rates, environment: Environment) -> Forecast:
    """The costs of both tasks on this machine, on 8 and on 64 GPUs."""
    costs = [_training_here(rates), *map(_training_on, GPU_COUNTS)]
    costs += [_prediction_here(rates), *(_prediction_on(gpus, rates) for gpus in GPU_COUNTS)]
    return Forecast(
        network=NETWORK, size=SIZE, images=IMAGES, epochs=EPOCHS, predictions=PREDICTIONS, rates=rates,
        costs=tuple(costs), assumptions=tuple(ASSUMPTIONS.values()), environment=environment,
    )  # fmt: skip


def _training_here(rates: Rates) -> TaskCost:
    """Every image is decoded once, before the first epoch."""
    seconds = IMAGES / rates.decoding + EPOCHS * IMAGES / rates.training
    return TaskCost(
        task="training", gpus=0, images_per_second=EPOCHS * IMAGES / seconds, seconds=seconds,
        disk_bytes=IMAGES * SIZE**2 * CHANNELS,
    )  # fmt: skip


def _training_on(gpus: int) -> TaskCost:
    machines = gpus // GPUS_PER_MACHINE
    names = ("training_of_8", "scaling") if machines > 1 else ("training_of_8",)
    rate = machines * math.prod(map(_assumed, names))
    seconds = EPOCHS * IMAGES / rate
    return TaskCost(
        task="training", gpus=gpus, images_per_second=rate, seconds=seconds, gpu_hours=gpus * seconds / 3600,
        assumptions=names,
    )  # fmt: skip


def _prediction_here(rates: Rates) -> TaskCost:
    """Decoding and the network share the cores, so their times add up."""
    rate = 1 / (1 / rates.prediction + 1 / rates.decoding)
    return TaskCost(task="prediction", gpus=0, images_per_second=rate, seconds=PREDICTIONS / rate)


def _prediction_on(gpus: int, rates: Rates) -> TaskCost:
    names = ("training_of_1", "prediction_to_training", "prediction_scaling")
    rate = gpus * math.prod(map(_assumed, names))
    seconds = PREDICTIONS / rate
    return TaskCost(
        task="prediction", gpus=gpus, images_per_second=rate, seconds=seconds, gpu_hours=gpus * seconds / 3600,
        decoding_cores=rate * rates.cores / rates.decoding, assumptions=names,
    )  # fmt: skip


def _assumed(name: str) -> float:
    return ASSUMPTIONS[name].value
