"""Carries out an experiment: draws its images, trains its networks through `training`, and keeps what comes out.

OUT/data/NAME.parquet           the images of a built-in data set, looked at once
OUT/trainings/MODEL-…-seed1/    a run folder per training, with record.json; experiments share what they share
OUT/ID.json, ID-full.json       the result, from the first seed on
"""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from leadline.claims.branches import branch_use
from leadline.claims.experiment import Experiment, Network, Setting
from leadline.claims.identity import learn_identity
from leadline.data.keyed import generator
from leadline.data.manifest import Manifest
from leadline.data.sources import builtin
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.inference.revision import revision
from leadline.progress import Progress, WithoutNotes
from leadline.results import json_files
from leadline.results.lab_result import ExperimentResult, Made, Point, TrainingRecord
from leadline.training.cross_validation import forget_checkpoints
from leadline.training.data import TrainingData
from leadline.training.defaults import natural_size, resolve
from leadline.training.loop import Interrupted
from leadline.training.recipe import Recipe
from leadline.training.run_folder import Run, alone_in, begin
from leadline.training.training import train_one
from leadline.zoo.googlenet import GoogLeNet

RECORD = "record.json"
# Of the images that are not trained on, so many more are looked at after each epoch, for the curves.
WATCHED = 1 / 4
LARGEST = 32  # pixels, at which a person's own images are worked on
FEWEST = 20  # images to train on, and to test on


def result_file(out: Path, experiment: Experiment, setting: str, data: str | None = None) -> Path:
    """`data` where it is not the experiment's own."""
    of = f"-{hashlib.sha256(str(Path(data).resolve()).encode()).hexdigest()[:8]}" if data else ""
    return out / f"{experiment.id}{of}{'-full' * (setting == 'full')}.json"


def carry_out(
    experiment: Experiment, setting: str, out: Path, *, data: str | None = None, progress: Progress
) -> ExperimentResult:
    """Train what is not trained yet, seed by seed, so that networks stay paired however it ends.

    Raises Interrupted, which says how to go on. LeadlineError where the data are too few or a training fails.
    """
    size = experiment.setting(setting)
    source = data or size.data
    file = result_file(out, experiment, setting, data)
    found: list[TrainingRecord] = []
    out.mkdir(parents=True, exist_ok=True)
    with alone_in(out):
        kept = json_files.read(file, ExperimentResult) if file.is_file() else None
        if experiment.toy and kept and len(kept.trainings) == size.seeds * len(experiment.networks):
            return kept
        images = None if experiment.toy else images_of(source, out, progress)
        if data and images is not None:
            size = msgspec.structs.replace(size, size=working_size(images, size))
        for seed in range(1, size.seeds + 1):
            drawn = None if images is None else draw(images, size, seed)
            for label, network in experiment.networks.items():
                progress.note(f"{experiment.id}: {label}, seed {seed} of {size.seeds}")
                if drawn is None:
                    found.append(learn_identity(label, network, seed))
                else:
                    recipe = recipe_for(experiment, network, size, drawn, seed)
                    found.append(_trained(label, recipe, drawn, out, experiment.id, progress))
            result = ExperimentResult(
                id=experiment.id, setting=setting, data=source, images=_count(drawn, "train"),
                tests=_count(drawn, "test"), size=size.size, trainings=tuple(found),
                made=made_here(experiment, setting, data),
            )  # fmt: skip
            if kept and kept.trainings[: len(found)] == result.trainings:  # of which it is known when and where
                result = kept
            else:
                json_files.write(file, result)
    return result


def made_here(experiment: Experiment, setting: str, data: str | None) -> Made:
    """Now, on this machine, and the command that measures it again."""
    machine = replace(hardware("cpu", "fp32"), threads=1) if experiment.toy else hardware()
    options = ["--full"] * (setting == "full") + (["--data", data] if data else [])
    cores = f"{machine.threads} thread{'s' * (machine.threads != 1)}"
    return Made(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{machine.processor}, {cores}, {machine.precision}, {machine.instructions}",
        revision=revision(),
        command=shlex.join(["leadline", "lab", experiment.id, "--run", *options]),
    )


def working_size(images: Manifest, size: Setting) -> int:
    """Of a person's own images, in pixels: that of the experiment, or theirs up to LARGEST."""
    return max(size.size, min(natural_size(images), LARGEST))


def images_of(source: str, out: Path, progress: Progress) -> Manifest:
    """What a built-in data set holds never changes, so its manifest is kept; a folder is looked at again."""
    file = out / "data" / f"{source}.parquet"
    if source in builtin.NAMES and file.is_file():
        return Manifest.read(file)
    progress.note(f"{source}: looking at its images")
    manifest = scan(source)
    if source in builtin.NAMES:
        file.parent.mkdir(parents=True, exist_ok=True)
        manifest.write(file)
    return manifest


