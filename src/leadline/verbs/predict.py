"""`leadline predict`: new images → a table, a row per image in the order of the inputs."""

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from leadline.classifier import Classifier, load
from leadline.data.channel_files import Files
from leadline.data.loader import Decoded, files
from leadline.data.outputs import check_output
from leadline.data.protocols import Protocol
from leadline.data.shards.finding import is_shards
from leadline.data.sources.channel_columns import refuse_unlike_training
from leadline.data.sources.class_folders import contents
from leadline.data.sources.scan import TABLE_READERS, image_files, image_table
from leadline.data.sources.walking import shown
from leadline.data.views import Viewed, images_together, views
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.growing_table import growing_table, joined
from leadline.evaluation.predictions import FORMATS, NOVELTY, PROBABILITY_PREFIX, Predictions, check_abstention
from leadline.inference.engine import BATCH_SIZE, Answers, Engine
from leadline.inference.engine_choice import WORTH, Chosen, choose_engine
from leadline.inference.memory import enough_memory
from leadline.inference.runtimes import AnyPrecision, EngineName
from leadline.inference.shared_answers import shared_answers
from leadline.progress import Progress
from leadline.ranks import ALONE, Group, launched
from leadline.training.run_folder import Run
from leadline.verbs.streamed import predictions_of


