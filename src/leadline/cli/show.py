"""What the verbs print: tables for people, JSON for programs, and the exit status that goes with them."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leadline.cli import DONE, SOME_UNREADABLE
from leadline.cli.printing import as_json, can_hold, line, table
from leadline.results.json_files import as_builtins
from leadline.wording import duration, listed, percent, percent_with_interval, plain, size, visible

FOLDERS_SHOWN = 10

if TYPE_CHECKING:  # they bring torch, which a table of the catalogue does without
    from leadline.evaluation.predictions import Predictions
    from leadline.evaluation.records import Recalibration, SplitMetrics
    from leadline.training.plan import Plan
    from leadline.training.run_folder import Run
    from leadline.verbs.compare import Comparison
    from leadline.verbs.evaluate import Evaluation
    from leadline.verbs.export import Export
    from leadline.verbs.predict import Written


def plan(planned: "Plan", *, json: bool) -> int:
    """The result of a dry run."""
    rows = [
        {
            "name": recipe.title,
            "seed": recipe.seed,
            "size": recipe.size,
            "epochs": planned.epochs(recipe),
            "steps": recipe.steps,
            "batch_size": recipe.batch_size,
            "learning_rate": recipe.learning_rate,
            "augment": recipe.augment,
            "folds": recipe.folds,
            "repeats": recipe.repeats,
            "seconds": planned.seconds(number),
        }
        for number, recipe in enumerate(planned.recipes)
    ]
    doubts = planned.doubts
    if json:
        as_json({"data": planned.manifest.source, "images": planned.images, "networks": rows, "doubts": doubts})
        return DONE
    images = planned.images
    folds = planned.recipes[0].folds
    learned = f"{images['train']:,} training, {images['validation']:,} validation"
    if folds:
        learned = f"{images['train']:,} images in {folds} folds"
    classes = len(planned.manifest.classes)
    line(f"{planned.manifest.source}: {classes} classes, {learned} and {images['test']:,} test images")
    table(
        "network", "size", "epochs", "steps", "batch", "learning rate", "augment", "time here",
        rows=[
            [
                str(row["name"]), str(row["size"]), f"{row['epochs']:.3g}", f"{row['steps']:,}", str(row["batch_size"]),
                f"{row['learning_rate']:.3g}", str(row["augment"]), duration(float(str(row["seconds"]))),
            ]
            for row in rows
        ],
    )  # fmt: skip
    if planned.minutes is not None:
        line(
            f"this is the heat, about {duration(planned.seconds_in_all)}; then a final of at most four networks, "
            f"{planned.minutes:g} minutes in all"
        )
    else:
        line(f"in all about {duration(planned.seconds_in_all)}, beside decoding the images once")
    for doubt in doubts:
        line(doubt)
    return DONE


def run(finished: "Run", *, json: bool) -> int:
    """The result of a training."""
    metrics = finished.metrics
    if json:
        as_json({"run": str(finished.folder), **as_builtins(metrics)})
    else:
        name = finished.recipe.title
        if metrics.folds and metrics.validation:
            metric_table(metrics.validation, title=f"{name} on all images, out of {metrics.folds.folds} folds")
        if metrics.test:
            metric_table(metrics.test, title=f"{name} on its test images")
        fitted = metrics.calibration  # older runs have none
        if fitted and (measured := fitted.test or fitted.out_of_fold):
            temperature_line(fitted.temperature, measured)
        line(f"report      {finished.folder / 'report.html'}")
        line(f"model card  {finished.folder / 'MODEL_CARD.md'}")
        line(f"classifier  {finished.folder / 'classifier'}")
    return SOME_UNREADABLE if metrics.left_out else DONE


def evaluation(found: "Evaluation", *, json: bool) -> int:
    metrics = found.metrics
    if json:
        as_json({"folder": str(found.folder), **as_builtins(metrics)})
    else:
        metric_table(metrics, title=f"{len(found.predictions.readable):,} images of {metrics.data}")
        how = metrics.protocol
        if how.scales:
            scales = ", ".join(map(str, how.scales))
            line(f"protocol    {how.name}: {how.views} view{'s' * (how.views > 1)} of each, short side {scales} pixels")
        if metrics.calibration and metrics.temperature:
            temperature_line(metrics.temperature, metrics.calibration)
        if answered := metrics.answered:
            table(
                "", "share (95 % interval)",
                rows=[
                    ["answered", percent_with_interval(answered.coverage)],
                    ["right among these", percent_with_interval(answered.accuracy)],
                ],
                title=f"leaving answers below {answered.min_confidence:g} open",
            )  # fmt: skip
        line(f"written to  {found.folder}")
    return SOME_UNREADABLE if len(found.predictions.readable) < len(found.predictions) else DONE


def exported(written: "Export", *, json: bool) -> int:
    checked = written.verification
    if json:
        as_json(
            {
                "path": str(written.path),
                "format": written.format,
                "bytes": written.bytes,
                "verification": msgspec.to_builtins(checked),
            }
        )
        return DONE
    line(f"{written.path}  {size(written.bytes)}")
    batches = listed([str(number) for number in checked.batch_sizes])
    line(
        f"verified on {checked.images} images, in batches of {batches}: "
        f"probabilities differ by at most {checked.largest_difference:.1g} (limit {checked.limit:g}), "
        f"{percent(checked.equal_answers)} of the answers are equal"
    )
    return DONE


def metric_table(metrics: "SplitMetrics", *, title: str) -> None:
    """The main figures, then a line per class."""
    names = {
        "accuracy": "accuracy",
        "top5": "top-5 accuracy",
        "balanced_accuracy": "balanced accuracy",
        "macro_f1": "macro F1",
        "auroc": "area under the ROC curve",
    }
    rows = [[name, percent_with_interval(metrics.of(key))] for key, name in names.items() if metrics.of(key)]
    rows.append(["always the largest class", percent(metrics.majority_baseline)])
    table("", "value (95 % interval)", rows=rows, title=title)
    print()
    table(
        "class", "precision", "recall", "F1", "images",
        rows=[
            [name, *map(percent_with_interval, (each.precision, each.recall, each.f1)), f"{each.support:,}"]
            for name, each in metrics.per_class.items()
        ],
    )  # fmt: skip
    line(f"intervals of shares: {metrics.accuracy.method}")
    for warning in metrics.warnings:
        line(warning)
    print()


def temperature_line(temperature: float, measured: "Recalibration") -> None:
    """What the classifier's temperature does to its probabilities on these images, before and after."""
    before, after = measured.before, measured.after
    changes = [
        f"log loss {plain(before.log_loss.value)} → {plain(after.log_loss.value)}",
        f"expected calibration error {plain(before.expected_calibration_error.value)} → "
        f"{plain(after.expected_calibration_error.value)}",
    ]
    if temperature == 1:
        changes = ["as the network states them; no better one was found"]
    line(f"probabilities at a temperature of {temperature:.3g}: {', '.join(changes)}")


