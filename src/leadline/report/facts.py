"""What a model card and a methods paragraph say of one run, gathered from its folder; what is not there stays empty."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from leadline.errors import LeadlineError
from leadline.report.tables import Network, read_json, read_network
from leadline.results.comparison_result import COMPARISON, NetworkResult
from leadline.zoo.catalogue import Architecture, architecture

SPLITS = ("train", "validation", "test")
NOT_KNOWN, UNKNOWN = "not known", "Not known."
# In the order of a table in a paper, each with the digits after the point that it has there; None is per cent.
MEASURES: dict[str, tuple[str, int | None]] = {
    "accuracy": ("accuracy", None),
    "top5": ("top-5 accuracy", None),
    "balanced_accuracy": ("balanced accuracy", None),
    "macro_f1": ("macro F1", 3),
    "auroc": ("area under the ROC curve, one against the rest", 3),
    "average_precision": ("average precision", 3),
    "matthews_correlation": ("Matthews’ correlation", 3),
    "log_loss": ("log loss", 3),
    "brier_score": ("Brier score", 3),
    "expected_calibration_error": ("expected calibration error", 3),
}


@dataclass(frozen=True)
class Facts:
    """One run. Counts are of images that were used: those that could not be read, or decoded, are in none."""

    network: Network
    about: Architecture | None  # None where the catalogue does not know the network (any more)
    classes: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # split → class → images
    groups: dict[str, int] = field(default_factory=dict)  # split → groups; empty where images have none
    all_groups: int = 0
    divided_groups: int | None = None  # groups with images in several splits
    divided_copies: int | None = None  # images whose bytes occur in several splits
    checked: bool = False  # whether the images were looked at before the training: check.json
    divided_near_copies: int | None = None  # sets of near copies with images in several splits
    preprocessing: dict[str, Any] = field(default_factory=dict)

    @property
    def recipe(self) -> dict[str, Any]:
        return self.network.tables.recipe

    @property
    def metrics(self) -> dict[str, Any]:
        return self.network.tables.metrics

    @property
    def pretrained(self) -> dict[str, Any]:
        """What is known of the trained weights that it began with; empty where it began at random."""
        return self.metrics.get("pretrained") or {}

    @property
    def environment(self) -> dict[str, Any]:
        return self.network.tables.environment

    @property
    def version(self) -> str:
        """The Leadline that trained it."""
        return str((self.environment.get("packages") or {}).get("leadline") or f"(version {NOT_KNOWN})")

    @property
    def judged_on(self) -> str:
        """The split of the figures: "test", or where there is none "validation" or "out-of-fold"; "" without any."""
        return self.network.judged_split if self.judged else ""

    @property
    def folds(self) -> int:
        """Of a cross-validation, in which the "validation" figures are of out-of-fold predictions; 0 without one."""
        return int(self.recipe.get("folds") or 0)

    @property
    def judged(self) -> dict[str, Any]:
        """The metrics of that split."""
        return self.network.test

    @property
    def calibration(self) -> dict[str, Any]:
        return self.metrics.get("calibration") or {}

    def images(self, split: str) -> int:
        return sum(self.counts.get(split, {}).values())

    @property
    def all_images(self) -> int:
        return sum(self.images(split) for split in self.counts)

    def of_class(self, name: str) -> int:
        return sum(of_split.get(name, 0) for of_split in self.counts.values())


def facts_of(run: Path, result: NetworkResult | None = None, spread: dict[str, Any] | None = None) -> Facts:
    """The facts of a run folder; `result` and `spread` are its part of comparison.json, where it belongs to one.

    Raises LeadlineError where `run` is no folder.
    """
    if not run.is_dir():
        raise LeadlineError(f"{run}: no such run folder")
    network = read_network(run, result, spread)
    try:
        about = architecture(network.tables.recipe.get("model") or network.name)
    except LeadlineError:
        about = None
    try:
        manifest = pl.read_parquet(run / "manifest.parquet")
    except (OSError, pl.exceptions.PolarsError):
        manifest = pl.DataFrame()
    try:
        described = json.loads((run / "classifier" / "classifier.json").read_text("utf-8"))
    except (OSError, ValueError):
        described = {}
    check, preprocessing = _check_of(run), described.get("preprocessing") or {}
    if not {"path", "split", "error", "label"} <= set(manifest.columns):
        return Facts(network, about, checked=check is not None, preprocessing=preprocessing)
    undecodable = pl.col("path").is_in(list(network.tables.left_out))  # the manifest has read their headers only
    usable = manifest.filter((pl.col("error") == "") & pl.col("split").is_not_null() & ~undecodable)
    found = network.tables.metrics.get("classes") or usable["label"].unique().sort().to_list()
    return Facts(
        network,
        about,
        classes=tuple(found),
        counts=_counts(usable),
        groups=_groups(usable),
        all_groups=usable["group"].n_unique() if _groups(usable) else 0,
        divided_groups=_divided(usable, "group"),
        divided_copies=_divided(usable, "sha256"),
        checked=check is not None,
        divided_near_copies=_divided_near_copies(check or {}, usable),
        preprocessing=preprocessing,
    )


def _counts(usable: pl.DataFrame) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {split: {} for split in SPLITS if split in set(usable["split"])}
    for split, label, images in usable.group_by("split", "label").len().iter_rows():
        counts.setdefault(split, {})[label] = images
    return counts


def _groups(usable: pl.DataFrame) -> dict[str, int]:
    if "group" not in usable.columns or usable["group"].null_count() == len(usable):
        return {}
    named = usable.drop_nulls("group").group_by("split").agg(pl.col("group").n_unique())
    return {str(split): int(number) for split, number in named.iter_rows()}


def _divided(usable: pl.DataFrame, column: str) -> int | None:
    if column not in usable.columns or usable[column].null_count() == len(usable):
        return None
    splits = usable.drop_nulls(column).group_by(column).agg(pl.col("split").n_unique())
    return int((splits["split"] > 1).sum())


def _check_of(run: Path) -> dict[str, Any] | None:
    """The check.json of the run, or of the comparison that it lies in; None without one, empty where it is damaged."""
    file = run / "check.json"
    above = next((folder for folder in run.resolve().parents[:2] if (folder / COMPARISON).is_file()), None)
    if not file.exists() and above:
        file = above / "check.json"
    try:
        return read_json(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}


def _divided_near_copies(check: dict[str, Any], usable: pl.DataFrame) -> int | None:
    """None where the check does not say."""
    splits = dict(usable.select("path", "split").iter_rows())
    try:
        near = [problem["paths"] for problem in check["problems"] if problem["kind"] == "near_duplicates"]
        return sum(len({splits[path] for path in paths if path in splits}) > 1 for paths in near)
    except (KeyError, TypeError):
        return None
