"""`leadline export`: a trained classifier in another form, verified to give the same answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.classifier import Classifier
from leadline.data.channel_files import Files
from leadline.data.image import ImageError
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import check_abstention
from leadline.exporters.formats import FORMATS, check_place, write
from leadline.exporters.subject import Subject
from leadline.exporters.verification import IMAGES, Samples
from leadline.page.assemble import Accuracy
from leadline.progress import ON_STDERR, Progress
from leadline.report.card import NAME as CARD
from leadline.results.export_record import ExportVerification
from leadline.results.run_metrics import METRICS
from leadline.training.run_folder import Run
from leadline.verbs.predict import expand
from leadline.writing import written

# What it is verified on, in this order: test images are looked at last.
SPLITS = ("validation", "train", "test")


@dataclass(frozen=True)
class Export:
    """What was written, and how it was verified."""

    path: Path  # a file or a folder
    format: str
    bytes: int
    verification: ExportVerification


def export(
    run: str | Path,
    *,
    to: str,
    out: str | Path | None = None,
    images: Iterable[str | Path] | str | Path | None = None,
    min_confidence: float | None = None,
    pixel_size: float | None = None,
    runtime: str | Path | None = None,
    progress: Progress | None = None,
) -> Export:
    """Write the classifier of `run` in a format of exporters.formats.FORMATS, into `out` or below the run's `exports/`.

    It is verified on images of the run, or on `images`, in batches of several sizes; LeadlineError where none of them
    can be read, or where a probability differs by more than exporters.verification.LIMIT: then nothing is written. In a
    page, answers below `min_confidence` are uncertain. QuPath needs `pixel_size`, in µm, of the training images.
    """
    progress = progress or ON_STDERR
    if to not in FORMATS:
        raise UsageError(f"--to {to}: expected one of {', '.join(FORMATS)}")
    trained = Run(Path(run))
    classifier = trained.classifier
    if min_confidence is not None:
        check_abstention(classifier.classes, min_confidence)
    if pixel_size is not None and not pixel_size > 0:
        raise UsageError(f"--pixel-size {pixel_size:g}: must be above 0, in µm per pixel")
    path = Path(out) if out is not None else _default_place(trained, to)
    check_place(to, path)
    files = (
        expand([images] if isinstance(images, str | Path) else images, channel_names=classifier.preprocessing.names)
        if images is not None
        else trained.labelled(*SPLITS).files[: 4 * IMAGES]  # more than needed, should some be gone
    )
    subject = Subject(
        classifier=classifier,
        name=trained.folder.resolve().name,
        samples=Samples.of(classifier, _read(classifier, files, run=trained.folder)),
        accuracy=accuracy_of(trained),
        card=_card(trained),
        image_side=_image_side(trained) or classifier.preprocessing.size,
        pixel_size=pixel_size,
        min_confidence=min_confidence or 0.0,
        runtime=Path(runtime) if runtime is not None else None,
    )
    verification = write(to, subject, path)
    if to == "bioimageio":
        progress.note(f"{path}: its test tensors are two of your images; look whether they may be passed on")
    size = sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size
    return Export(path, to, size, verification)


def _default_place(run: Run, format: str) -> Path:
    folder = run.folder / "exports"
    with written(folder):
        folder.mkdir(exist_ok=True)
    suffix = FORMATS[format].suffix
    return folder / (f"{run.folder.resolve().name}{suffix}" if suffix else format)


def _read(classifier: Classifier, files: list[Files], *, run: Path) -> NDArray[np.generic]:
    """The first images that can be read, as the network takes them."""
    pixels: list[NDArray[np.generic]] = []
    error: Exception | None = None
    for image in files:
        if len(pixels) == IMAGES:
            break
        try:
            pixels.append(classifier.preprocessing.read(image))
        except (ImageError, OSError) as problem:
            error = error or problem
    if not pixels:
        raise LeadlineError(
            f"{run}: an export is verified on real images, and none can be read "
            f"({error or 'it has no manifest'}); put the run's images back, or name some of that kind with --images"
        ) from error
    return np.stack(pixels)


def accuracy_of(run: Run) -> Accuracy | None:
    """How good the run's classifier is known to be; None where it was never judged."""
    if not (run.folder / METRICS).is_file():
        return None
    metrics = run.metrics
    for split, judged in (("test", metrics.test), ("validation", metrics.validation)):
        if judged and (estimate := judged.of("accuracy")) and estimate.value is not None:
            return Accuracy(estimate.value, estimate.low, estimate.high, estimate.n, split)
    return None


def _card(run: Run) -> str:
    file = run.folder / CARD
    return file.read_text("utf-8") if file.is_file() else ""


def _image_side(run: Run) -> int | None:
    """The median short side of its training images, in pixels."""
    if not (run.folder / "manifest.parquet").is_file():
        return None
    usable = run.manifest.usable
    training = usable if run.manifest.shards else usable.filter(split="train")  # of shards, it has the others alone
    side = training.select(pl.min_horizontal("width", "height").median()).item()
    return round(side) if side else None