def predict(
    run: str | Path,
    inputs: Iterable[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    min_confidence: float | None = None,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    allow_outside: bool = False,
    progress: Progress | None = None,
) -> Predictions:
    """What the classifier of `run` answers for the images at `inputs`: files, folders (searched through), globs, and
    tables with a column `path` or, for a classifier of images with a file per channel, a column per channel.

    An image that cannot be read has its row too, with the reason in `error` and no prediction. `out` is written as CSV,
    TSV, Parquet or JSON lines by its suffix, in the place of an earlier table of predictions, but of no other file. An
    answer whose probability is below `min_confidence` is "uncertain"; the probabilities stay. Where it is known what
    the training images were like, `novelty` is above 1 for an image that is unlike them, and `unlike` says why. Raises
    LeadlineError where an input does not exist or holds no image.

    `engine` computes the answers: "torch", "openvino" or "onnx", or with "auto" the fastest that is installed and has
    given the same answers as PyTorch on the run's own images. An engine that was named must have, or LeadlineError.
    A table may list images outside its own folder only with `allow_outside`. Shards are predicted too, all of them;
    `predict_shards` does that without holding the whole table.

    Started by torchrun, several processes share the images; all return the whole table, and the first one writes it.
    """
    progress = progress or Progress()
    inputs = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    if any(map(is_shards, inputs)):
        written = predict_shards(
            run, inputs, out=out, min_confidence=min_confidence, engine=engine, precision=precision, progress=progress
        )
        return written.predictions if out is None else Predictions.read(out)
    group = launched()
    with group.after_first():
        classifier = _classifier_for(run, out=out, sources=inputs, min_confidence=min_confidence)
    images = (
        expand(inputs, channel_names=classifier.preprocessing.names, allow_outside=allow_outside) if group.first else []
    )
    images = files_of_first(group, images)
    chosen = engine_of(
        run, classifier, engine=engine, precision=precision, images=len(images), progress=progress, group=group
    )
    found = predict_files(chosen, images, progress=progress, group=group)
    predictions = Predictions.from_arrays(
        paths=[shown(first) for first, *_ in images],
        probabilities=found.probabilities,
        classes=classifier.classes,
        errors=found.errors,
    )
    if chosen.novelty:
        predictions = predictions.with_novelty(found.novelty, found.unlike)
    if min_confidence is not None:
        predictions = predictions.abstaining(min_confidence)
    if out is not None and group.first:
        predictions.write(out)
    group.barrier()  # nobody looks for the table before it is written
    return predictions


@dataclass(frozen=True)
class Written:
    """What `predict_shards` has done."""

    predictions: Predictions  # all of them, or none where they went into a file
    images: int = 0
    unreadable: int = 0
    left_open: int = 0
    unlike: int = 0


def predict_shards(
    run: str | Path,
    inputs: Iterable[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    min_confidence: float | None = None,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    progress: Progress | None = None,
) -> Written:
    """As `predict`, of all images in shards, in their order: with `out` the table is written while it grows, so that
    memory does not depend on the number of images. Raises LeadlineError, with the shard and the member, where one is
    damaged; `out` is not written then."""
    progress = progress or Progress()
    if launched().size > 1:
        raise UsageError("shards are predicted by one process: leave out torchrun, or give each process its own shards")
    inputs = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    other = next((given for given in inputs if not is_shards(given)), None)
    if other is not None:
        raise UsageError(f"{other}: is no shard, and the others are; predict one kind at a time")
    here = [given for given in inputs if "://" not in str(given)]
    classifier = _classifier_for(run, out=out, sources=here, min_confidence=min_confidence)
    chosen = engine_of(run, classifier, engine=engine, precision=precision, images=WORTH, progress=progress)
    written, kept = Written(joined([], classifier.classes)), []
    with growing_table(Path(out)) if out is not None else nullcontext() as table:
        for part in predictions_of(chosen, classifier.classes, inputs, progress=progress):
            part = part if min_confidence is None else part.abstaining(min_confidence)
            written = replace(
                written,
                images=written.images + len(part),
                unreadable=written.unreadable + len(part) - len(part.readable),
                left_open=written.left_open + len(part.readable) - len(part.answered),
                unlike=written.unlike + len(part.unlike),
            )
            if table is None:
                kept.append(part)
            else:
                table.add(part)
        if not written.images:
            raise LeadlineError(f"{inputs[0]}: its shards hold no images")
    return replace(written, predictions=joined(kept, classifier.classes)) if kept else written


def _classifier_for(
    run: str | Path, *, out: str | Path | None, sources: list[str | Path], min_confidence: float | None
) -> Classifier:
    """The classifier of `run`, once nothing stands in the way of predicting with it and of writing `out`."""
    if out is not None:
        if Path(out).suffix.lower() not in FORMATS:
            raise UsageError(f"{out}: the suffix says how the table is written; expected one of {', '.join(FORMATS)}")
        check_output(out, ours=_is_ours, kind="table of predictions", sources=sources)
    classifier = load(run)
    if min_confidence is not None:
        check_abstention(classifier.classes, min_confidence)
    return classifier


def _is_ours(file: Path) -> bool:
    """Whether predict wrote it, and nobody has added a column; a run's own predictions have labels, too."""
    try:
        found = Predictions.read(file)
    except LeadlineError:
        return False
    probabilities = (f"{PROBABILITY_PREFIX}{name}" for name in found.classes)
    return set(found.table.columns) - set(NOVELTY) == {"path", "predicted", "probability", *probabilities, "error"}


@enough_memory(way_out="close other programs, or predict where there is more")
def predict_files(
    engine: Engine,
    images: list[Files],
    *,
    progress: Progress,
    protocol: Protocol | None = None,
    group: Group = ALONE,
) -> Answers:
    """The answers in the order of `images`; with a `protocol`, of the mean over the views that it takes of each.

    Each process of a `group` answers a part of them, in the batches in which one process would: to the same bits.
    """
    own = images[group.block(len(images), whole=images_together(protocol) if protocol else BATCH_SIZE)]
    batches: Iterator[Decoded | Viewed] = (
        views(own, engine.preprocessing, protocol)
        if protocol
        else files(own, engine.preprocessing, batch_size=BATCH_SIZE)
    )

    def answers() -> Answers:
        return engine.answers(progress.through(batches, size=lambda batch: len(batch.errors)))

    with progress.task("predicting", len(own)):
        return shared_answers(group, answers)


def files_of_first(group: Group, images: list[Files]) -> list[Files]:
    """The images that the first process names, in all of them."""
    if group.size == 1:
        return images
    named = group.broadcast(msgspec.msgpack.encode([[os.fsencode(file) for file in image] for image in images]))
    return [
        tuple(Path(os.fsdecode(file)) for file in image)
        for image in msgspec.msgpack.decode(named, type=list[list[bytes]])
    ]


def engine_of(
    run: str | Path,
    classifier: Classifier,
    *,
    engine: EngineName,
    precision: AnyPrecision,
    images: int,
    progress: Progress,
    group: Group = ALONE,
) -> Engine:
    """The engine for so many images, which is said where it is not PyTorch alone. In a `group` of processes the first
    one chooses, since each might choose another."""
    named = b""
    if group.first:
        chosen = choose_for(run, classifier, engine=engine, precision=precision, images=images)
        named = msgspec.json.encode((chosen.runtime, chosen.precision))
    named = group.broadcast(named)
    if not group.first:
        engine, precision = msgspec.json.decode(named, type=tuple[EngineName, AnyPrecision])
        chosen = choose_for(run, classifier, engine=engine, precision=precision, images=images)
    if chosen.engine.compiled:
        progress.note(chosen.said)
    return chosen.engine


def choose_for(
    run: str | Path, classifier: Classifier, *, engine: EngineName, precision: AnyPrecision, images: int
) -> Chosen:
    """The engine for so many images, verified on the run's own."""
    folder = Path(run) / "classifier"
    return choose_engine(
        classifier, folder if folder.is_dir() else Path(run), engine=engine, precision=precision, images=images,
        reference=Run(Path(run)),
    )  # fmt: skip


def expand(
    inputs: Iterable[str | Path], *, channel_names: tuple[str, ...] = (), allow_outside: bool = False
) -> list[Files]:
    """The images that `inputs` name, in their order: a file itself, a folder's images, what a glob matches (sorted),
    the rows of a table. Channels that have a file each, `channel_names`, come from tables only.
    """
    images: list[Files] = []
    for given in map(Path, inputs):
        if given.is_file() and given.suffix.lower() in TABLE_READERS:
            images += image_table(given, channel_names=channel_names, allow_outside=allow_outside)
            continue
        refuse_unlike_training(given, (), trained=channel_names)
        if given.is_dir():
            found = list(image_files(given))
            if not found:
                raise LeadlineError(f"{given}: holds no images that can be read ({contents(given)})")
        elif given.exists():
            found = [given]
        else:
            matches = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207  (absolute patterns too)
            found = [Path(name) for name in matches if Path(name).is_file()]
            if not found:
                raise LeadlineError(f"{given}: no such file or folder, and nothing matches it")
        images += [(path,) for path in found]
    if not images:
        raise LeadlineError("no images named: give files, folders, globs or tables")
    return images
