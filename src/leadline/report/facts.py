"""What a model card and a methods paragraph say of one run, gathered from its folder; what is not there stays empty."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl

from leadline.data.audit import Audit
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError
from leadline.evaluation.records import AbstentionPoint, Calibration, Recalibration, SeedSpread, SplitMetrics, SplitName
from leadline.pretrained.torchvision_files import Pretrained
from leadline.report.run_tables import Network, read_network
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON, NetworkResult
from leadline.results.run_metrics import Environment, RunMetrics
from leadline.training.recipe import Recipe
from leadline.wording import NOT_KNOWN
from leadline.zoo.catalogue import Architecture, architecture

SPLITS = ("train", "validation", "test")
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

# The shares of images answered that a card shows of the curve of accuracy against coverage.
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.5)


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
    preprocessing: Preprocessing | None = None

    @property
    def recipe(self) -> Recipe | None:
        return self.network.tables.recipe

    @property
    def metrics(self) -> RunMetrics | None:
        return self.network.tables.metrics

    @property
    def environment(self) -> Environment:
        return self.network.tables.environment

    @property
    def left_out(self) -> dict[str, str]:
        return self.network.tables.left_out

    @property
    def pretrained(self) -> Pretrained | None:
        """What is known of the trained weights that it started from; None where it started at random."""
        return self.metrics.pretrained if self.metrics else None

    @property
    def weights_name(self) -> str:
        return weights_name(self.pretrained.source if self.pretrained else self.recipe.weights if self.recipe else "")

    @property
    def normalised_as_weights(self) -> bool:
        """Whether images are normalised as the weights ask for."""
        asked = self.pretrained.mean if self.pretrained else None
        return asked is not None and self.preprocessing is not None and self.preprocessing.mean == tuple(asked)

    @property
    def version(self) -> str:
        """The Leadline that trained it."""
        return self.environment.packages.get("leadline") or f"(version {NOT_KNOWN})"

    @property
    def data_name(self) -> str:
        return Path(self.recipe.data).name if self.recipe else f"data that are {NOT_KNOWN}"

    @property
    def settings(self) -> dict[str, object]:
        """The recipe, as far as it says something."""
        values = asdict(self.recipe) | {"weights": weights_name(self.recipe.weights)} if self.recipe else {}
        return {name: value for name, value in values.items() if value not in ("", (), None)}

    @property
    def deviation(self) -> str:
        """How the network differs from the one published; "ours" there is Leadline's."""
        return self.about.deviates.replace("ours,", "Leadline’s own,") if self.about else ""

    @property
    def last(self) -> dict[str, float]:
        """The last line of the history."""
        return self.network.tables.history[-1] if self.network.tables.history else {}

    @property
    def epochs(self) -> float | None:
        return self.last.get("epoch")

    @property
    def judged_on(self) -> str:
        """The split of the figures: "test", or where there is none "validation" or "out-of-fold"; "" without any."""
        return self.network.judged_split if self.judged else ""

    @property
    def judged(self) -> SplitMetrics | None:
        """The metrics of that split."""
        return self.network.test

    @property
    def folds(self) -> int:
        """Of a cross-validation, in which the "validation" figures are of out-of-fold predictions; 0 without one."""
        return self.recipe.folds if self.recipe else 0

    @property
    def calibration(self) -> Calibration | None:
        return self.metrics.calibration if self.metrics else None

    @property
    def recalibration(self) -> Recalibration | None:
        """What the temperature changed in the split of the figures."""
        return getattr(self.calibration, self.judged_on.replace("-", "_"), None) if self.judged_on else None

    @property
    def interval_methods(self) -> dict[str, list[str]]:
        """How intervals were made → the measures of which they were."""
        ways: dict[str, list[str]] = {}
        for key, (name, _) in MEASURES.items():
            estimate = self.judged.of(key) if self.judged else None
            if estimate and estimate.value is not None:
                ways.setdefault(estimate.method, []).append(name)
        return ways

    @property
    def groups_judged(self) -> bool:
        return any("clustered" in method for method in self.interval_methods)

    @property
    def resampled(self) -> bool:
        return any("bootstrap" in method for method in self.interval_methods)

    @property
    def abstention(self) -> list[AbstentionPoint]:
        return points_at(self.judged.abstention, COVERAGES) if self.judged else []

    def images(self, split: str) -> int:
        return sum(self.counts.get(split, {}).values())

    @property
    def all_images(self) -> int:
        return sum(self.images(split) for split in self.counts)

    def of_class(self, name: str) -> int:
        return sum(of_split.get(name, 0) for of_split in self.counts.values())

    @property
    def class_sizes(self) -> list[int]:
        return [self.of_class(name) for name in self.classes]


