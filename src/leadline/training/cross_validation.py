"""A training with cross-validation: a run per fold, one on all images, and what they say together.

    RUN/folds/0 … K·R−1   a run per fold, repeat after repeat; each judges the images that it was not trained on
    RUN/folds/all         the run on all images, with the same recipe and as many epochs; its classifier is RUN's
    RUN/folds/out-of-fold-0.parquet, …   per repeat, the predictions of all images by networks that had not seen them

The out-of-fold predictions tell what this recipe comes to on images like these, trained on a little fewer of them. The
classifier itself is judged only where there is a test split, which stays out of all folds.
"""

from dataclasses import dataclass, replace
from statistics import fmean

import msgspec
import numpy as np
import polars as pl

from leadline.data.keyed import key
from leadline.data.manifest import Manifest
from leadline.data.split.folds import OUT_OF_FOLD, fold_of_images, in_fold
from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import calibration, measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.seeds import seed_spread
from leadline.evaluation.suspects import suspects
from leadline.progress import Progress
from leadline.ranks import ALONE, Group
from leadline.results.run_metrics import Folds, RunMetrics, SecondsPerImage
from leadline.training import checkpoint
from leadline.training.loop import Interrupted
from leadline.training.recipe import Recipe
from leadline.training.run_folder import FOLDS, Run, begin, out_of_fold_file
from leadline.training.training import train_one

ALL = "all"


@dataclass(frozen=True)
class Part:
    """One of the trainings that a cross-validation consists of."""

    name: str
    recipe: Recipe
    manifest: Manifest
    repeat: int | None  # None for the training on all images


def parts_of(recipe: Recipe, manifest: Manifest) -> list[Part]:
    """The trainings in the order in which they are done. Seeds are keyed, and every fold trains for as many epochs."""
    own = replace(recipe, folds=0, repeats=1)
    epochs = recipe.steps / _steps_per_epoch(manifest, recipe)
    parts = []
    for repeat in range(recipe.repeats):
        folds = fold_of_images(manifest, recipe.folds, seed=recipe.split_seed, repeat=repeat)
        for number in range(recipe.folds):
            rest = in_fold(manifest, folds, number)
            steps = max(1, round(epochs * _steps_per_epoch(rest, recipe)))
            seed = key("fold", recipe.seed, repeat, number) % 2**31
            name = str(repeat * recipe.folds + number)
            parts.append(Part(name, replace(own, steps=steps, seed=seed), rest, repeat))
    return [*parts, Part(ALL, own, manifest, None)]


def train_in_folds(
    run: Run, recipe: Recipe, manifest: Manifest, *, progress: Progress, whole: bool = True, group: Group = ALONE
) -> Run:
    """Train every part that is not trained yet, then write what they come to; the run without its report.

    Without `whole` the training on all images waits for another call; until then the run has no classifier. Raises
    Interrupted with the folder of the run.
    """
    finished: list[tuple[Part, Run]] = []
    for part in parts_of(recipe, manifest):
        if part.repeat is None and not whole:
            continue
        own = _begun(run, part)
        if not own.finished:
            progress.note(f"{recipe.title}: {_named(part, recipe)}")
            try:
                train_one(own, part.recipe, part.manifest, progress=progress, part=True, group=group)
            except Interrupted:
                raise Interrupted(str(run.folder)) from None
        forget_checkpoints(own)
        finished.append((part, own))
    _conclude(run, recipe, manifest, finished)
    return run


def folds_to_train(run: Run, recipe: Recipe, manifest: Manifest) -> list[Run]:
    """The runs of folds that `train_in_folds` would train, begun."""
    runs = [_begun(run, part) for part in parts_of(recipe, manifest) if part.repeat is not None]
    return [own for own in runs if not own.finished]


def _begun(run: Run, part: Part) -> Run:
    own = Run(run.folder / FOLDS / part.name)
    if not (own.folder / "recipe.toml").is_file():
        begin(own, part.recipe, part.manifest)
    return own


def forget_checkpoints(run: Run) -> None:
    """A finished part is never resumed, and there are many of them."""
    for name in (checkpoint.NAME, checkpoint.PREVIOUS):
        (run.folder / name).unlink(missing_ok=True)


