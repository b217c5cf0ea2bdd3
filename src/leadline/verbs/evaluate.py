"""`leadline evaluate`: how good is a trained classifier, on its own test split or on new labelled images."""

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from leadline.classifier import Classifier
from leadline.data.channel_files import Files, changes
from leadline.data.manifest import Manifest, describe_problems
from leadline.data.protocols import OWN, Protocol, find_protocol
from leadline.data.reading import Reading
from leadline.data.shards.finding import is_shards, name_of
from leadline.data.shards.held_out import with_files
from leadline.data.sources.scan import scan
from leadline.data.sources.walking import shown
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.calibration import answered_at
from leadline.evaluation.metrics import measure, recalibration
from leadline.evaluation.predictions import Predictions, check_abstention
from leadline.inference.engine import Answers, Engine
from leadline.inference.engine_choice import WORTH
from leadline.inference.hardware import hardware
from leadline.inference.runtimes import AnyPrecision, EngineName
from leadline.progress import Progress
from leadline.ranks import launched
from leadline.report import write_comparison_card, write_comparison_report, write_model_card, write_run_report
from leadline.report.looks import looks_at_test
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON
from leadline.results.run_metrics import METRICS, EvaluationMetrics, ProtocolRecord
from leadline.training.run_folder import Run, numbered
from leadline.verbs.predict import engine_of, files_of_first, predict_files
from leadline.verbs.streamed import answers_of
from leadline.zoo.convolutional import fully_convolutional

# Changed images that an error names.
SHOWN = 3


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found; its folder holds the same as predictions.parquet and metrics.json."""

    folder: Path
    predictions: Predictions
    metrics: EvaluationMetrics

    @staticmethod
    def read(folder: Path) -> "Evaluation":
        """As it was written."""
        predictions = Predictions.read(folder / "predictions.parquet")
        return Evaluation(folder, predictions, json_files.read(folder / METRICS, EvaluationMetrics))


def evaluate(
    run: str | Path,
    data: str | Path | None = None,
    *,
    protocol: str = OWN,
    scales: tuple[int, ...] = (),
    min_confidence: float | None = None,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    allow_outside: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge the classifier of `run` on its own test split, or on the labelled images of `data` (its test split, where
    it has one).

    Every look at the run's test split, also by way of `data`, is counted in its metrics.json. Images of `data` are
    judged by the classes of the classifier; LeadlineError where `data` has one that it does not know. `protocol` is one
    of data.protocols: which views of an image are averaged, at the short sides `scales` in pixels where they are given.
    UsageError where the classifier cannot be looked at so. With `min_confidence` the metrics say too what is left, and
    how much of it is right, where answers below this probability are left open. `engine` and `precision` are those of
    `predict`; with a protocol PyTorch computes. `allow_outside` is that of `predict`, too.

    Started by torchrun, several processes share the images, and the first one does everything else.
    """
    progress = progress or Progress()
    trained, group = Run(Path(run)), launched()
    with group.after_first():
        classifier = trained.classifier
        looked = find_protocol(protocol, size=classifier.preprocessing.size, scales=scales)
        if looked and looked.whole:
            classifier = sliding(classifier)
        if min_confidence is not None:
            check_abstention((), min_confidence)  # no answer is renamed here, so a class may have any name

    def answers_to(images: list[Files]) -> Answers:
        images = files_of_first(group, images)
        chosen = (
            Engine.of(classifier, hardware())  # views have several sizes
            if looked
            else engine_of(
                run, classifier, engine=engine, precision=precision, images=len(images), progress=progress, group=group
            )
        )
        chosen = replace(chosen, novelty=None)  # which no metric asks for
        return predict_files(chosen, images, progress=progress, protocol=looked, group=group)

    streamed = None
    if data is not None and is_shards(data):
        if looked:
            raise UsageError(f"--protocol {protocol}: shards are judged as in training; leave it out, or unpack them")
        if group.size > 1:
            raise UsageError("shards are judged by one process; leave out torchrun")
        chosen = engine_of(run, classifier, engine=engine, precision=precision, images=WORTH, progress=progress)
        streamed = answers_of(replace(chosen, novelty=None), classifier.classes, data, progress=progress)
    if not group.first:
        answers_to([])
        return Evaluation.read(Path(os.fsdecode(group.broadcast())))
    looks = trained.metrics.looks_at_test
    manifest, name = _judged(
        trained, data, classifier, progress, allow_outside=allow_outside, streamed=streamed[0] if streamed else None
    )
    for note in [*manifest.notes, *describe_problems(manifest.unusable)]:
        progress.note(note)
    table = manifest.table
    if looked:
        largest = max(looked.scales)
        small = manifest.usable.filter(pl.min_horizontal("width", "height") < largest).height
        if small:
            progress.note(
                f"{small:,} of these images are smaller than the {largest} pixels of the protocol, and enlarged"
            )
    answers = streamed[1] if streamed else answers_to(list(manifest.files()))
    predictions = Predictions.from_arrays(
        paths=table["path"].to_list(),
        probabilities=answers.probabilities,
        classes=classifier.classes,
        labels=table["label"].to_list(),
        groups=table["group"].to_list() if table["group"].count() else None,
        errors=[known or found for known, found in zip(table["error"], answers.errors, strict=True)],
    )
    # A mean over views does not tell what it was at another temperature.
    temperature = classifier.temperature if looked is None else None
    metrics = EvaluationMetrics(
        **msgspec.structs.asdict(measure(predictions)),
        data=manifest.source,
        data_fingerprint=manifest.fingerprint,
        protocol=describe(looked, size=classifier.preprocessing.size),
        temperature=temperature,
        calibration=recalibration(predictions, temperature=temperature) if temperature else None,
        answered=None if min_confidence is None else answered_at(predictions, min_confidence),
    )
    folder = numbered(trained.folder / "evaluations" / (f"{name}-{looked.name}" if looked else name))
    predictions.write(folder / "predictions.parquet")
    json_files.write(folder / METRICS, metrics)
    if trained.metrics.looks_at_test > looks:  # both say how often the test images were looked at
        write_run_report(trained.folder)
        write_model_card(trained.folder)
        count_in_comparison(trained, progress)
    group.broadcast(os.fsencode(folder.resolve()))
    return Evaluation(folder, predictions, metrics)


