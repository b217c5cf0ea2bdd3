"""A comparison as `leadline compare` leaves it, made in a second: real scanned digits, perceptrons for networks."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from leadline.data.audit import Audit, Problem
from leadline.data.audit.problem import Summary
from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import measure, recalibration
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import Calibration, Estimate, SplitMetrics
from leadline.results import json_files
from leadline.results.comparison_result import (
    COMPARISON,
    Answer,
    ComparisonResult,
    Evidence,
    LongerTraining,
    NetworkResult,
    Round,
    Standing,
)
from leadline.results.json_files import read_comparison
from leadline.results.run_metrics import Environment, HardwareRecord, LeftOut, RunMetrics, SecondsPerImage

EPOCHS = 12


def write_check(folder: Path, problems: list[Problem], *, images: int) -> None:
    """check.json as a check of so many images leaves it."""
    of = Counter(problem.severity for problem in problems)
    summary = Summary(
        data="images", data_fingerprint="", images=images, unreadable=0, classes={}, splits={}, groups=0, kinds={},
        errors=of["error"], warnings=of["warning"], hints=of["hint"],
    )  # fmt: skip
    json_files.write(folder / json_files.CHECK, Audit(tuple(problems), summary))


@dataclass(frozen=True)
class Standin:
    """A perceptron that goes under a network's name."""

    name: str
    family: str
    year: int
    depth: int
    parameters: int
    multiply_adds: int
    hidden: int


LENET = Standin("lenet5", "LeNet", 1998, 5, 61_750, 341_000, hidden=5)
ALEXNET = Standin("alexnet_small", "AlexNet", 2012, 8, 2_470_000, 21_400_000, hidden=14)
RESNET = Standin("resnet20_cifar", "ResNet", 2015, 20, 272_000, 40_600_000, hidden=90)
RESNEXT = Standin("resnext_small", "ResNeXt", 2016, 20, 428_000, 61_900_000, hidden=120)
RECIPE = {
    "data": "digits", "model": "", "steps": 236, "batch_size": 64, "learning_rate": 0.1, "size": 32, "augment": "shift",
    "seed": 0, "split_seed": 0, "group": "", "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4,
    "label_smoothing": 0.1, "warmup": 0.1, "auxiliary_weight": 0.3,
}  # fmt: skip
ENVIRONMENT = Environment(
    python="3.11.7", system="Linux", cores=2, packages={"leadline": "0.1.0", "torch": "2.9.1"},
    hardware=HardwareRecord("cpu", "bf16", 2, "A processor"),
)  # fmt: skip


@dataclass(frozen=True)
class Digits:
    """The images on disk, and the numbers that the perceptrons see."""

    root: Path
    manifest: pl.DataFrame
    pixels: np.ndarray
    classes: tuple[str, ...]


