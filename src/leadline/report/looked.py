"""Where the network looked: the surest mistakes, the surest right answers and the least sure, each with its map."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from leadline.classifier import Classifier, load
from leadline.data.channel_files import Files
from leadline.data.image import ImageError
from leadline.drawing.screen import data_uri
from leadline.errors import LeadlineError
from leadline.report.run_tables import Network
from leadline.results import json_files
from leadline.results.map_check import MAP_CHECK, MapCheck
from leadline.saliency.explained import drawn, explained, one_scale
from leadline.saliency.maps import Method, method_of

SHOWN = 6  # images of each kind
LARGEST_SIDE = 264

METHODS: dict[Method, str] = {
    "CAM": "CAM, exact here: the values of a map and the class's bias add up to its logit. Red speaks for the class, "
    "blue against it; one colour scale for all images.",
    "Grad-CAM": "Grad-CAM: this network has fully connected layers after its maps, so a map says where, but not how "
    "much of the logit came from there. Each image has a colour scale of its own.",
}


@dataclass(frozen=True)
class Looked:
    """An image with its map over it."""

    path: str
    label: str
    predicted: str
    probability: float
    uri: str  # of the map over the image, as data


@dataclass(frozen=True)
class Looks:
    """The section: kinds of images with their maps."""

    kinds: tuple[tuple[str, tuple[Looked, ...]], ...]
    method: str  # in words
    check: MapCheck | None


def looks_of(network: Network, run: Path) -> Looks | None:
    """None where there is no classifier or no prediction, or none of the images can be read any more."""
    tables = network.tables
    if tables.predictions is None or tables.data_root is None or not tables.classifier:
        return None
    try:
        classifier = load(run)
        table = tables.predictions.of_split(network.judged_split).readable.labelled.table
        check = json_files.read(run / MAP_CHECK, MapCheck) if (run / MAP_CHECK).is_file() else None
    except LeadlineError:
        return None
    right = pl.col("predicted") == pl.col("label")
    by_probability = table.sort(["probability", "path"], descending=[True, False])
    kinds = {
        "The surest mistakes": by_probability.filter(~right).head(SHOWN),
        "The surest right answers": by_probability.filter(right).head(SHOWN),
        "The least sure": by_probability.reverse().head(SHOWN),
    }
    paths = pl.concat(kinds.values())["path"].unique(maintain_order=True).to_list()
    images = [tuple(tables.data_root / file for file in tables.channel_files.get(path, (path,))) for path in paths]
    pictures = _pictures(classifier, dict(zip(images, paths, strict=True)))
    shown = {
        kind: tuple(
            Looked(row["path"], row["label"], row["predicted"], row["probability"], pictures[row["path"]])
            for row in rows.iter_rows(named=True)
            if row["path"] in pictures
        )
        for kind, rows in kinds.items()
    }
    kept = tuple((kind, looked) for kind, looked in shown.items() if looked)
    return Looks(kept, METHODS[method_of(classifier.network)], check) if kept else None


def _pictures(classifier: Classifier, images: dict[Files, str]) -> dict[str, str]:
    """Path → a data URI of the map over the image; without what cannot be read."""
    maps = [image_map for image_map in explained(classifier, list(images)) if not image_map.error]
    pictures = {}
    for image_map, strongest in zip(maps, one_scale(maps), strict=True):
        try:
            overlay, _ = drawn(image_map, classifier.preprocessing, strongest=strongest)
        except (ImageError, OSError):
            continue
        small = max(overlay.shape[:2]) <= LARGEST_SIDE
        pictures[images[image_map.image]] = data_uri(overlay, small=small, largest_side=LARGEST_SIDE)
    return pictures