def _judged(
    trained: Run,
    data: str | Path | None,
    classifier: Classifier,
    progress: Progress,
    *,
    allow_outside: bool,
    streamed: Manifest | None,
) -> tuple[Manifest, str]:
    """The images that are judged, and what they are called; a look at the run's own test split is counted.

    Those of shards have been read already: they are `streamed`."""
    run = trained.folder
    if data is None:
        manifest = with_files(trained.manifest, reading=trained.recipe.reading, progress=progress)
        manifest = manifest.with_table(manifest.table.filter(split="test"))
        if not len(manifest.table):
            raise LeadlineError(f"{run}: has no test split; name labelled images that it was not trained on")
        _refuse_changed(manifest, run)
        count_look(trained, progress)
        return manifest, "test"
    manifest = streamed or _labelled(data, classifier, trained.recipe.group, progress, allow_outside=allow_outside)
    if "test" in manifest.table["split"]:
        progress.note(f"{data} has a test split of its own: its {len(manifest.table):,} images are judged, no others")
    known = set(trained.manifest.usable.filter(split="train")["sha256"])
    seen = manifest.usable.filter(manifest.usable["sha256"].is_in(list(known)))
    if len(seen):
        progress.note(f"{len(seen)} of these images were trained on, such as {seen['path'][0]}: the result flatters")
    if not set(trained.manifest.usable.filter(split="test")["sha256"]).isdisjoint(manifest.usable["sha256"]):
        progress.note(f"images of the test split of {run} are among these")
        count_look(trained, progress)
    return manifest, name_of(data) if is_shards(data) else shown(Path(data).resolve().stem)


def _refuse_changed(manifest: Manifest, run: str | Path) -> None:
    """LeadlineError where the images of the split are not those that the run was split on."""
    table = manifest.usable
    changed = changes(manifest.files(table), table["sha256"].to_list())
    if changed:
        shown = "; ".join(f"{table['path'][number]}: {text}" for number, text in list(changed.items())[:SHOWN])
        more = f"; and {len(changed) - SHOWN:,} more" if len(changed) > SHOWN else ""
        raise LeadlineError(
            f"{manifest.root}: {len(changed):,} of the {len(table):,} test images are not those that {run} was split "
            f"on ({shown}{more}); put those back, or judge these as new images: leadline evaluate {run} "
            f"{manifest.source}"
        )


def _labelled(
    data: str | Path, classifier: Classifier, group: str, progress: Progress, *, allow_outside: bool
) -> Manifest:
    """The labelled images of `data`, or of its test split where it has one, as the classifier reads them; with the
    groups that its training found by `group`, where these images have them too."""
    how = classifier.preprocessing
    read = partial(
        scan,
        data,
        classes=classifier.classes,
        reading=Reading(project=how.project, allow_outside=allow_outside),
        channel_names=how.names,
        split="test",
    )
    if group:
        try:
            return read(group=group)
        except LeadlineError as error:
            without = read()  # what is wrong with the data itself is raised here
            progress.note(f"the training's --group does not fit these images: {error}")
            return without
    return read()


def count_look(trained: Run, progress: Progress) -> None:
    """One more look at the run's test split: written down before it is taken, and said."""
    looks = trained.metrics.looks_at_test + 1
    trained.write_metrics(msgspec.structs.replace(trained.metrics, looks_at_test=looks))
    progress.note(f"look number {looks} at this test split")


def count_in_comparison(trained: Run, progress: Progress) -> None:
    """Where the run is one of a finished comparison, whose networks share a test split, its report and card say so too.

    A comparison that cannot be read, or drawn again, is noted; the evaluation itself stands.
    """
    run = trained.folder.resolve()
    folder = trained.comparison
    if folder is None:
        return
    try:
        comparison = json_files.read_comparison(folder)
        networks = [network for part in comparison.rounds for network in part.networks]
        runs = {(folder / name).resolve() for network in networks for name in network.runs or (network.run,)}
        if run not in runs or comparison.answer is None:
            return
        looks = looks_at_test(folder, comparison)
        json_files.write(folder / COMPARISON, msgspec.structs.replace(comparison, looks_at_test=looks))
        progress.note(f"look number {looks} at the test split of all networks in {folder.name}")
        write_comparison_report(folder)
        write_comparison_card(folder)
    except LeadlineError as error:
        progress.note(str(error))


def sliding(classifier: Classifier) -> Classifier:
    """The classifier with its network made fully convolutional; LeadlineError where it cannot be."""
    how = classifier.preprocessing
    network = fully_convolutional(
        classifier.network, size=how.size, channels=how.channels, name=classifier.architecture
    )
    return replace(classifier, network=network)


def describe(protocol: Protocol | None, *, size: int) -> ProtocolRecord:
    """What metrics.json says of how the images were looked at; `scales` are short sides in pixels."""
    if protocol is None:
        return ProtocolRecord(name=OWN, size=size)
    return ProtocolRecord(
        name=protocol.name, size=size, scales=protocol.scales, views=protocol.views, averaged=protocol.averaged
    )