def write_digits(root: Path, *, classes: tuple[str, ...], count: int) -> Digits:
    """PNGs in a folder per class, class k being the digit k modulo ten; and one image that cannot be read."""
    digits = load_digits()
    random = np.random.default_rng(0)
    paths, labels, pixels = [], [], []
    for number in range(count):
        position = number % len(classes)
        of_digit = np.flatnonzero(digits.target == position % 10)
        image = digits.images[of_digit[(number // len(classes)) % len(of_digit)]]
        path = f"class-{position:02d}/{number:05d}.png"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15.9).astype(np.uint8)).save(root / path)
        paths.append(path)
        labels.append(classes[position])
        pixels.append(image.ravel() / 16)
    splits = random.choice(["train", "validation", "test"], size=count, p=[0.6, 0.2, 0.2]).tolist()
    manifest = pl.DataFrame(
        {
            "path": [*paths, "class-00/truncated.png"],
            "label": [*labels, classes[0]],
            "split": [*splits, None],
            "error": [""] * count + ["is truncated"],
        }
    )
    return Digits(root, manifest, np.array(pixels), classes)


def write_run(run: Path, standin: Standin, digits: Digits) -> RunMetrics:
    """One run folder; its metrics.json."""
    run.mkdir(parents=True)
    usable = digits.manifest.filter(error="")
    labels = np.array([digits.classes.index(label) for label in usable["label"]])
    part = {name: (usable["split"] == name).to_numpy() for name in ("train", "validation", "test")}
    network = MLPClassifier((standin.hidden,), learning_rate_init=0.01, batch_size=32, random_state=standin.hidden)
    history = []
    for epoch in range(1, EPOCHS + 1):
        network.partial_fit(digits.pixels[part["train"]], labels[part["train"]], classes=range(len(digits.classes)))
        row: dict[str, float] = {"epoch": epoch, "step": epoch * 20, "learning_rate": 0.1 * (1 - epoch / EPOCHS)}
        for name, key in (("train", "train"), ("validation", "validation")):
            chances = network.predict_proba(digits.pixels[part[key]])
            true = labels[part[key]]
            row[f"{name}_loss"] = float(-np.log(chances[np.arange(len(true)), true].clip(1e-9)).mean())
            row[f"{name}_accuracy"] = float((chances.argmax(axis=1) == true).mean())
        history.append({**row, "seconds": epoch * standin.hidden / 9})
    judged = part["validation"] | part["test"]
    table = usable.filter(judged)
    errors = [""] * len(table)
    errors[0] = "could not be decoded"
    predictions = Predictions.from_arrays(
        paths=table["path"].to_list(),
        probabilities=network.predict_proba(digits.pixels[judged]),
        classes=digits.classes,
        labels=table["label"].to_list(),
        splits=table["split"].to_list(),
        errors=errors,
    )
    temperature = fit_temperature(predictions.of_split("validation"))
    predictions = recalibrated(predictions, temperature)
    predictions.write(run / "predictions.parquet")
    digits.manifest.write_parquet(run / "manifest.parquet", metadata={"root": str(digits.root)})
    with (run / "history.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    recipe = {**RECIPE, "model": standin.name}
    (run / "recipe.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in recipe.items()))
    command = f"leadline train digits --model {standin.name}"
    made_of = msgspec.structs.replace(ENVIRONMENT, data_root=str(digits.root), command=command)
    json_files.write(run / "environment.json", made_of)
    metrics = RunMetrics(
        name=standin.name, family=standin.family, year=standin.year, depth=standin.depth, deviates="",
        parameters=standin.parameters, multiply_adds=standin.multiply_adds, size=32, classes=digits.classes,
        validation=measure(predictions.of_split("validation")),
        test=measure(predictions.of_split("test")),
        calibration=Calibration(
            temperature=temperature,
            fitted_on="validation",
            n=len(predictions.of_split("validation").readable),
            validation=recalibration(predictions.of_split("validation"), temperature=temperature),
            test=recalibration(predictions.of_split("test"), temperature=temperature),
        ),
        looks_at_test=1,
        seconds_per_image=SecondsPerImage(training=standin.hidden * 1e-5, prediction=standin.hidden * 2e-6),
        training_seconds=history[-1]["seconds"],
        peak_memory_bytes=400_000_000 + 3_000_000 * standin.hidden,
        left_out=(LeftOut("class-00/truncated.png", "is truncated"),),
    )  # fmt: skip
    json_files.write(run / "metrics.json", metrics)
    return metrics


@dataclass(frozen=True)
class MadeUp:
    """A network of a comparison that nobody trained."""

    name: str
    right: float = 0.9
    seconds: float = 1e-3
    multiply_adds: int = 1_000_000
    bound: float = 0.03  # of the loss against the best
    family: str = "ResNet"

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.right, self.right - 0.02, self.right + 0.01, "Wilson", 1500)

    def result(self, run: str = "", *, split: str = "validation", **fields: Any) -> NetworkResult:
        measured = SplitMetrics(accuracy=self.estimate, balanced_accuracy=self.estimate, majority_baseline=0.25)
        about = {"family": self.family, "year": 2015, "depth": 20, "deviates": "", "parameters": 272_000}
        recipe = {"size": 32, "steps": 500, "epochs": 10.0, "learning_rate": 0.1, "batch_size": 64}
        times = SecondsPerImage(training=3 * self.seconds, prediction=self.seconds)
        return NetworkResult(
            **{
                "name": self.name, "multiply_adds": self.multiply_adds, **about, **recipe, "run": run or self.name,
                "metrics": {split: measured}, "seconds_per_image": times, "training_seconds": 30.0, **fields,
            }
        )  # fmt: skip


def made_up(*networks: MadeUp, named: str = "", certainty: str = "likely", **fields: Any) -> ComparisonResult:
    """A finished comparison of these networks by folds; `named` is the first without a name."""
    best = max(networks, key=lambda one: one.right)
    standings = tuple(
        Standing(one.name, one.estimate, best.right - one.right, one.bound, 0.86, one.multiply_adds, one.seconds)
        for one in sorted(networks, key=lambda one: one.seconds)
    )
    chosen = next(one for one in standings if one.name == (named or networks[0].name))
    answer = Answer(
        name=chosen.name, certainty=certainty, probability=chosen.probability, guaranteed_loss=chosen.loss_bound,
        expected_loss=chosen.loss, best=best.name, indistinguishable=(best.name,) if best.name != chosen.name else (),
        ruled_out=(), spread=0.0042, spread_assumed=False, networks=standings,
    )  # fmt: skip
    return ComparisonResult(
        **{
            "data": "digits", "command": "leadline compare digits", "created": "2026-11-26", "minutes": 10,
            "margin": 0.01, "answer": answer, "evidence": Evidence("folds", 1500, 0, None, 5), "seconds": 590.0,
            "rounds": (Round("final", tuple(one.result(split="out-of-fold") for one in networks), seconds=400.0),),
            **fields,
        }
    )  # fmt: skip


def network_result(standin: Standin, metrics: RunMetrics, *, run: str, steps: int = 236) -> NetworkResult:
    return NetworkResult(
        name=standin.name, family=standin.family, year=standin.year, depth=standin.depth, deviates="",
        parameters=standin.parameters, multiply_adds=standin.multiply_adds, size=32, steps=steps, epochs=EPOCHS,
        learning_rate=0.1, batch_size=64, run=run,
        metrics={"validation": metrics.validation, "test": metrics.test},
        seconds_per_image=metrics.seconds_per_image, training_seconds=metrics.training_seconds,
        peak_memory_bytes=metrics.peak_memory_bytes, left_out=metrics.left_out,
    )  # fmt: skip


def answer_of(networks: tuple[NetworkResult, ...], *, margin: float) -> Answer:
    """A likely one: the first network, whose bound is beyond the margin; what is out of reach of it is ruled out."""
    best = max(one.metrics["validation"].accuracy.value for one in networks)
    standings = []
    for one in networks:
        accuracy = one.metrics["validation"].accuracy
        loss = best - accuracy.value
        standings.append(
            Standing(
                one.name,
                accuracy,
                loss,
                loss + 1.5 * margin,
                0.9 if loss < margin else 0.1,
                one.multiply_adds,
                one.seconds_per_image.prediction,
            )
        )
    named = standings[1] if len(standings) > 1 else standings[0]
    others = [one for one in standings if one != named]
    return Answer(
        name=named.name, certainty="likely", probability=named.probability, guaranteed_loss=named.loss_bound,
        expected_loss=named.loss, best=min(standings, key=lambda one: one.loss).name,
        indistinguishable=tuple(one.name for one in others if one.loss <= 2 * margin),
        ruled_out=tuple(one.name for one in others if one.loss > 2 * margin),
        spread=0.005, spread_assumed=True,
        networks=tuple(sorted(standings, key=lambda one: one.seconds_per_image)),
    )  # fmt: skip


def write_study(
    folder: Path,
    *,
    standins: tuple[Standin, ...] = (LENET, RESNET, RESNEXT),
    left: tuple[Standin, ...] = (),
    classes: tuple[str, ...] = tuple("0123456789"),
) -> Path:
    """A finished comparison over images under `folder`/images; the folder with comparison.json in it.

    With `left` there was a heat, after which these networks left; of it only their runs are there.
    """
    digits, margin = write_digits(folder / "images", classes=classes, count=700), 0.02
    compared = folder / "compared"
    final = tuple(network_result(one, write_run(compared / one.name, one, digits), run=one.name) for one in standins)
    gone = tuple(
        network_result(one, write_run(compared / "heat" / one.name, one, digits), run=f"heat/{one.name}", steps=100)
        for one in left
    )
    heat = tuple(msgspec.structs.replace(one, run=f"heat/{one.name}", steps=100) for one in final)
    answer = answer_of(final, margin=margin)
    validation = final[0].metrics["validation"].accuracy
    gain = LongerTraining(name=answer.name, steps_ratio=2.36, difference=0.041, low=0.019, high=0.063)
    result = ComparisonResult(
        data="digits", command="leadline compare digits --minutes 2", created="2026-11-24", minutes=2, margin=margin,
        classes=classes, images=dict(digits.manifest.filter(error="").group_by("split").len().iter_rows()),
        answer=answer, evidence=Evidence("validation", validation.n, 1, None, 1),
        rounds=(*([Round("heat", heat + gone, seconds=40.0)] if gone else []), Round("final", final, seconds=70.0)),
        gain=gain if gone else None, looks_at_test=1, environment=ENVIRONMENT, seconds=118.0,
    )  # fmt: skip
    json_files.write(compared / COMPARISON, result)
    return compared


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four networks on the ten digits, three of them in the final. Not to be written into."""
    return write_study(tmp_path_factory.mktemp("comparison"), left=(ALEXNET,))


@pytest.fixture
def comparison(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(finished, tmp_path / "compared")


@pytest.fixture(scope="session")
def of_many_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One network on thirty classes. Not to be written into."""
    classes = tuple(f"species {number:02d}" for number in range(30))
    return write_study(tmp_path_factory.mktemp("many"), standins=(ALEXNET,), classes=classes)


@dataclass(frozen=True)
class Page:
    """A report, parsed as strictly as XML."""

    source: str
    root: ElementTree.Element

    @property
    def text(self) -> str:
        """What a reader sees, its blanks made one."""
        return " ".join("".join(self.root.find("body").itertext()).split())

    @property
    def headings(self) -> list[str]:
        return ["".join(heading.itertext()) for heading in self.root.iter("h2")]


@pytest.fixture(scope="session")
def read_page() -> Callable[[Path], Page]:
    def read(file: Path) -> Page:
        source = file.read_text("utf-8")
        return Page(source, ElementTree.fromstring(source))

    return read


@pytest.fixture
def edit_json() -> Callable[..., None]:
    """Sets entries of a JSON file."""

    def edit(file: Path, **entries: Any) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))

    return edit


@pytest.fixture
def edit_comparison() -> Callable[..., ComparisonResult]:
    """Sets fields of comparison.json; `final` and `heat` are fields of every network in these rounds, or functions."""

    def edit(folder: Path, *, final: Any = None, heat: Any = None, **fields: Any) -> ComparisonResult:
        result = read_comparison(folder)
        rounds = fields.pop("rounds", result.rounds)
        changes = {"final": final or {}, "heat": heat or {}}

        def changed(network: NetworkResult, kind: str) -> NetworkResult:
            change = changes[kind]
            return change(network) if callable(change) else msgspec.structs.replace(network, **change)

        rounds = tuple(
            msgspec.structs.replace(part, networks=tuple(changed(one, part.kind) for one in part.networks))
            for part in rounds
        )
        result = msgspec.structs.replace(result, rounds=rounds, **fields)
        json_files.write(folder / COMPARISON, result)
        return result

    return edit