def _conclude(run: Run, recipe: Recipe, manifest: Manifest, finished: list[tuple[Part, Run]]) -> None:
    folds = [own for part, own in finished if part.repeat is not None]
    final = next((own for part, own in finished if part.repeat is None), None)
    by_repeat = [
        _together([own.predictions.table for part, own in finished if part.repeat == repeat], manifest)
        for repeat in range(recipe.repeats)
    ]
    stated = by_repeat[0]
    temperature = fit_temperature(stated)  # the classifier's own, whose training images tell nothing of it
    by_repeat = [recalibrated(one, temperature) for one in by_repeat]
    for repeat, one in enumerate(by_repeat):
        one.write(out_of_fold_file(run.folder, repeat))
    predictions = by_repeat[0]
    if final is not None:
        rows = [by_repeat[0].table, recalibrated(final.predictions, temperature).table]
        together = pl.concat(rows, how="diagonal_relaxed").select(rows[0].columns)
        predictions = Predictions(together, by_repeat[0].classes)
        classifier = final.classifier
        described = {**classifier.provenance, "recipe": vars(recipe)}
        replace(classifier, provenance=described, temperature=temperature).save(run.folder / "classifier")
    predictions.write(run.folder / "predictions.parquet")
    suspects(predictions).write(run.folder / "suspects.csv")
    run.write_history(_mean_history(recipe, folds))
    run.write_metrics(_metrics(recipe, by_repeat, folds, final, predictions, temperature, stated))


def _metrics(
    recipe: Recipe,
    by_repeat: list[Predictions],
    folds: list[Run],
    final: Run | None,
    predictions: Predictions,
    temperature: float,
    stated: Predictions,
) -> RunMetrics:
    """As of a single training; "validation" are the out-of-fold predictions (of the first repeat)."""
    each = [fold.metrics for fold in folds]
    whole = final.metrics if final is not None else msgspec.structs.replace(each[0], looks_at_test=0)
    everything = [*each, whole] if final is not None else each
    accuracies = [part.validation.accuracy.value or 0.0 for part in each if part.validation]
    tested = final is not None and len(final.predictions) > 0
    return msgspec.structs.replace(
        whole,
        validation=measure(by_repeat[0]),
        test=measure(predictions.of_split("test")) if tested else None,
        calibration=calibration(predictions, temperature, stated),
        folds=Folds(
            folds=recipe.folds,
            repeats=recipe.repeats,
            images=len(by_repeat[0]),
            accuracy_of_folds=tuple(map(tuple, np.reshape(accuracies, (recipe.repeats, recipe.folds)).tolist())),
            repeats_spread=seed_spread(by_repeat) if len(by_repeat) > 1 else None,
        ),
        seconds_per_image=SecondsPerImage(
            training=fmean(part.seconds_per_image.training for part in each),
            prediction=fmean(part.seconds_per_image.prediction for part in each),
        ),
        training_seconds=sum(part.training_seconds for part in everything),
        peak_memory_bytes=max(filter(None, (part.peak_memory_bytes for part in everything)), default=None),
    )


def _together(tables: list[pl.DataFrame], manifest: Manifest) -> Predictions:
    """The folds' predictions as one table, in the order of the manifest."""
    order = manifest.usable.filter(split="train").select("path")
    table = order.join(pl.concat(tables), on="path", how="left", maintain_order="left")
    return Predictions(table.select(tables[0].columns).with_columns(split=pl.lit(OUT_OF_FOLD)), manifest.classes)


def _mean_history(recipe: Recipe, folds: list[Run]) -> list[dict[str, float]]:
    """Validation by validation, the mean over the folds; steps are those of the training on all images."""
    histories = [fold.history for fold in folds]
    length = min(map(len, histories))
    rows = []
    for number in range(-length, 0):
        same = [history[number] for history in histories]
        row = {name: fmean(one[name] for one in same) for name in same[0]}
        shares = [one["step"] / fold.recipe.steps for one, fold in zip(same, folds, strict=True)]
        rows.append({**row, "step": float(round(fmean(shares) * recipe.steps))})
    return rows


def _steps_per_epoch(manifest: Manifest, recipe: Recipe) -> int:
    return max(1, -(-len(manifest.usable.filter(split="train")) // recipe.batch_size))


def _named(part: Part, recipe: Recipe) -> str:
    if part.repeat is None:
        return "on all images"
    of_repeat = f", repeat {part.repeat + 1} of {recipe.repeats}" if recipe.repeats > 1 else ""
    return f"fold {int(part.name) % recipe.folds + 1} of {recipe.folds}{of_repeat}"
