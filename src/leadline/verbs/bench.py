"""`leadline bench`: how fast a network predicts and trains here, with each engine that is installed."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import torch
from PIL import Image

from leadline.anatomy import measure
from leadline.classifier import Classifier, load
from leadline.data.keyed import generator
from leadline.data.loader import Decoded, files
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError, UsageError
from leadline.inference.compiled import Compiled, compile_once
from leadline.inference.engine import Engine
from leadline.inference.hardware import environment, hardware
from leadline.inference.runtimes import Precision, Runtime, installed
from leadline.progress import Progress
from leadline.results.run_metrics import Environment
from leadline.training.cost import measure as cost_of
from leadline.training.forecast import NETWORK, SIZE, Forecast, Rates, forecast
from leadline.training.recipe import Recipe
from leadline.zoo import architecture, build_model

IMAGES = 64  # that are predicted together
SECONDS = 2.0  # for which each is measured
PHOTOGRAPH = (500, 375)  # width and height of ImageNet's usual images
MATRIX = 2048  # rows and columns of the product that shows what the processor can do
DOES = ("prediction", "training")


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """One way to compute."""

    does: str  # of DOES
    engine: str
    precision: str
    images_per_second: float = 0.0
    ratio: float = 0.0  # to PyTorch in fp32
    share_of_peak: float | None = None  # of the multiply-adds that matrix products reach here in this precision
    problem: str = ""  # why it could not be measured


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What `leadline bench` found for one network."""

    network: str
    size: int
    channels: int
    multiply_adds: float  # of an image
    peak: dict[str, float]  # precision → multiply-adds per second of a large matrix product
    speeds: tuple[Speed, ...]
    environment: Environment


def bench(
    run: str | Path | None = None,
    *,
    model: str | None = None,
    size: int | None = None,
    progress: Progress | None = None,
) -> Bench:
    """Images per second of the classifier of `run`, or of the network `model` at `size` pixels, on this machine.

    Random images in memory: reading and decoding are not in it. An engine that fails has a `problem`.
    """
    progress = progress or Progress()
    if (run is None) == (model is None):
        raise UsageError("name a run, or a network with --model")
    classifier = load(run) if run is not None else untrained(cast(str, model), size)
    how, machine = classifier.preprocessing, replace(hardware(), device="cpu")
    precisions: list[Precision] = ["fp32", "bf16"] if machine.precision == "bf16" else ["fp32"]
    pixels = generator("bench").integers(0, 256, (IMAGES, how.size, how.size, how.channels)).astype(how.dtype)
    batch = Decoded(pixels, [""] * IMAGES)
    anatomy = measure(classifier.architecture, size=how.size, channels=how.channels, classes=len(classifier.classes))
    work = float(anatomy.multiply_adds)
    ways: list[tuple[Runtime | None, Precision]] = [(None, precision) for precision in precisions]
    for known in installed():
        ways += [(known, precision) for precision in precisions if precision == "fp32" or known != "onnx"]
    speeds: list[Speed] = []
    peak: dict[str, float] = {precision: _peak(precision) for precision in precisions}
    with tempfile.TemporaryDirectory() as folder, progress.task("measuring", len(ways) + len(precisions)):
        classifier.save(Path(folder))
        plain = Engine.of(classifier, machine)
        for runtime, precision in ways:
            name = runtime or "torch"
            try:
                compiled = Compiled.load(compile_once(Path(folder), runtime), runtime, precision) if runtime else None
                engine = replace(plain, hardware=replace(machine, precision=precision), compiled=compiled)
                found = IMAGES / _seconds(lambda engine=engine: engine.predict([batch]))  # type: ignore[misc]
                speeds.append(_speed("prediction", name, precision, found, speeds, work / peak[precision]))
            except LeadlineError as error:
                speeds.append(Speed(does="prediction", engine=name, precision=precision, problem=str(error)))
            progress.advance()
        for precision in precisions:
            recipe = Recipe(
                model=classifier.architecture,
                data="",
                steps=1,
                batch_size=IMAGES,
                size=how.size,
                learning_rate=1e-3,
                augment="shift",
            )
            cost = cost_of(
                recipe, classes=len(classifier.classes), channels=how.channels, dtype=how.dtype,
                hardware=replace(machine, precision=precision), seconds=SECONDS,
            )  # fmt: skip
            # Backwards, a training step takes about twice what it takes forwards.
            speeds.append(_speed("training", "torch", precision, 1 / cost.training, speeds, 3 * work / peak[precision]))
            progress.advance()
    return Bench(
        network=classifier.architecture,
        size=how.size,
        channels=how.channels,
        multiply_adds=work,
        peak=peak,
        speeds=tuple(speeds),
        environment=environment(),
    )


def plan(*, progress: Progress | None = None) -> Forecast:
    """What 90 epochs of ResNet-50 on ImageNet and 100 million predictions cost on this machine, measured, and on 8 and
    64 GPUs, assumed (training.forecast). The fastest engine and precision of each count."""
    found = bench(model=NETWORK, size=SIZE, progress=progress)
    best = {does: max(one.images_per_second for one in found.speeds if one.does == does) for does in DOES}
    rates = Rates(
        training=best["training"],
        prediction=best["prediction"],
        decoding=_decoded_per_second(untrained(NETWORK, SIZE).preprocessing),
        cores=os.cpu_count() or 1,
    )
    return forecast(rates, found.environment)


def _decoded_per_second(preprocessing: Preprocessing) -> float:
    """Photographs that all cores together read from JPEG files and bring to the size of the network."""
    coarse = generator("photograph").integers(0, 256, (12, 16, 3)).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        image = Image.fromarray(coarse).resize(PHOTOGRAPH, Image.Resampling.BICUBIC)
        images = [Path(folder) / f"{number}.jpg" for number in range(IMAGES)]
        for file in images:
            image.save(file, quality=90)
        return IMAGES / _seconds(lambda: list(files(images, preprocessing, batch_size=IMAGES)))


def untrained(model: str, size: int | None) -> Classifier:
    """The network as its paper has it, with random weights."""
    known = architecture(model)
    channels, height, _ = known.input
    how = Preprocessing(channels, "uint8", size or height, mean=(0.5,) * channels, std=(0.25,) * channels)
    known.check_size(how.size, how.size)
    network = build_model(model).eval()
    return Classifier(network, known.name, tuple(f"class {number}" for number in range(known.num_classes)), how)


def _speed(
    does: str, engine: str, precision: Precision, images: float, before: list[Speed], seconds_at_peak: float
) -> Speed:
    plain = next((one.images_per_second for one in before if one.does == does), images)
    return Speed(
        does=does, engine=engine, precision=precision, images_per_second=images, ratio=images / plain,
        share_of_peak=images * seconds_at_peak,
    )  # fmt: skip


def _peak(precision: Precision) -> float:
    """Multiply-adds per second of the product of two large matrices in PyTorch."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    matrix = torch.ones(MATRIX, MATRIX, dtype=kind)
    with torch.inference_mode():
        return MATRIX**3 / _seconds(lambda: torch.mm(matrix, matrix))


def _seconds(work: Callable[[], object]) -> float:
    """The median time of one turn, after one that warms up."""
    work()
    times: list[float] = []
    while not times or sum(times) < SECONDS:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))
