"""A comparison as `leadline compare` leaves it, made in a second: real scanned digits, perceptrons for networks."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import measure, recalibration
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.verdict import Candidate, decide

EPOCHS = 12


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
ENVIRONMENT = {
    "python": "3.11.7", "system": "Linux", "cores": 2, "packages": {"leadline": "0.1.0", "torch": "2.9.1"},
    "hardware": {"device": "cpu", "precision": "bf16", "threads": 2, "processor": "A processor"},
}  # fmt: skip


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


def write_run(run: Path, standin: Standin, digits: Digits) -> dict[str, Any]:
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
    environment = {**ENVIRONMENT, "data_root": str(digits.root), "command": command}
    (run / "environment.json").write_text(json.dumps(environment))
    metrics = {
        "classes": list(digits.classes),
        "validation": measure(predictions.of_split("validation")),
        "test": measure(predictions.of_split("test")),
        "calibration": {
            "temperature": temperature,
            "fitted_on": "validation",
            "n": len(predictions.of_split("validation").readable),
            "validation": recalibration(predictions.of_split("validation"), temperature=temperature),
            "test": recalibration(predictions.of_split("test"), temperature=temperature),
        },
        "looks_at_test": 1,
        "seconds_per_image": {"training": standin.hidden * 1e-5, "prediction": standin.hidden * 2e-6},
        "training_seconds": history[-1]["seconds"],
        "peak_memory_bytes": 400_000_000 + 3_000_000 * standin.hidden,
        "left_out": [{"path": "class-00/truncated.png", "error": "is truncated"}],
    }
    (run / "metrics.json").write_text(json.dumps(metrics))
    return metrics


def write_comparison(
    folder: Path,
    *,
    standins: tuple[Standin, ...] = (LENET, RESNET, RESNEXT),
    classes: tuple[str, ...] = tuple("0123456789"),
) -> Path:
    """A finished comparison over images under `folder`/images; the folder with comparison.json in it."""
    digits = write_digits(folder / "images", classes=classes, count=700)
    compared = folder / "compared"
    networks, candidates = [], []
    for standin in standins:
        metrics = write_run(compared / standin.name, standin, digits)
        about = {name: value for name, value in vars(standin).items() if name != "hidden"}
        copied = {name: metrics[name] for name in ("validation", "test", "seconds_per_image", "training_seconds",
                                                   "peak_memory_bytes", "left_out")}  # fmt: skip
        networks.append({**about, **copied, "size": 32, "run": standin.name})
        predictions = Predictions.read(compared / standin.name / "predictions.parquet").of_split("validation")
        candidates.append(Candidate(standin.name, predictions, standin.multiply_adds))
    counts = dict(digits.manifest.filter(error="").group_by("split").len().iter_rows())
    comparison = {
        "data": "digits", "margin": 0.02, "created": "2026-11-24", "command": "leadline compare digits --epochs 12",
        "classes": list(classes), "images": counts, "verdict": decide(candidates, margin=0.02).as_dict(),
        "networks": networks, "environment": ENVIRONMENT, "looks_at_test": 1,
    }  # fmt: skip
    (compared / "comparison.json").write_text(json.dumps(comparison))
    return compared


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three networks on the ten digits. Not to be written into."""
    return write_comparison(tmp_path_factory.mktemp("comparison"))


@pytest.fixture
def comparison(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(finished, tmp_path / "compared")


@pytest.fixture(scope="session")
def of_many_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One network on thirty classes. Not to be written into."""
    classes = tuple(f"species {number:02d}" for number in range(30))
    return write_comparison(tmp_path_factory.mktemp("many"), standins=(ALEXNET,), classes=classes)


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
