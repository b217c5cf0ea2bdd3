"""`leadline explain`: where did the network look, and can that be believed?"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from leadline.classifier import Classifier, load
from leadline.data.channel_files import reason
from leadline.data.image import ImageError
from leadline.data.loader import files
from leadline.data.outputs import lies_in
from leadline.data.sources.walking import shown
from leadline.errors import LeadlineError, UsageError
from leadline.inference.hardware import hardware
from leadline.inference.memory import enough_memory
from leadline.progress import Progress
from leadline.report import write_run_report
from leadline.results import json_files
from leadline.results.map_check import MAP_CHECK, MapCheck
from leadline.saliency.explained import Explained, drawn, explained, file_name, one_scale
from leadline.saliency.maps import Method
from leadline.saliency.sanity import CHECKED, check_maps
from leadline.training.run_folder import numbered
from leadline.verbs.predict import expand
from leadline.writing import in_one_piece

TEXT = ("path", "predicted", "class", "png", "npz", "error")
COLUMNS = {
    name: pl.String if name in TEXT else pl.Float64
    for name in ("path", "predicted", "probability", "class", "logit", "bias", "strongest", "png", "npz", "error")
}


@dataclass(frozen=True)
class Explanation:
    """A folder with an overlay (.png) and the numbers (.npz) of each image's map, and maps.csv, a row per image."""

    folder: Path
    table: pl.DataFrame  # path, predicted, probability, class, logit, bias, strongest, png, npz, error
    method: Method
    check: MapCheck | None  # of this classifier's maps, where it was made, now or before


@enough_memory(way_out="close other programs, or explain where there is more")
def explain(
    run: str | Path,
    inputs: Iterable[str | Path] | str | Path,
    *,
    out: str | Path | None = None,
    of_class: str | None = None,
    check: bool = False,
    allow_outside: bool = False,
    progress: Progress | None = None,
) -> Explanation:
    """Where the classifier of `run` looked in the images at `inputs`, as `predict` takes them.

    The maps are of the class that each image is predicted as, or of `of_class`. They are written into the new folder
    `out`; of an image that cannot be read there is a row in its table, with the reason. `check` finds out on these
    images whether the maps of this classifier mean anything, and writes that into `run` and its report. Raises
    LeadlineError where an input does not exist or holds no image, UsageError for an unknown class or a folder `out`
    that exists already.
    """
    progress = progress or Progress()
    inputs = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    if out is not None:
        _refuse_folder(Path(out), [Path(source) for source in inputs])
    classifier = load(run)
    number = _number_of(of_class, classifier.classes)
    images = expand(inputs, channel_names=classifier.preprocessing.names, allow_outside=allow_outside)
    with progress.task("looking for maps", len(images)):
        found = list(progress.through(explained(classifier, images, of_class=number), size=lambda _: 1))
    readable = [one for one in found if not one.error]
    checked = _check_of(Path(run))
    if check:
        if len(readable) < 2:
            raise LeadlineError("--check needs two images that can be read, better twenty")
        some = [
            readable[row].image for row in np.linspace(0, len(readable) - 1, min(CHECKED, len(readable))).astype(int)
        ]
        batches = list(files(some, classifier.preprocessing, batch_size=len(some)))
        classifier.network.to(hardware().device)
        checked = check_maps(
            classifier.network, classifier.preprocessing, np.concatenate([batch.pixels for batch in batches]),
            progress=progress,
        )  # fmt: skip
        if Path(run).name != "classifier":
            json_files.write(Path(run) / MAP_CHECK, checked)
    folder = numbered(Path(out or "maps"))
    table = _write(found, classifier, folder, progress)
    if check and (Path(run) / "metrics.json").is_file():
        write_run_report(Path(run))
    return Explanation(folder, table, found[0].method, checked)


def _write(found: list[Explained], classifier: Classifier, folder: Path, progress: Progress) -> pl.DataFrame:
    """The files of every map, and the table of them."""
    rows = []
    with progress.task("drawing maps", len(found)):
        for number, (explained, strongest) in enumerate(zip(found, one_scale(found), strict=True), start=1):
            rows.append(_row(number, explained, strongest, classifier, folder))
            progress.advance()
    table = pl.DataFrame(rows, schema=COLUMNS)
    with in_one_piece(folder / "maps.csv") as temporary:
        table.write_csv(temporary)
    return table


def _row(
    number: int, found: Explained, strongest: float, classifier: Classifier, folder: Path
) -> dict[str, str | float | None]:
    row: dict[str, str | float | None] = dict.fromkeys(COLUMNS)
    row |= {"path": shown(found.image[0]), "error": found.error}
    if found.error:
        return row
    try:
        overlay, values = drawn(found, classifier.preprocessing, strongest=strongest)
    except (ImageError, OSError) as error:
        return row | {"error": reason(error, found.image)}
    name, best = file_name(number, found.image[0]), int(found.probabilities.argmax())
    with in_one_piece(folder / f"{name}.png") as temporary:
        Image.fromarray(overlay).save(temporary, "PNG")
    with in_one_piece(folder / f"{name}.npz") as temporary, temporary.open("wb") as opened:
        np.savez_compressed(opened, map=found.values, on_image=values.astype(np.float32))
    return row | {
        "predicted": classifier.classes[best],
        "probability": float(found.probabilities[best]),
        "class": classifier.classes[found.of_class],
        "logit": found.logit,
        "bias": None if np.isnan(found.bias) else found.bias,
        "strongest": strongest,
        "png": f"{name}.png",
        "npz": f"{name}.npz",
    }


def _number_of(of_class: str | None, classes: tuple[str, ...]) -> int | None:
    if of_class is None:
        return None
    if of_class not in classes:
        raise UsageError(f"--class {of_class}: the classifier's classes are {', '.join(classes)}")
    return classes.index(of_class)


def _check_of(run: Path) -> MapCheck | None:
    file = run / MAP_CHECK
    return json_files.read(file, MapCheck) if file.is_file() else None


def _refuse_folder(out: Path, sources: list[Path]) -> None:
    if out.exists():
        raise UsageError(f"{out}: exists already; choose another --out")
    for source in sources:
        if source.is_dir() and lies_in(out, source):
            raise UsageError(f"{out}: lies in {source}, where nothing is written; choose another --out")
