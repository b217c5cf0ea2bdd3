"""One training: a recipe and a manifest → a run folder with a classifier and what it comes to."""

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import torch
from torch import nn

from leadline.classifier import Classifier
from leadline.data.keyed import key
from leadline.data.manifest import Manifest
from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import accuracy_alone, calibration, measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.suspects import suspects
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.inference.memory import PeakMemory, enough_memory
from leadline.pretrained.create import create_model
from leadline.pretrained.weights import weights_of
from leadline.progress import SILENT, Progress, WithoutNotes
from leadline.ranks import ALONE, Group
from leadline.results.run_metrics import RunMetrics, SecondsPerImage
from leadline.training.data import TrainingData
from leadline.training.description import description, left_out, provenance
from leadline.training.distributed import announce, announced
from leadline.training.head import fit_head, share_features
from leadline.training.loop import Interrupted, fit
from leadline.training.recipe import Recipe
from leadline.training.run_folder import Run
from leadline.training.transfer import images_seen_by, normalised_as, refuse_changed


@enough_memory(way_out="choose a smaller --batch-size or --size, or close other programs")
def train_one(
    run: Run, recipe: Recipe, manifest: Manifest, *, progress: Progress, part: bool = False, group: Group = ALONE
) -> Run:
    """One training, from its checkpoint on where it has one: decode, train, calibrate, predict, save.

    The probabilities of a `part` of something larger are as the network states them: the whole finds their temperature.
    Of a `group` of processes this is the first; the others `join_in`.
    """
    machine = hardware()
    peak = PeakMemory(machine.device)
    if part:
        progress = WithoutNotes(progress)
    data = open_data(manifest, recipe, run, progress=progress)
    network = initialised(recipe, classes=data.classes, channels=data.preprocessing.channels, progress=progress)
    known = weights_of(network)
    refuse_changed(recipe, known)
    data = data.with_preprocessing(normalised_as(data.preprocessing, known, progress=progress))
    head = None
    announce(group, str(run.folder.resolve()))
    if recipe.frozen:
        state, head = fit_head(network, data, machine, run.folder, progress, group)
    else:
        state = fit(network, data, machine, run.folder, progress, group)

    engine = Engine(network, data.classes, data.preprocessing, machine)
    fitted_on = data.predict(engine, "validation") if len(data.rows["validation"]) and not part else None
    temperature = fit_temperature(fitted_on) if fitted_on is not None else 1.0
    engine = replace(engine, temperature=temperature)  # from here on every probability is a calibrated one
    started = time.perf_counter()
    predictions = data.predict(engine, "validation", "test")
    prediction_seconds = (time.perf_counter() - started) / max(1, len(predictions))

    run.write_history(state.history)
    if known is not None:
        known = replace(known, images_known=images_seen_by(recipe.weights) is not None)
    described = provenance(recipe, manifest, data.colours, known)
    classifier = Classifier(network.cpu(), recipe.model, manifest.classes, data.preprocessing, described, temperature)
    classifier.save(run.folder / "classifier")
    predictions.write(run.folder / "predictions.parquet")
    suspects(predictions).write(run.folder / "suspects.csv")
    about = description(recipe, classes=data.classes, channels=data.preprocessing.channels)
    measured = {
        name: accuracy_alone(predictions.of_split(name)) if part else measure(predictions.of_split(name))
        for name in ("validation", "test")
        if len(data.rows[name])
    }
    run.write_metrics(
        RunMetrics(
            **msgspec.structs.asdict(about),
            classes=tuple(manifest.classes),
            pretrained=known,
            head=head.record if head else None,
            validation=measured.get("validation"),
            test=measured.get("test"),
            calibration=calibration(predictions, temperature, fitted_on) if fitted_on is not None else None,
            looks_at_test=int(len(data.rows["test"]) > 0),
            seconds_per_image=SecondsPerImage(
                training=state.seconds / (recipe.steps / len(data.batches) * manifest.labels("train").total()),
                prediction=prediction_seconds,
            ),
            training_seconds=state.seconds,
            peak_memory_bytes=peak.bytes(),
            left_out=(
                *left_out(manifest, data.images.judged.names, data.images.errors),
                *data.streamed_errors,
            ),
        )
    )
    return run


def join_in(group: Group) -> None:
    """What a process that is not the first one of its `group` does: its share of each training that is announced."""
    while folder := announced(group):
        run = Run(Path(folder))
        recipe, data = run.recipe, TrainingData.open(run.manifest, run.recipe)
        network = initialised(recipe, classes=data.classes, channels=data.preprocessing.channels)
        data = data.with_preprocessing(normalised_as(data.preprocessing, weights_of(network), progress=SILENT))
        if recipe.frozen:
            share_features(network, data, hardware(), group)
        else:
            fit(network, data, hardware(), run.folder, SILENT, group)


def report_on_test(run: Run, manifest: Manifest) -> None:
    """Judge a finished run on the test images of `manifest`, which it was trained on the rest of, and write that down
    as if it had been done at its end."""
    metrics = run.metrics
    if not len(manifest.usable.filter(split="test")) or metrics.test is not None:
        return
    recipe, classifier = run.recipe, run.classifier
    data = TrainingData.open(manifest, recipe).with_preprocessing(classifier.preprocessing)
    tested = data.predict(Engine.of(classifier, hardware()), "test")
    judged = run.predictions.of_split("validation")
    predictions = Predictions(pl.concat([judged.table, tested.table], how="diagonal_relaxed"), judged.classes)
    stated = recalibrated(judged, 1 / classifier.temperature)
    manifest.write(run.folder / "manifest.parquet")
    predictions.write(run.folder / "predictions.parquet")
    suspects(predictions).write(run.folder / "suspects.csv")
    run.write_metrics(
        msgspec.structs.replace(
            metrics,
            test=measure(tested),
            calibration=calibration(predictions, classifier.temperature, stated),
            looks_at_test=1,
        )
    )


def open_data(manifest: Manifest, recipe: Recipe, run: Run, *, progress: Progress) -> TrainingData:
    """The images decoded for `recipe`, with a bar; Interrupted, with the run to go on with, on Ctrl-C."""
    try:
        with progress.task("decoding", len(manifest.usable)):
            return TrainingData.open(manifest, recipe, progress=progress)
    except KeyboardInterrupt:
        raise Interrupted(str(run.folder)) from None


def initialised(recipe: Recipe, *, classes: int, channels: int, progress: Progress = SILENT) -> nn.Module:
    """The recipe's network with the weights that it names, or that its seed gives it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key("initialisation", recipe.seed))
        return create_model(
            recipe.model, num_classes=classes, in_channels=channels, weights=recipe.weights or None,
            drop_rate=recipe.drop_rate, progress=progress,
        )  # fmt: skip
