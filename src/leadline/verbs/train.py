"""`leadline train`: one network on one data set → a run folder with a classifier in it."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Unpack

import polars as pl
import torch
from torch import nn

from leadline.classifier import Classifier
from leadline.data.folders import made_in_cache
from leadline.data.keyed import key
from leadline.data.manifest import Manifest
from leadline.errors import UsageError
from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import calibration, measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.suspects import suspects
from leadline.report import write_model_card, write_run_report
from leadline.runtime.engine import Engine
from leadline.runtime.hardware import hardware
from leadline.runtime.memory import PeakMemory, enough_memory
from leadline.training.data import TrainingData
from leadline.training.head import fit_head
from leadline.training.loop import Interrupted, fit
from leadline.training.recipe import Recipe
from leadline.training.settings import SettingsDict
from leadline.training.watch import Watch
from leadline.verbs.beginning import begin_with, images_seen_by, normalised_as, refuse_changed, refuse_seen
from leadline.verbs.check import check_before
from leadline.verbs.described import description, left_out, provenance
from leadline.verbs.folds import train_in_folds
from leadline.verbs.plan import Plan, collect_settings, make_plan, read_data, tell_shortened
from leadline.verbs.run import Run, alone_in, begin, new_folder, write_json
from leadline.zoo import architecture, create_model, weights_of


def train(
    data: str | Path | None = None,
    *,
    model: str | None = None,
    out: str | Path | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    watch: Watch | None = None,
    **settings: Unpack[SettingsDict],
) -> Run:
    """Train one network on labelled images and judge it; the finished run folder.

    `data` is a folder of class folders, a table or a built-in name; `settings` are those of training.settings. With
    `weights`, as zoo.create_model takes them, it begins with trained parameters, of which `tune` says what is trained
    further. Raises LeadlineError where the data, the settings, the weights or the training do not allow it.
    """
    watch = watch or Watch()
    made_in_cache("images")  # without which there is no training, said before the images are read
    plan, decided = plan_training(data, model=model, weights=weights, tune=tune, watch=watch, **settings)
    run = Run(new_folder(out, data=decided["data"], suffix=decided["model"]))
    begin(run, plan.recipes[0], plan.manifest)
    return resume(run.folder, watch=watch)


def plan_training(
    data: str | Path | None,
    *,
    model: str | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    timed: bool = False,
    watch: Watch | None = None,
    **given: Unpack[SettingsDict],
) -> tuple[Plan, dict[str, Any]]:
    """What `train` would do: its plan, and the settings it was asked for."""
    watch = watch or Watch()
    recipe = given.get("recipe")
    asked: dict[str, Any] = {
        "data": str(data) if data is not None else None,
        "model": model,
        "weights": weights,
        "tune": tune,
        **given,
    }
    settings = collect_settings(**asked)
    if "data" not in settings:
        raise UsageError("no data: name a folder, a table or a built-in data set, or give a --recipe that does")
    begun = begin_with(settings, asked, say=watch.note)
    if "model" not in settings:
        raise UsageError("no model: choose one with --model, or give a --recipe that does")
    settings["model"] = architecture(settings["model"]).name  # an unknown name fails before the images are read
    manifest = read_data(settings["data"], settings, watch)
    if begun:
        refuse_seen(begun.weights, manifest, folds=bool(settings.get("folds")))
    plan = make_plan(manifest, settings, timed=timed, watch=watch)
    tell_shortened(plan, recipe, watch)
    return plan, settings


def resume(run: str | Path, *, watch: Watch | None = None) -> Run:
    """Go on with a training that was interrupted, with the settings and data in its own folder."""
    watch = watch or Watch()
    interrupted = Run(Path(run))
    whole = interrupted.part_of
    if whole is not None:
        raise UsageError(f"{run}: is a part of {whole}; go on with that one")
    if interrupted.finished:
        watch.note(f"{run}: was finished already")
        write_run_report(interrupted.folder)
        write_model_card(interrupted.folder)
        return interrupted
    comparison = interrupted.comparison
    if comparison is not None:
        raise UsageError(f"{run}: is a part of a comparison; go on with: leadline compare --resume {comparison}")
    recipe, manifest, folder = interrupted.recipe, interrupted.manifest, interrupted.folder
    with alone_in(folder):
        if not (folder / "check.json").is_file():
            check_before(manifest, folder, going_on=folder, reading=recipe.reading, watch=watch)
        return train_into(interrupted, recipe, manifest, watch=watch)


def train_into(run: Run, recipe: Recipe, manifest: Manifest, *, watch: Watch) -> Run:
    """Train as `recipe` says into a folder that `begin` prepared, from where it was interrupted, and report on it."""
    if recipe.folds:
        train_in_folds(run, recipe, manifest, train_part=train_one, watch=watch)
    else:
        train_one(run, recipe, manifest, watch=watch)
    write_run_report(run.folder)
    write_model_card(run.folder)
    return run


@enough_memory(way_out="choose a smaller --batch-size or --size, or close other programs")
def train_one(run: Run, recipe: Recipe, manifest: Manifest, *, watch: Watch, part: bool = False) -> Run:
    """One training, from its checkpoint on where it has one: decode, train, calibrate, predict, save.

    The probabilities of a `part` of something larger are as the network states them: the whole finds their temperature.
    """
    machine = hardware()
    peak = PeakMemory(machine.device)
    say = ignore if part else watch.note
    data = open_data(manifest, recipe, run, watch=watch, say=say)
    network = initialised(recipe, classes=data.classes, channels=data.preprocessing.channels, say=say)
    known = weights_of(network)
    refuse_changed(recipe, known)
    data = data.with_preprocessing(normalised_as(data.preprocessing, known, say=say))
    head = None
    if recipe.frozen:
        state, head = fit_head(network, data, machine, run.folder, watch)
    else:
        state = fit(network, data, machine, run.folder, watch)

    engine = Engine(network, data.classes, data.preprocessing, machine)
    fitted_on = data.predict(engine, "validation") if len(data.rows["validation"]) and not part else None
    temperature = fit_temperature(fitted_on) if fitted_on is not None else 1.0
    engine = replace(engine, temperature=temperature)  # from here on every probability is a calibrated one
    started = time.perf_counter()
    predictions = data.predict(engine, "validation", "test")
    prediction_seconds = (time.perf_counter() - started) / max(1, len(predictions))

    run.write_history(state.history)
    described = provenance(recipe, manifest, data.colours, known)
    classifier = Classifier(network.cpu(), recipe.model, manifest.classes, data.preprocessing, described, temperature)
    classifier.save(run.folder / "classifier")
    predictions.write(run.folder / "predictions.parquet")
    suspects(predictions).write(run.folder / "suspects.csv")
    seen = {"images_known": images_seen_by(recipe.weights) is not None}
    write_json(
        run.folder / "metrics.json",
        {
            **description(recipe, classes=data.classes, channels=data.preprocessing.channels),
            "classes": list(manifest.classes),
            **({"pretrained": {**asdict(known), **seen}} if known else {}),
            **({"head": head.about()} if head else {}),
            **{
                name: accuracy_alone(predictions.of_split(name)) if part else measure(predictions.of_split(name))
                for name in ("validation", "test")
                if len(data.rows[name])
            },
            **({"calibration": calibration(predictions, temperature, fitted_on)} if fitted_on is not None else {}),
            "looks_at_test": int(len(data.rows["test"]) > 0),
            "seconds_per_image": {
                "training": state.seconds / (recipe.steps / len(data.batches) * len(data.rows["train"])),
                "prediction": prediction_seconds,
            },
            "training_seconds": state.seconds,
            "peak_memory_bytes": peak.bytes(),
            "left_out": left_out(manifest, data.images.judged.names, data.images.errors),
        },
    )
    return run


def report_on_test(run: Run, manifest: Manifest) -> None:
    """Judge a finished run on the test images of `manifest`, which it was trained on the rest of, and write that down
    as if it had been done at its end."""
    if not len(manifest.usable.filter(split="test")) or "test" in run.metrics:
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
    write_json(
        run.folder / "metrics.json",
        {
            **run.metrics,
            "test": measure(tested),
            "calibration": calibration(predictions, classifier.temperature, stated),
            "looks_at_test": 1,
        },
    )


def accuracy_alone(predictions: Predictions) -> dict[str, Any]:
    """What is measured of a part: there are many, and the whole has all metrics with their intervals."""
    judged = predictions.readable.labelled
    right = (judged.table["predicted"] == judged.table["label"]).mean()
    return {"accuracy": {"value": right, "n": len(judged)}}


def open_data(
    manifest: Manifest, recipe: Recipe, run: Run, *, watch: Watch, say: Callable[[str], None]
) -> TrainingData:
    """The images decoded for `recipe`, with a bar; Interrupted, with the run to go on with, on Ctrl-C."""
    watch.start("decoding", len(manifest.usable))
    try:
        return TrainingData.open(manifest, recipe, seen=watch.step, say=say)
    except KeyboardInterrupt:
        raise Interrupted(str(run.folder)) from None
    finally:
        watch.finish()


def initialised(recipe: Recipe, *, classes: int, channels: int, say: Callable[[str], None] | None = None) -> nn.Module:
    """The recipe's network with the weights that it names, or that its seed gives it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key("initialisation", recipe.seed))
        return create_model(
            recipe.model, num_classes=classes, in_channels=channels, weights=recipe.weights or None,
            drop_rate=recipe.drop_rate, say=say,
        )  # fmt: skip


def ignore(_: str) -> None:
    """Told once, of the whole of which this is a part."""
