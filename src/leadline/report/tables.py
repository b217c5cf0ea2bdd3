"""What runs leave on disk, read as far as it is there: a report of an interrupted run says what is missing."""

import csv
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from leadline.data.manifest import read_about
from leadline.errors import LeadlineError
from leadline.evaluation.predictions import Predictions
from leadline.report.palette import Colour, of_family


@dataclass(frozen=True)
class RunTables:
    """The tables of one run folder; empty, or None, where there is none."""

    recipe: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    predictions: Predictions | None = None
    images: dict[str, int] = field(default_factory=dict)  # usable ones of each split
    left_out: dict[str, str] = field(default_factory=dict)  # path → why it could not be used
    data_root: Path | None = None
    channel_files: dict[str, tuple[str, ...]] = field(default_factory=dict)  # path → all files, where channels have own
    missing: tuple[str, ...] = ()  # what could not be read, a line each


@dataclass(frozen=True)
class Network:
    """One network as a report shows it: its entry in comparison.json, and its run."""

    name: str
    tables: RunTables
    family: str | None = None
    year: int | None = None
    depth: int | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    training_seconds: float | None = None
    prediction_seconds: float | None = None  # per image
    peak_memory_bytes: int | None = None
    validation: dict[str, Any] = field(default_factory=dict)
    # Of the images that the report judges on: the test images, or with folds and no test images those out of fold.
    test: dict[str, Any] = field(default_factory=dict)
    judged_split: str = "test"
    folds: dict[str, Any] = field(default_factory=dict)  # of a cross-validation, as metrics.json has it
    seeds: tuple[float, ...] = ()  # the test accuracy of each, where there are several
    seed_spread: dict[str, Any] = field(default_factory=dict)  # split → evaluation.seeds.SeedSpread, likewise
    runs: tuple[str, ...] = ()  # the folder of each seed
    not_judged: str = ""

    @property
    def chosen_on(self) -> str:
        return "out-of-fold" if self.folds else "validation"

    @property
    def judged_on(self) -> str:
        return f"{self.judged_split} images"

    @property
    def colour(self) -> Colour:
        return of_family(self.family)[0]

    @property
    def marker(self) -> str:
        return of_family(self.family)[1]


def read_network(entry: dict[str, Any], folder: Path) -> Network:
    """The network of a run folder; what `entry`, its part of comparison.json, does not hold comes from the folder."""
    tables = read_run(folder)
    found = {**tables.metrics, **{name: value for name, value in entry.items() if value is not None}}
    seconds = found.get("seconds_per_image") or {}
    seeds = found.get("test_accuracy_of_seeds") or ()
    out_of_fold = bool(found.get("folds")) and not found.get("test")
    return Network(
        name=found.get("name") or tables.recipe.get("model") or folder.name,
        tables=tables,
        family=found.get("family"),
        year=found.get("year"),
        depth=found.get("depth"),
        parameters=found.get("parameters"),
        multiply_adds=found.get("multiply_adds"),
        training_seconds=found.get("training_seconds"),
        prediction_seconds=seconds.get("prediction"),
        peak_memory_bytes=found.get("peak_memory_bytes"),
        validation=found.get("validation") or {},
        test=found.get("validation" if out_of_fold else "test") or {},
        judged_split="out-of-fold" if out_of_fold else "test",
        folds=found.get("folds") or {},
        seeds=tuple(seeds) if len(seeds) > 1 else (),
        seed_spread=found.get("seed_spread") or {},
        runs=tuple(found.get("runs") or [folder.name]),
        not_judged=found.get("not_judged") or "",
    )


def read_run(folder: Path) -> RunTables:
    """Never raises for a file that is missing or damaged; `missing` says so."""
    missing: list[str] = []

    def read(name: str, reader: Any, otherwise: Any) -> Any:
        file = folder / name
        try:
            return reader(file)
        except (OSError, ValueError, csv.Error, LeadlineError, pl.exceptions.PolarsError) as error:
            said = str(error).removeprefix(f"{file}: ").partition("\n")[0]
            found = f"cannot be read ({said or type(error).__name__})" if file.exists() else "is missing"
        missing.append(f"{folder.name}/{name} {found}")
        return otherwise

    metrics = read("metrics.json", read_json, {})
    environment = read("environment.json", read_json, {})
    predictions = read("predictions.parquet", Predictions.read, None)
    manifest, manifest_root, channel_files = read("manifest.parquet", _read_manifest, (pl.DataFrame(), None, {}))
    root = environment.get("data_root") or manifest_root
    left_out = _errors(manifest)
    if predictions is not None:
        left_out |= _errors(predictions.table)
    left_out |= {one["path"]: one["error"] for one in metrics.get("left_out") or ()}
    return RunTables(
        recipe=read("recipe.toml", lambda file: tomllib.loads(file.read_text("utf-8")), {}),
        history=read("history.csv", _read_history, []),
        metrics=metrics,
        environment=environment,
        predictions=predictions,
        images=_images(manifest),
        left_out=left_out,
        data_root=Path(root) if root else None,
        channel_files=channel_files,
        missing=tuple(missing),
    )


def read_json(file: Path) -> dict[str, Any]:
    """ValueError where the file holds anything but one JSON object."""
    found = json.loads(file.read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    return found


def _read_manifest(file: Path) -> tuple[pl.DataFrame, str | None, dict[str, tuple[str, ...]]]:
    table, about = pl.read_parquet(file), read_about(file)
    files = {}
    if about.channel_names and {"path", "files"} <= set(table.columns):
        files = {path: (path, *(others or ())) for path, others in table.select("path", "files").iter_rows()}
    return table, about.root or None, files


def _read_history(file: Path) -> list[dict[str, float]]:
    """A dictionary per epoch, of the columns that have a number in it."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [{name: float(value) for name, value in row.items() if name and value} for row in csv.DictReader(lines)]


def _images(manifest: pl.DataFrame) -> dict[str, int]:
    if not {"split", "error"} <= set(manifest.columns):
        return {}
    usable = manifest.filter((pl.col("error").fill_null("") == "") & pl.col("split").is_not_null())
    return dict(usable.group_by("split").len().iter_rows())


def _errors(table: pl.DataFrame) -> dict[str, str]:
    if not {"path", "error"} <= set(table.columns):
        return {}
    bad = table.filter(pl.col("error").fill_null("") != "")
    return dict(zip(bad["path"], bad["error"], strict=True))
