"""`leadline evaluate`: how good is a trained classifier, on its own test split or on new labelled images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadline.data.manifest import describe_problems
from leadline.data.sources import scan
from leadline.evaluation.calibration import answered_at
from leadline.evaluation.metrics import measure, recalibration
from leadline.evaluation.predictions import Predictions, check_abstention
from leadline.report import write_model_card, write_run_report
from leadline.training.watch import Watch
from leadline.verbs.predict import predict_files
from leadline.verbs.run import Run, numbered, write_json


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found; its folder holds the same as predictions.parquet and metrics.json."""

    folder: Path
    predictions: Predictions
    metrics: dict[str, Any]


def evaluate(
    run: str | Path,
    data: str | Path | None = None,
    *,
    min_confidence: float | None = None,
    watch: Watch | None = None,
) -> Evaluation:
    """Judge the classifier of `run` on its own test split, or on the labelled images of `data`.

    Every look at the run's test split is counted in its metrics.json. Images of `data` are judged by the classes of the
    classifier; LeadlineError where `data` has one that it does not know. With `min_confidence` the metrics say too what
    is left, and how much of it is right, where answers below this probability are left open.
    """
    watch = watch or Watch()
    trained = Run(Path(run))
    classifier = trained.classifier
    if min_confidence is not None:
        check_abstention((), min_confidence)  # no answer is renamed here, so a class may have any name
    if data is None:
        manifest = trained.manifest
        manifest = manifest.with_table(manifest.table.filter(split="test"))
        name = "test"
        looks = {**trained.metrics, "looks_at_test": trained.metrics["looks_at_test"] + 1}
        write_json(trained.folder / "metrics.json", looks)
        watch.note(f"look number {looks['looks_at_test']} at this test split")
    else:
        manifest = scan(data, classes=classifier.classes)
        name = Path(data).stem
        known = set(trained.manifest.usable.filter(split="train")["sha256"])
        seen = manifest.usable.filter(manifest.usable["sha256"].is_in(list(known)))
        if len(seen):
            watch.note(f"{len(seen)} of these images were trained on, such as {seen['path'][0]}: the result flatters")
    for note in [*manifest.notes, *describe_problems(manifest.unusable)]:
        watch.note(note)
    table = manifest.table
    probabilities, errors = predict_files(classifier, manifest.paths(), watch=watch)
    predictions = Predictions.from_arrays(
        paths=table["path"].to_list(),
        probabilities=probabilities,
        classes=classifier.classes,
        labels=table["label"].to_list(),
        groups=None if table["group"].null_count() else table["group"].to_list(),
        errors=[known or found for known, found in zip(table["error"], errors, strict=True)],
    )
    folder = numbered(trained.folder / "evaluations" / name)
    metrics = {
        "data": manifest.source,
        "data_fingerprint": manifest.fingerprint,
        **measure(predictions),
        "calibration": {
            "temperature": classifier.temperature,
            **recalibration(predictions, temperature=classifier.temperature),
        },
    }
    if min_confidence is not None:
        metrics["answered"] = answered_at(predictions, min_confidence)
    predictions.write(folder / "predictions.parquet")
    write_json(folder / "metrics.json", metrics)
    if data is None:  # both say how often the test images were looked at
        write_run_report(trained.folder)
        write_model_card(trained.folder)
    return Evaluation(folder, predictions, metrics)