def comparison(finished: "Comparison", *, json: bool) -> int:
    """The rounds of a comparison, what was asked for besides, and last the answer."""
    from leadline.cli import comparison_tables
    from leadline.report.answer import answer_sentence, predict_command

    result = finished.result
    if json:
        as_json(as_builtins(result))
    else:
        for shown in comparison_tables.tables(result):
            table(*shown.columns, rows=shown.rows, title=shown.title)
            for remark in shown.below:
                line(remark)
            print()
        for said in answer_sentence(result, folder=finished.folder).splitlines():
            line(said)
        if command := predict_command(result, finished.folder):
            line(f"New images: {command}")
        print()
        line(f"report      {finished.folder / 'report.html'}")
        line(f"model card  {finished.folder / 'MODEL_CARD.md'}")
    incomplete = any(network.left_out for part in result.rounds for network in part.networks)
    return SOME_UNREADABLE if incomplete else DONE


def predictions(found: "Predictions", *, out: Path | None) -> int:
    from leadline.evaluation.predictions import UNCERTAIN

    unreadable = len(found) - len(found.readable)
    if out is None:
        text = found.table.write_csv()
        if not can_hold(text):
            encoding = sys.stdout.encoding
            text = text.encode(encoding, "backslashreplace").decode(encoding)  # so that no two names become one
            line(
                f"standard output has the encoding {encoding}, which lacks signs of these names: they are written as "
                r"escapes, such as \u7d30; --out FILE writes them as they are",
                file=sys.stderr,
            )
        sys.stdout.write(visible(text, keep="\n") if sys.stdout.isatty() else text)
    else:
        line(f"{len(found):,} images → {out}")
    left_open = len(found.readable) - len(found.answered)
    if left_open:
        line(f"{left_open} of {len(found)} answers are {UNCERTAIN}", file=sys.stderr)
    for said in unlike_training(found):
        line(said, file=sys.stderr)
    if unreadable:
        line(f"{unreadable} of {len(found)} images could not be read; see the column error", file=sys.stderr)
    return SOME_UNREADABLE if unreadable else DONE


def written(found: "Written", *, out: Path) -> int:
    """The predictions of shards, which are in a file already."""
    line(f"{found.images:,} images → {out}")
    for count, what in (
        (found.left_open, "are uncertain"),
        (found.unlike, "are unlike the training images; see the column unlike"),
        (found.unreadable, "could not be read; see the column error"),
    ):
        if count:
            line(f"{count:,} of {found.images:,} images {what}", file=sys.stderr)
    return SOME_UNREADABLE if found.unreadable else DONE


def unlike_training(found: "Predictions") -> list[str]:
    """How many images are unlike the training images, why, and in which folders, the worst first."""
    strange = found.unlike.table
    if not len(strange):
        return []
    folders = Counter(str(Path(path).parent) for path in found.readable.table["path"])
    counts = Counter(str(Path(path).parent) for path in strange["path"])
    most = strange.sort("novelty", descending=True).row(0, named=True)
    said = [
        f"{len(strange)} of {len(found.readable)} images do not look like the training images; the least, "
        f"{most['path']}: {most['unlike']}; see the column unlike"
    ]
    if len(folders) > 1:
        worst = sorted(counts, key=lambda folder: -counts[folder] / folders[folder])[:FOLDERS_SHOWN]
        said += [f"  {folder}: {counts[folder]} of {folders[folder]}" for folder in worst]
    return said
