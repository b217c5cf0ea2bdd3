"""`leadline train`: one network on one data set → a run folder with a classifier in it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leadline.classifier import Classifier
from leadline.data.balance import class_weights
from leadline.data.decoding import DecodedImages
from leadline.data.folders import made_in_cache
from leadline.data.keyed import generator, key
from leadline.data.loader import TrainingBatches, cached_images
from leadline.data.manifest import Manifest
from leadline.data.papers import TABLE as PAPERS
from leadline.data.papers import colours_of
from leadline.data.preprocessing import SAMPLE, geometry, measured
from leadline.data.split import has_groups
from leadline.errors import UsageError
from leadline.evaluation.calibration import fit_temperature
from leadline.evaluation.metrics import calibration, measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.suspects import suspects
from leadline.report import write_model_card, write_run_report
from leadline.runtime.engine import BATCH_SIZE, Engine
from leadline.runtime.hardware import environment, hardware
from leadline.runtime.memory import PeakMemory, enough_memory
from leadline.training.head import fit_head
from leadline.training.loop import Interrupted, fit
from leadline.training.recipe import Recipe
from leadline.training.watch import Watch
from leadline.verbs.beginning import begin_with, images_seen_by, normalised_as, refuse_changed, refuse_seen
from leadline.verbs.check import check_before
from leadline.verbs.described import description, left_out, provenance
from leadline.verbs.folds import train_in_folds
from leadline.verbs.plan import Plan, collect_settings, make_plan, read_data, tell_shortened
from leadline.verbs.run import Run, command_line, new_folder, write_json
from leadline.zoo import architecture, create_model, weights_of


def train(
    data: str | Path | None = None,
    *,
    model: str | None = None,
    out: str | Path | None = None,
    recipe: str | Path | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    size: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    augment: str | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    group: str | None = None,
    channels: str | None = None,
    project: str | None = None,
    intensity: str | None = None,
    test_group: Sequence[str] | None = None,
    folds: int | None = None,
    repeats: int | None = None,
    balance: str | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    watch: Watch | None = None,
) -> Run:
    """Train one network on labelled images and judge it; the finished run folder.

    `data` is a folder of class folders, a table or a built-in name; `recipe` a TOML file with any settings, or the name
    of a paper's (training.published), which the arguments overrule. With `weights`, as zoo.create_model takes them, it
    begins with trained parameters, of which `tune` (training.recipe.TUNE) says what is trained further. Raises
    LeadlineError where the data, the recipe, the weights or the training do not allow it.
    """
    watch = watch or Watch()
    made_in_cache("images")  # without which there is no training, said before the images are read
    plan, settings = plan_training(
        data, model=model, recipe=recipe, epochs=epochs, minutes=minutes, size=size, batch_size=batch_size,
        learning_rate=learning_rate, augment=augment, seed=seed, split_seed=split_seed, group=group,
        test_group=test_group, folds=folds, repeats=repeats, balance=balance,
        channels=channels, project=project, intensity=intensity, weights=weights, tune=tune, watch=watch,
    )  # fmt: skip
    run = Run(new_folder(out, data=settings["data"], suffix=settings["model"]))
    begin(run, plan.recipes[0], plan.manifest)
    return resume(run.folder, watch=watch)


def plan_training(
    data: str | Path | None, *, timed: bool = False, watch: Watch | None = None, recipe: str | Path | None, **given: Any
) -> tuple[Plan, dict[str, Any]]:
    """What `train` would do: its plan, and the settings it was asked for."""
    watch = watch or Watch()
    settings = collect_settings(recipe, data=str(data) if data is not None else None, **given)
    if "data" not in settings:
        raise UsageError("no data: name a folder, a table or a built-in data set, or give a --recipe that does")
    begun = begin_with(settings, given, say=watch.note)
    if "model" not in settings:
        raise UsageError("no model: choose one with --model, or give a --recipe that does")
    settings["model"] = architecture(settings["model"]).name  # an unknown name fails before the images are read
    manifest = read_data(settings["data"], settings, watch)
    if begun:
        refuse_seen(begun.weights, manifest, folds=bool(settings.get("folds")))
    if begun and settings.get("tune") == "head":
        return make_plan(manifest, [], settings, timed=timed, watch=watch, frozen=[begun]), settings
    plan = make_plan(manifest, [settings["model"]], settings, timed=timed, watch=watch)
    tell_shortened(plan, recipe, watch)
    return plan, settings


def resume(run: str | Path, *, watch: Watch | None = None) -> Run:
    """Go on with a training that was interrupted, with the settings and data in its own folder."""
    watch = watch or Watch()
    interrupted = Run(Path(run))
    whole = interrupted.part_of
    if whole is not None:
        raise UsageError(f"{run}: is a part of {whole}; go on with that one")
    recipe, manifest = interrupted.recipe, interrupted.manifest
    if interrupted.finished:
        watch.note(f"{run}: was finished already")
        write_run_report(interrupted.folder)
        write_model_card(interrupted.folder)
        return interrupted
    if (
        not (interrupted.folder / "check.json").is_file()
        and not (interrupted.folder.parent / "comparison.json").is_file()
    ):
        folder = interrupted.folder
        check_before(manifest, folder, going_on=folder, reading=recipe.reading, watch=watch)
    return train_into(interrupted, recipe, manifest, watch=watch)


def begin(run: Run, recipe: Recipe, manifest: Manifest) -> None:
    """Write what a run needs before its first step, so that it can be resumed from there on."""
    manifest.write(run.folder / "manifest.parquet")
    write_json(
        run.folder / "environment.json",
        {
            **environment(),
            "data_root": str(manifest.root),
            "data_fingerprint": manifest.fingerprint,
            "command": command_line(),
        },
    )
    recipe.write(run.folder / "recipe.toml", remark="leadline train --recipe recipe.toml")


@enough_memory(way_out="choose a smaller --batch-size or --size, or close other programs")
def train_into(run: Run, recipe: Recipe, manifest: Manifest, *, watch: Watch, part: bool = False) -> Run:
    """Train as `recipe` says into a folder that `begin` prepared, from its checkpoint on where it has one.

    A `part` of something larger is not reported on, and its probabilities are as the network states them: what it is a
    part of finds their temperature.
    """
    if recipe.folds:
        train_part = partial(train_into, watch=watch, part=True)
        train_in_folds(run, recipe, manifest, begin=begin, train_part=train_part, watch=watch)
        write_run_report(run.folder)
        write_model_card(run.folder)
        return run
    machine = hardware()
    peak = PeakMemory(machine.device)
    usable = manifest.usable
    position = {name: number for number, name in enumerate(manifest.classes)}
    labels = np.array([position[label] for label in usable["label"]], dtype=np.int64)
    rows = {name: np.flatnonzero((usable["split"] == name).to_numpy()) for name in ("train", "validation", "test")}

    decoding = geometry(manifest, size=recipe.size, reading=recipe.reading)
    say = ignore if part else watch.note
    watch.start("decoding", len(usable))
    try:
        images = DecodedImages.of(manifest, decoding, training_size=recipe.decoded_size, seen=watch.step, say=say)
    except KeyboardInterrupt:
        raise Interrupted(str(run.folder)) from None
    finally:
        watch.finish()
    pixels = images.sample(np.sort(generator("sample").permutation(rows["train"])[:SAMPLE]))
    own = measured(decoding, pixels)
    colours = colours_of(pixels, own) if recipe.augment in PAPERS else None
    network = initialised(recipe, classes=len(manifest.classes), channels=decoding.channels, say=say)
    known = weights_of(network)
    refuse_changed(recipe, known)
    preprocessing = normalised_as(own, known, say=say)
    batches = TrainingBatches(
        images.training, rows["train"], labels, recipe.batch_size, recipe.seed, recipe.augment, recipe.balance,
        recipe.size, colours,
    )  # fmt: skip
    engine = Engine(network, len(manifest.classes), preprocessing, machine)

    weights = None
    if recipe.balance == "weights":
        balanced = class_weights(labels[rows["train"]], len(manifest.classes))
        weights = torch.tensor(balanced, dtype=torch.float32, device=machine.device)

    def answers(numbers: NDArray[np.int64]) -> Predictions:
        probabilities, errors = engine.predict(cached_images(images.judged, numbers, batch_size=BATCH_SIZE))
        table = usable[numbers]
        return Predictions.from_arrays(
            paths=table["path"].to_list(),
            probabilities=probabilities,
            classes=manifest.classes,
            labels=table["label"].to_list(),
            groups=table["group"].to_list() if table["group"].count() else None,
            splits=table["split"].to_list(),
            errors=errors,
        )

    def validate(_: nn.Module) -> dict[str, float]:
        if not len(rows["validation"]):  # all images are trained on, after a cross-validation
            return {}
        probabilities, errors = engine.predict(cached_images(images.judged, rows["validation"], batch_size=BATCH_SIZE))
        readable = np.array([not error for error in errors])
        found, true = probabilities[readable], labels[rows["validation"]][readable]
        return {
            "validation_loss": float(-np.log(found[np.arange(len(true)), true].clip(1e-15)).mean()),
            "validation_accuracy": float((found.argmax(axis=1) == true).mean()),
        }

    common: dict[str, Any] = {
        "recipe": recipe, "preprocessing": preprocessing, "validate": validate, "hardware": machine, "run": run.folder,
        "watch": watch,
    }  # fmt: skip
    head = None
    if recipe.frozen:
        units = usable["group" if has_groups(usable) else "sha256"]
        together = np.unique(units.to_numpy(), return_inverse=True)[1].astype(np.int64)
        state, head = fit_head(
            network, cache=images.training, rows=rows["train"], labels=labels, units=together,
            classes=len(manifest.classes), **common,
        )  # fmt: skip
    else:
        state = fit(network, batches=batches, class_weights=weights, **common)
    fitted_on = answers(rows["validation"]) if len(rows["validation"]) and not part else None
    temperature = fit_temperature(fitted_on) if fitted_on is not None else 1.0
    engine = replace(engine, temperature=temperature)  # from here on every probability is a calibrated one
    started = time.perf_counter()
    predictions = answers(np.concatenate([rows["validation"], rows["test"]]))
    prediction_seconds = (time.perf_counter() - started) / max(1, len(predictions))

    run.write_history(state.history)
    described = provenance(recipe, manifest, colours, known)
    classifier = Classifier(network.cpu(), recipe.model, manifest.classes, preprocessing, described, temperature)
    classifier.save(run.folder / "classifier")
    predictions.write(run.folder / "predictions.parquet")
    suspects(predictions).write(run.folder / "suspects.csv")
    write_json(
        run.folder / "metrics.json",
        {
            **description(recipe, classes=len(manifest.classes), channels=preprocessing.channels),
            "classes": list(manifest.classes),
            **(
                {"pretrained": {**asdict(known), "images_known": images_seen_by(recipe.weights) is not None}}
                if known
                else {}
            ),
            **({"head": head.about()} if head else {}),
            **{name: measure(predictions.of_split(name)) for name in ("validation", "test") if len(rows[name])},
            **({"calibration": calibration(predictions, temperature, fitted_on)} if fitted_on is not None else {}),
            "looks_at_test": int(len(rows["test"]) > 0),
            "seconds_per_image": {
                "training": state.seconds / (recipe.steps / len(batches) * len(rows["train"])),
                "prediction": prediction_seconds,
            },
            "training_seconds": state.seconds,
            "peak_memory_bytes": peak.bytes(),
            "left_out": left_out(manifest, images.judged.names, images.errors),
        },
    )
    if not part:
        write_run_report(run.folder)
        write_model_card(run.folder)
    return run


def initialised(recipe: Recipe, *, classes: int, channels: int, say: Callable[[str], None] | None = None) -> nn.Module:
    """The recipe's network with the weights that it names, or that its seed gives it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key("initialisation", recipe.seed))
        return create_model(
            recipe.model, num_classes=classes, in_channels=channels, weights=recipe.weights or None, say=say
        )


def ignore(_: str) -> None:
    """Told once, of the whole of which this is a part."""
