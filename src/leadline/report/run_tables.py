"""What runs leave on disk, read as far as it is there: a report of an interrupted run says what is missing."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import polars as pl

from leadline.data.manifest import read_about
from leadline.data.shards.index import ShardIndex
from leadline.drawing.palette import Colour, of_family
from leadline.errors import LeadlineError
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import Estimate, SeedSpread, SplitMetrics, SplitName
from leadline.parquet import read_parquet
from leadline.results import json_files
from leadline.results.comparison_result import NetworkResult
from leadline.results.run_metrics import METRICS, Environment, Folds, RunMetrics
from leadline.training.recipe import Recipe


@dataclass(frozen=True)
class RunTables:
    """The tables of one run folder; empty, or None, where there is none."""

    recipe: Recipe | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    metrics: RunMetrics | None = None
    environment: Environment = field(default_factory=Environment)
    predictions: Predictions | None = None
    manifest: pl.DataFrame = field(default_factory=pl.DataFrame)
    streamed: ShardIndex | None = None  # of the training images, where they were streamed from shards
    images: dict[str, int] = field(default_factory=dict)  # usable ones of each split
    left_out: dict[str, str] = field(default_factory=dict)  # path → why it could not be used
    data_root: Path | None = None
    channel_files: dict[str, tuple[str, ...]] = field(default_factory=dict)  # path → all files, where channels have own
    classifier: bool = False  # whether there is one; folds that only judge leave none
    missing: tuple[str, ...] = ()  # what could not be read, a line each


@dataclass(frozen=True)
class Network:
    """One network as a report shows it: its entry in comparison.json, where there is one, and its run."""

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
    validation: SplitMetrics | None = None  # of the images that are chosen on, also out of fold
    chosen_on: str = "validation"  # or "out-of-fold"
    test: SplitMetrics | None = None  # of the images that the report judges on
    judged_split: str = "test"  # which these are; without test images those that are chosen on
    folds: Folds | None = None
    seed_spread: Mapping[SplitName, SeedSpread] = field(default_factory=dict)  # of several seeds
    runs: tuple[str, ...] = ()  # the folder of each seed
    remarks: tuple[str, ...] = ()

    def judged(self, name: str) -> Estimate | None:
        """The metric of that name on the images that the report judges on."""
        return self.test.of(name) if self.test else None

    def chosen(self, name: str) -> Estimate | None:
        """The same on the images that are chosen on."""
        return self.validation.of(name) if self.validation else None

    @property
    def judged_on(self) -> str:
        return f"{self.judged_split} images"

    @property
    def colour(self) -> Colour:
        return of_family(self.family)[0]


def read_network(
    folder: Path, result: NetworkResult | None = None, spread: Mapping[SplitName, SeedSpread] | None = None
) -> Network:
    """The network of a run folder; `result` and `spread` are its part of comparison.json, where it belongs to one."""
    tables = read_run(folder)
    return network_of(result, tables, spread) if result else _of_run(folder, tables)


def network_of(
    result: NetworkResult, tables: RunTables, spread: Mapping[SplitName, SeedSpread] | None = None
) -> Network:
    """The network of an entry of comparison.json."""
    return Network(
        name=result.name,
        tables=tables,
        family=result.family,
        year=result.year,
        depth=result.depth,
        parameters=result.parameters,
        multiply_adds=result.multiply_adds,
        training_seconds=result.training_seconds or None,
        prediction_seconds=result.seconds_per_image.prediction if result.seconds_per_image else None,
        peak_memory_bytes=result.peak_memory_bytes,
        folds=tables.metrics.folds if tables.metrics else None,
        seed_spread=spread or {},
        runs=result.runs or (result.run,),
        remarks=remarks_of(result),
        **_judged(tables, result.metrics),
    )


def remarks_of(result: NetworkResult) -> tuple[str, ...]:
    """With why its training failed, where that is not among them."""
    told = not result.failed or any(result.failed in remark for remark in result.remarks)
    return result.remarks if told else (*result.remarks, f"failed: {result.failed}")


def _of_run(folder: Path, tables: RunTables) -> Network:
    name, metrics = tables.recipe.model if tables.recipe else folder.name, tables.metrics
    if metrics is None:
        return Network(name, tables, runs=(folder.name,))
    return Network(
        name=name,
        tables=tables,
        family=metrics.family,
        year=metrics.year,
        depth=metrics.depth,
        parameters=metrics.parameters,
        multiply_adds=metrics.multiply_adds,
        training_seconds=metrics.training_seconds,
        prediction_seconds=metrics.seconds_per_image.prediction,
        peak_memory_bytes=metrics.peak_memory_bytes,
        folds=metrics.folds,
        runs=(folder.name,),
        **_judged(tables, {"validation": metrics.validation, "test": metrics.test}),
    )


class Judged(TypedDict):
    validation: SplitMetrics | None
    chosen_on: str
    test: SplitMetrics | None
    judged_split: str


def _judged(tables: RunTables, metrics: Mapping[Any, SplitMetrics | None]) -> Judged:
    """What was measured on the images that are chosen on, and on those that the report judges on."""
    folds = (tables.metrics and tables.metrics.folds) or (tables.recipe and tables.recipe.folds)
    chosen_on = "out-of-fold" if folds or "out-of-fold" in metrics else "validation"
    chosen, test = metrics.get("out-of-fold") or metrics.get("validation"), metrics.get("test")
    return {
        "validation": chosen,
        "chosen_on": chosen_on,
        "test": test or chosen,
        "judged_split": "test" if test or not chosen else chosen_on,
    }


def read_run(folder: Path) -> RunTables:
    """Never raises for a file that is missing or damaged; `missing` says so."""
    missing: list[str] = []

    def read(name: str, reader: Any, otherwise: Any) -> Any:
        file = folder / name
        try:
            return reader(file)
        except (OSError, ValueError, csv.Error, LeadlineError, pl.exceptions.PolarsError) as error:
            said = str(error).removeprefix(f"{file}: ").partition("\n")[0]
            problem = f"cannot be read ({said or type(error).__name__})" if file.exists() else "is missing"
        missing.append(f"{folder.name}/{name} {problem}")
        return otherwise

    metrics = read(METRICS, partial(json_files.read, kind=RunMetrics), None)
    environment = read("environment.json", partial(json_files.read, kind=Environment), Environment())
    predictions = read("predictions.parquet", Predictions.read, None)
    manifest, manifest_root, channel_files = read("manifest.parquet", _read_manifest, (pl.DataFrame(), None, {}))
    root = environment.data_root or manifest_root
    streamed = _streamed(folder / "manifest.parquet") if len(manifest) else None
    left_out = _errors(manifest)
    if predictions is not None:
        left_out |= _errors(predictions.table)
    if metrics is not None:
        left_out |= {image.path: image.error for image in metrics.left_out}
    return RunTables(
        recipe=read("recipe.toml", Recipe.read, None),
        history=read("history.csv", _read_history, []),
        metrics=metrics,
        environment=environment,
        predictions=predictions,
        manifest=manifest,
        streamed=streamed,
        images=_images(manifest) | ({"train": streamed.images("train")} if streamed else {}),
        left_out=left_out,
        data_root=Path(root) if root else None,
        channel_files=channel_files,
        classifier=(folder / "classifier").is_dir(),
        missing=tuple(missing),
    )


def _read_manifest(file: Path) -> tuple[pl.DataFrame, str | None, dict[str, tuple[str, ...]]]:
    table, about = read_parquet(file), read_about(file)
    files = {}
    if about.channel_names and {"path", "files"} <= set(table.columns):
        files = {path: (path, *(others or ())) for path, others in table.select("path", "files").iter_rows()}
    return table, about.root or None, files


def _streamed(file: Path) -> ShardIndex | None:
    try:
        text = read_about(file).shards
        return ShardIndex.from_json(text, file=str(file)) if text else None
    except (LeadlineError, OSError, ValueError, pl.exceptions.PolarsError):
        return None


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
