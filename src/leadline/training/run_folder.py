"""A run folder: what a training leaves (DESIGN §5), and where each piece of it lies."""

import contextlib
import csv
import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from filelock import FileLock, Timeout

from leadline.classifier import Classifier, load
from leadline.data.manifest import Manifest
from leadline.data.outputs import lies_in
from leadline.data.shards.finding import is_shards, name_of
from leadline.data.sources.walking import is_text, shown
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import Predictions
from leadline.inference.engine_trial import Labelled
from leadline.inference.hardware import environment
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON
from leadline.results.run_metrics import METRICS, RunMetrics
from leadline.training.recipe import Recipe
from leadline.writing import in_one_piece

# Where a run with cross-validation, and a comparison with a learning curve, keep their parts.
FOLDS, LEARNING_CURVE = "folds", "learning-curve"


@dataclass(frozen=True)
class Run:
    """A folder with one training in it."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def recipe(self) -> Recipe:
        return Recipe.read(self._existing("recipe.toml"))

    @property
    def manifest(self) -> Manifest:
        return Manifest.read(self._existing("manifest.parquet"))

    @property
    def classifier(self) -> Classifier:
        return load(self.folder)

    @property
    def predictions(self) -> Predictions:
        """Of the validation and test images; with folds, of all images that are trained on, each out of fold."""
        return Predictions.read(self._existing("predictions.parquet"))

    @property
    def chosen_on(self) -> list[Predictions]:
        """What networks are chosen on: the predictions of the validation images, or per repeat those out of fold."""
        recipe = self.recipe
        if not recipe.folds:
            return [self.predictions.of_split("validation")]
        return [Predictions.read(out_of_fold_file(self.folder, repeat)) for repeat in range(recipe.repeats)]

    def labelled(self, *splits: str) -> Labelled:
        """Its images in these splits, the first split's first, and in each the classes in turn; none where a classifier
        is without its run."""
        if not (self.folder / "manifest.parquet").is_file():
            return Labelled([], [], [])
        manifest = self.manifest
        order = {split: number for number, split in enumerate(splits)}
        table = manifest.usable.filter(pl.col("split").is_in(splits)).with_columns(
            turn=pl.int_range(pl.len()).over("split", "label")
        )
        table = table.sort(pl.col("split").replace_strict(order), "turn", "label")
        return Labelled(list(manifest.files(table)), table["label"].to_list(), table["group"].to_list())

    @property
    def metrics(self) -> RunMetrics:
        return json_files.read(self._existing(METRICS), RunMetrics)

    @property
    def history(self) -> list[dict[str, float]]:
        with self._existing("history.csv").open(encoding="utf-8", newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

    @property
    def finished(self) -> bool:
        """Whether the training ran to its end; metrics.json is written last."""
        return (self.folder / METRICS).is_file()

    @property
    def part_of(self) -> Path | None:
        """The run with cross-validation, or the comparison with a learning curve, that this is a part of."""
        above = self.folder.resolve().parent
        return above.parent if above.name in (FOLDS, LEARNING_CURVE) else None

    @property
    def comparison(self) -> Path | None:
        """The comparison that this is a run of."""
        above = self.folder.resolve().parents[:4]
        return next((folder for folder in above if (folder / COMPARISON).is_file()), None)

    def write_metrics(self, metrics: RunMetrics) -> None:
        json_files.write(self.folder / METRICS, metrics)

    def write_history(self, history: list[dict[str, float]]) -> None:
        with (
            in_one_piece(self.folder / "history.csv") as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(history[0]) if history else ["step"])
            writer.writeheader()
            writer.writerows(history)

    def _existing(self, name: str) -> Path:
        if not self.folder.is_dir():
            raise LeadlineError(f"{self.folder}: no such run folder")
        if not (self.folder / name).is_file():
            unfinished = (self.folder / "recipe.toml").is_file() and not self.finished
            folder = self.part_of or self.folder
            way_out = f"; the training is not finished: leadline train --resume {folder}" if unfinished else ""
            raise LeadlineError(f"{self.folder}: has no {name}{way_out}")
        return self.folder / name


def out_of_fold_file(run: Path, repeat: int) -> Path:
    """Where a run with cross-validation keeps the out-of-fold predictions of a repeat."""
    return run / FOLDS / f"out-of-fold-{repeat}.parquet"


def new_folder(out: str | Path | None, *, data: str | Path, suffix: str) -> Path:
    """Make the folder `out`, or a numbered one under runs/ that is called after `data`.

    UsageError where `out` exists already, or where it would lie in the folder `data`.
    """
    source = Path(data).resolve()
    name = name_of(data) if is_shards(data) else shown(source.stem)
    wanted = Path(out) if out is not None else Path("runs") / f"{name}-{suffix}"
    if not is_text(wanted):
        raise UsageError(
            f"--out {shown(wanted)}: is no UTF-8, which some files of a run cannot do without; choose another"
        )
    if out is not None and wanted.exists():
        raise UsageError(f"{out}: exists already; choose another --out, or go on with --resume {out}")
    if source.is_dir() and lies_in(wanted, source):
        raise UsageError(f"{wanted}: lies in the data, where nothing is written; name another folder with --out")
    return numbered(wanted)


def numbered(wanted: Path) -> Path:
    """Make the folder `wanted`, or where that exists `wanted`-2, -3, …"""
    folder, number = wanted, 1
    while True:
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
            folder = wanted.with_name(f"{wanted.name}-{number}")
        except OSError as error:
            raise LeadlineError(f"{folder}: cannot be made ({error.strerror})") from error


def begin(run: Run, recipe: Recipe, manifest: Manifest) -> None:
    """Write what a run needs before its first step, so that it can be resumed from there on."""
    run.folder.mkdir(parents=True, exist_ok=True)
    manifest.write(run.folder / "manifest.parquet")
    made_of = msgspec.structs.replace(
        environment(),
        data_root=str(manifest.root),
        data_fingerprint=manifest.fingerprint,
        command=command_line(),
    )
    json_files.write(run.folder / "environment.json", made_of)
    recipe.write(run.folder / "recipe.toml", remark="leadline train --recipe recipe.toml")


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """The time in which this process works on a run or a comparison, and no other may.

    LeadlineError where another one does. The system gives the lock back however a process ends; where a file system
    knows no locks, nobody is kept out.
    """
    if not folder.is_dir():
        raise LeadlineError(f"{folder}: no such run folder")
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise LeadlineError(
            f"{folder}: another process works on it; wait until that one is done, or stop it, and go on with --resume"
        ) from None
    except NotImplementedError:
        pass
    except OSError as error:
        raise LeadlineError(
            f"{folder}: cannot be written into ({error.strerror or error}); get the right to write there, or copy it "
            "elsewhere and go on with the copy"
        ) from error
    try:
        yield
    finally:
        lock.release()


def command_line() -> str:
    """The command that a person typed, as a shell would take it again."""
    program = Path(sys.argv[0])
    if "leadline" not in (program.stem, program.parent.name):  # python -m leadline is …/leadline/__main__.py
        return "from Python"
    return shlex.join(["leadline", *sys.argv[1:]])


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise LeadlineError(
            f"{file}: is damaged ({error}); put a copy of it back, or train again into a new folder"
        ) from error
