"""`leadline predict`: new images → a table, a row per image in the order of the inputs."""

import glob
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leadline.classifier import Classifier, load
from leadline.data.loader import files
from leadline.data.sources import image_files
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import FORMATS, Predictions, check_abstention
from leadline.runtime.engine import BATCH_SIZE, Engine
from leadline.runtime.hardware import hardware
from leadline.training.watch import Watch


def predict(
    run: str | Path,
    inputs: Iterable[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    min_confidence: float | None = None,
    watch: Watch | None = None,
) -> Predictions:
    """What the classifier of `run` answers for the images at `inputs`: files, folders (searched through) and globs.

    An image that cannot be read has its row too, with the reason in `error` and no prediction. `out` is written as CSV,
    TSV, Parquet or JSON lines by its suffix. An answer whose probability is below `min_confidence` is "uncertain"; the
    probabilities stay. Raises LeadlineError where an input does not exist or holds no image.
    """
    watch = watch or Watch()
    if out is not None and Path(out).suffix.lower() not in FORMATS:
        raise UsageError(f"{out}: the suffix says how the table is written; expected one of {', '.join(FORMATS)}")
    classifier = load(run)
    if min_confidence is not None:
        check_abstention(classifier.classes, min_confidence)
    paths = expand([inputs] if isinstance(inputs, str | Path) else inputs)
    probabilities, errors = predict_files(classifier, paths, watch=watch)
    predictions = Predictions.from_arrays(
        paths=[str(path) for path in paths], probabilities=probabilities, classes=classifier.classes, errors=errors
    )
    if min_confidence is not None:
        predictions = predictions.abstaining(min_confidence)
    if out is not None:
        predictions.write(out)
    return predictions


def predict_files(classifier: Classifier, paths: list[Path], *, watch: Watch) -> tuple[NDArray[np.float64], list[str]]:
    """Probabilities (images, classes) and why an image could not be read, in the order of `paths`."""
    watch.start("predicting", len(paths))
    batches = files(paths, classifier.preprocessing, batch_size=BATCH_SIZE)
    found = Engine.of(classifier, hardware()).predict(watch.through(batches, size=lambda batch: len(batch.errors)))
    watch.finish()
    return found


def expand(inputs: Iterable[str | Path]) -> list[Path]:
    """The files that `inputs` name, in their order: a file itself, a folder's images, what a glob matches (sorted)."""
    paths: list[Path] = []
    for given in map(Path, inputs):
        if given.is_dir():
            found = list(image_files(given))
            if not found:
                raise LeadlineError(f"{given}: holds no images")
        elif given.exists():
            found = [given]
        else:
            matches = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207  (absolute patterns too)
            found = [Path(name) for name in matches if Path(name).is_file()]
            if not found:
                raise LeadlineError(f"{given}: no such file or folder, and nothing matches it")
        paths += found
    if not paths:
        raise LeadlineError("no images named: give files, folders or globs")
    return paths