def draw(images: Manifest, size: Setting, seed: int) -> Manifest:
    """The images of one seed: so many for training, in "train", and of those that the split holds out (or the data
    themselves) so many for the tests, in "test", and a quarter as many in "validation", which the curves watch.

    Every class has as many as the others, as far as there are so many. Fewer are taken where there are no more.
    """
    table = split(images, seed=seed).usable
    held_out = table.filter(pl.col("split") != "train")
    if min(len(held_out), len(table) - len(held_out)) < FEWEST:
        raise LeadlineError(
            f"{images.source}: {len(table)} images, of which {len(held_out)} are held out, tell no networks apart; "
            f"give at least {FEWEST} to train on and {FEWEST} to test on"
        )
    held_out = _balanced(held_out, round(size.tests * (1 + WATCHED)), seed)
    shuffled = generator("watched", seed).permutation(len(held_out))
    watched = shuffled < round(len(held_out) * WATCHED / (1 + WATCHED))
    held_out = held_out.with_columns(split=pl.Series(np.where(watched, "validation", "test")))
    return images.with_table(pl.concat([_balanced(table.filter(split="train"), size.images, seed), held_out]))


def _balanced(table: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """The first `count` rows when classes take turns, each in an order of its own."""
    order = pl.Series(generator("drawn", seed).permutation(len(table)))
    turns = table.with_columns(order=order).with_columns(turn=pl.col("order").rank("ordinal").over("label"))
    return turns.sort("turn", "order").head(count).drop("turn", "order").sort("path")


def recipe_for(experiment: Experiment, network: Network, size: Setting, drawn: Manifest, seed: int) -> Recipe:
    """Ours for the network, but for what the experiment decides."""
    settings = {"size": size.size, "augment": "none", **experiment.settings, **network.settings, "seed": seed}
    return resolve(settings, drawn, model=network.model, epochs=size.epochs * network.length)


def _trained(
    label: str, recipe: Recipe, drawn: Manifest, out: Path, experiment: str, progress: Progress
) -> TrainingRecord:
    """A training that was done before, for this experiment or another, is not done again."""
    content = f"{sorted(asdict(recipe).items())} {drawn.fingerprint}"
    name = f"{recipe.model}-{hashlib.sha256(content.encode()).hexdigest()[:8]}-seed{recipe.seed}"
    run = Run(out / "trainings" / name)
    if not (run.folder / RECORD).is_file():
        if not (run.folder / "recipe.toml").is_file():
            begin(run, recipe, drawn)
        try:
            if not run.finished:
                train_one(run, recipe, drawn, progress=WithoutNotes(progress), part=True)
        except Interrupted:
            again = f"leadline lab {experiment} --run --out {out}"
            raise Interrupted(f"interrupted; the same command goes on from here: {again}") from None
        json_files.write(run.folder / RECORD, _record(run, recipe, drawn))
        forget_checkpoints(run)
    return msgspec.structs.replace(json_files.read(run.folder / RECORD, TrainingRecord), network=label)


def _record(run: Run, recipe: Recipe, drawn: Manifest) -> TrainingRecord:
    metrics, classifier = run.metrics, run.classifier
    data = TrainingData.open(drawn, recipe).with_preprocessing(classifier.preprocessing)
    fitted = data.predict(Engine.of(classifier, hardware()), "train").table
    if metrics.test is None or metrics.test.accuracy.value is None:
        raise LeadlineError(f"{recipe.data}: no image is left to test on; give more images")
    return TrainingRecord(
        network="",
        model=recipe.model,
        seed=recipe.seed,
        parameters=metrics.parameters,
        multiply_adds=metrics.multiply_adds,
        steps=recipe.steps,
        seconds=round(metrics.training_seconds, 1),
        train_error=round(1 - float((fitted["predicted"] == fitted["label"]).mean()), 5),  # type: ignore[arg-type]
        test_error=round(1 - metrics.test.accuracy.value, 5),
        curve=tuple(map(_point, run.history)),
        branches=branch_use(classifier.network) if isinstance(classifier.network, GoogLeNet) else {},
    )


def _point(row: Mapping[str, float]) -> Point:
    return Point(int(row["step"]), round(1 - row["train_accuracy"], 4), round(1 - row["validation_accuracy"], 4))


def _count(drawn: Manifest | None, split: str) -> int:
    return 0 if drawn is None else len(drawn.usable.filter(split=split))