def points_at(curve: Sequence[AbstentionPoint], coverages: tuple[float, ...]) -> list[AbstentionPoint]:
    """The points of an abstention curve whose coverage is nearest to these, each once, from all answers downwards."""
    chosen = [min(curve, key=lambda point: abs(point.coverage - wanted)) for wanted in coverages] if curve else []
    return list(dict.fromkeys(chosen))


def weights_name(weights: str) -> str:
    """A file or folder without those above it, which tell of a machine and a person; a tag as it is."""
    return weights if weights.startswith(("imagenet", "hf:")) else Path(weights).name


def facts_of(
    run: Path, result: NetworkResult | None = None, spread: Mapping[SplitName, SeedSpread] | None = None
) -> Facts:
    """The facts of a run folder; `result` and `spread` are its part of comparison.json, where it belongs to one.

    Raises LeadlineError where `run` is no folder.
    """
    if not run.is_dir():
        raise LeadlineError(f"{run}: no such run folder")
    network = read_network(run, result, spread)
    recipe, metrics = network.tables.recipe, network.tables.metrics
    try:
        about = architecture(recipe.model if recipe else network.name)
    except LeadlineError:
        about = None
    manifest, streamed = network.tables.manifest, network.tables.streamed
    check, preprocessing = _check_of(run), _preprocessing_of(run)
    if not {"path", "split", "error", "label"} <= set(manifest.columns):
        return Facts(network, about, checked=check is not None, preprocessing=preprocessing)
    undecodable = pl.col("path").is_in(list(network.tables.left_out))  # the manifest has read their headers only
    usable = manifest.filter((pl.col("error") == "") & pl.col("split").is_not_null() & ~undecodable)
    return Facts(
        network,
        about,
        classes=(metrics.classes if metrics else ()) or tuple(usable["label"].unique().sort()),
        counts=({"train": streamed.labels["train"]} if streamed else {}) | _counts(usable),
        groups=_groups(usable),
        all_groups=usable["group"].n_unique() if _groups(usable) else 0,
        divided_groups=_divided(usable, "group"),
        divided_copies=_divided(usable, "sha256"),
        checked=check is not None,
        divided_near_copies=_divided_near_copies(check, usable) if check else None,
        preprocessing=preprocessing,
    )


def _preprocessing_of(run: Path) -> Preprocessing | None:
    try:
        described = json.loads((run / "classifier" / "classifier.json").read_text("utf-8"))
        return Preprocessing.from_dict(described["preprocessing"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


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


def _check_of(run: Path) -> Audit | str | None:
    """The check.json of the run, or of the comparison that it lies in; None without one, "" where it is damaged."""
    file = run / json_files.CHECK
    above = next((folder for folder in run.resolve().parents[:2] if (folder / COMPARISON).is_file()), None)
    if not file.exists() and above:
        file = above / json_files.CHECK
    if not file.exists():
        return None
    try:
        return json_files.read(file, Audit)
    except LeadlineError:
        return ""


def _divided_near_copies(check: Audit | str, usable: pl.DataFrame) -> int | None:
    """None where the check does not say."""
    if isinstance(check, str):
        return None
    splits = dict(usable.select("path", "split").iter_rows())
    near = [problem.paths for problem in check.problems if problem.kind == "near_duplicates"]
    return sum(len({splits[path] for path in paths if path in splits}) > 1 for paths in near)
