"""The table of predictions: a row per image, from which every metric, interval, plot and verdict is computed.

Columns, in this order, those that apply: `path, group, split, label, predicted, probability, p:<class> for each class,
error`. A readable image has an empty `error`; an unreadable one has its reason there, and no prediction at all.
`predicted` is a class, or "uncertain" where the answer was left open: then too the probabilities are all there.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from leadline.errors import LeadlineError, UsageError
from leadline.parquet import read_parquet, write_parquet
from leadline.writing import in_one_piece

PROBABILITY_PREFIX = "p:"
UNCERTAIN = "uncertain"
NOVELTY = ("novelty", "unlike")  # how unlike the training images an image is, and why; may be missing
TEXT_COLUMNS = ("path", "group", "split", "label", "predicted", NOVELTY[1], "error")
# Further from 1 than rounding to two decimals of a long table explains: logits, or percentages, not probabilities.
SUM_TOLERANCE = 0.02

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one network answered for each image, in the order in which the images were given.

    Probabilities are stored as float64, whatever the network computed in: float32 rounds everything above 1 − 6e-8 to
    one, which ties the most confident answers of a well-trained network and changes its ranking metrics.
    """

    table: pl.DataFrame
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        _check(self.table, self.classes)

    @classmethod
    def from_arrays(
        cls,
        *,
        paths: Sequence[str],
        probabilities: npt.ArrayLike,
        classes: Sequence[str],
        labels: Sequence[str | None] | None = None,
        groups: Sequence[str | None] | None = None,
        splits: Sequence[str | None] | None = None,
        errors: Sequence[str] | None = None,
    ) -> "Predictions":
        """The table from probabilities (images, classes); the row of an image with an error is never looked at.

        Raises LeadlineError, naming the image, for a row that is no distribution over the classes (NaN included).
        """
        reasons = list(errors) if errors is not None else [""] * len(paths)
        text = {"path": list(paths), "group": groups, "split": splits, "label": labels, "error": reasons}
        lengths = {name: len(values) for name, values in text.items() if values is not None}
        if set(lengths.values()) != {len(paths)}:
            raise LeadlineError(f"each image needs one value in each column, but their lengths are {lengths}")
        _check_classes(tuple(classes))
        given = np.asarray(probabilities, dtype=np.float64)
        if given.shape != (len(paths), len(classes)) and len(paths):
            expected = (len(paths), len(classes))
            raise LeadlineError(f"probabilities have the shape {given.shape}; expected (images, classes) = {expected}")
        given = given.reshape(len(paths), len(classes))
        readable = np.array([not reason for reason in reasons], dtype=bool)
        given = np.where(readable[:, None], given, np.nan)
        best = np.nan_to_num(given).argmax(axis=1)
        columns: dict[str, pl.Series] = {"path": pl.Series([str(path) for path in paths], dtype=pl.String)}
        for name in ("group", "split", "label"):
            if (values := text[name]) is not None:
                # Not known is None in memory, nothing in a text file: an empty text would come back as None.
                columns[name] = pl.Series([value or None for value in values], dtype=pl.String)
        answers = np.where(readable, np.array(classes, dtype=object)[best], None) if len(paths) else []
        columns["predicted"] = pl.Series(list(answers), dtype=pl.String)  # an array of None alone has no type
        columns["probability"] = pl.Series(given[np.arange(len(paths)), best], dtype=pl.Float64, nan_to_null=True)
        for k, name in enumerate(classes):
            columns[PROBABILITY_PREFIX + name] = pl.Series(given[:, k], dtype=pl.Float64, nan_to_null=True)
        columns["error"] = pl.Series(reasons, dtype=pl.String)
        return cls(pl.DataFrame(columns), tuple(classes))

    def with_novelty(self, scores: Floats, reasons: Sequence[str]) -> "Predictions":
        """With the columns NOVELTY: above 1 for an image that is unlike the training images, and why it is."""
        score, reason = NOVELTY
        added = (pl.Series(score, scores, dtype=pl.Float64, nan_to_null=True), pl.Series(reason, list(reasons)))
        return Predictions(self.table.with_columns(*added).select(pl.exclude("error"), "error"), self.classes)

    @classmethod
    def read(cls, path: str | Path) -> "Predictions":
        """The table as `write` left it. Raises UsageError for another suffix, LeadlineError for another table."""
        path = Path(path)
        reader = _format(path)[0]
        try:
            table = reader(path)
        except FileNotFoundError:
            raise LeadlineError(f"{path}: no such file") from None
        except (pl.exceptions.PolarsError, UnicodeDecodeError, csv.Error, OSError) as error:
            raise LeadlineError(f"{path}: not a readable table of predictions ({error})") from error
        classes = tuple(c.removeprefix(PROBABILITY_PREFIX) for c in table.columns if c.startswith(PROBABILITY_PREFIX))
        numbers = ["probability", NOVELTY[0], *(PROBABILITY_PREFIX + name for name in classes)]
        try:
            table = table.with_columns(
                *(pl.col(name).cast(pl.String) for name in TEXT_COLUMNS if name in table.columns),
                *(pl.col(name).cast(pl.Float64) for name in numbers if name in table.columns),
            )
            if "error" in table.columns:
                table = table.with_columns(pl.col("error").fill_null(""))
            if NOVELTY[1] in table.columns:
                table = table.with_columns(pl.col(NOVELTY[1]).fill_null(""))
            return cls(table, classes)
        except (pl.exceptions.PolarsError, LeadlineError) as error:
            raise LeadlineError(f"{path}: {error}") from error

    def write(self, path: str | Path) -> None:
        """The table as a file, its format by the suffix; a reader at that moment sees the old file or the new one."""
        path = Path(path)
        writer = _format(path)[1]
        with in_one_piece(path) as temporary:
            writer(self.table, temporary)

    def of_split(self, name: str) -> "Predictions":
        """The images of one split, such as "validation" or "test"."""
        if "split" not in self.table.columns:
            raise LeadlineError(f"no column 'split' in these predictions, so there is no split '{name}' to take")
        return self._rows(pl.col("split") == name)

    @cached_property
    def readable(self) -> "Predictions":
        """The images that could be read, so have a prediction."""
        return self._rows(pl.col("error") == "")

    @cached_property
    def labelled(self) -> "Predictions":
        """The images whose true class is known."""
        return self._rows(pl.col("label").is_not_null() if "label" in self.table.columns else pl.lit(False))

    @cached_property
    def unlike(self) -> "Predictions":
        """The images that are unlike the training images, where that is known."""
        return self._rows(pl.col(NOVELTY[1]) != "" if NOVELTY[1] in self.table.columns else pl.lit(False))

    @cached_property
    def answered(self) -> "Predictions":
        """The images whose answer is a class: neither unreadable nor left open."""
        return self._rows(pl.col("predicted").is_in(list(self.classes)))

    def abstaining(self, min_confidence: float) -> "Predictions":
        """The same, with "uncertain" for the answers whose probability is below `min_confidence`.

        Raises UsageError where that is no share, or where a class has this very name.
        """
        check_abstention(self.classes, min_confidence)
        left_open = (pl.col("error") == "") & (pl.col("probability") < min_confidence)
        answers = pl.when(left_open).then(pl.lit(UNCERTAIN)).otherwise("predicted").alias("predicted")
        return Predictions(self.table.with_columns(answers), self.classes)

    def _rows(self, condition: pl.Expr) -> "Predictions":
        return Predictions(self.table.filter(condition), self.classes)

    def __len__(self) -> int:
        return self.table.height

    @cached_property
    def probabilities(self) -> Floats:
        """(images, classes), NaN for unreadable images."""
        columns = self.table.select(pl.col(PROBABILITY_PREFIX + name).fill_null(np.nan) for name in self.classes)
        return np.ascontiguousarray(columns.to_numpy(), dtype=np.float64)

    @cached_property
    def label_indices(self) -> Integers:
        """The true class of each image as its position in `classes`; −1 where it is not known."""
        return self._indices("label")

    @cached_property
    def predicted_indices(self) -> Integers:
        """The predicted class of each image as its position in `classes`; −1 for unreadable images.

        Raises LeadlineError where answers were left open: what is computed from the rest is not of all these images.
        """
        left_open = len(self.readable) - len(self.answered)
        if left_open:
            raise LeadlineError(
                f"{left_open} of {len(self)} answers are {UNCERTAIN!r}, so these images cannot be measured as a whole; "
                "predict without --min-confidence, or take those that were answered (`.answered`)"
            )
        return self._indices("predicted")

    def _indices(self, column: str) -> Integers:
        if column not in self.table.columns:
            return np.full(len(self), -1, dtype=np.int64)
        position = {name: k for k, name in enumerate(self.classes)}
        values = self.table[column].replace_strict(position, default=-1, return_dtype=pl.Int64)
        return np.asarray(values.to_numpy(), dtype=np.int64)

    @cached_property
    def groups(self) -> Integers | None:
        """The group of each image (its patient, plate or slide) as a number from 0; None where no image has one.

        An image without a group among others with one is a group of its own.
        """
        if "group" not in self.table.columns or self.table["group"].null_count() == len(self):
            return None
        known = self.table["group"].rank("dense").cast(pl.Int64).to_numpy(allow_copy=True) - 1
        alone = np.isnan(known)
        codes = np.where(alone, 0, known).astype(np.int64)
        codes[alone] = codes.max() + 1 + np.arange(alone.sum())
        return codes


def check_abstention(classes: Sequence[str], min_confidence: float) -> None:
    """UsageError unless answers below this probability can be called "uncertain"."""
    if not 0 <= min_confidence <= 1:
        raise UsageError(f"--min-confidence {min_confidence:g}: is a probability, from 0 to 1")
    if UNCERTAIN in classes:
        raise UsageError(
            f"--min-confidence: one of the classes is itself named {UNCERTAIN!r}, so an answer that is left open could "
            "not be told from it; leave the option out and go by the column probability"
        )


def _check_classes(classes: tuple[str, ...]) -> None:
    if len(set(classes)) < len(classes) or len(classes) < 2:
        raise LeadlineError(f"classes {list(classes)}: at least two are needed, all different")


def _check(table: pl.DataFrame, classes: tuple[str, ...]) -> None:
    """That the table is what the rest of the house takes it for; if not, a message that names the first such image."""
    _check_classes(classes)
    probabilities = [PROBABILITY_PREFIX + name for name in classes]
    missing = [c for c in ("path", "predicted", "probability", *probabilities, "error") if c not in table.columns]
    if missing:
        raise LeadlineError(f"no column {missing[0]!r} in the table of predictions; it has {table.columns[:8]}")
    known = list(classes)
    readable = pl.col("error") == ""
    in_range = pl.all_horizontal(pl.col(c).is_between(0.0, 1.0).fill_null(False) for c in probabilities)
    adds_up = (pl.sum_horizontal(probabilities) - 1).abs() <= SUM_TOLERANCE
    silent = pl.all_horizontal(pl.col(c).is_null() for c in ("predicted", *probabilities))
    rules = [
        (["error"], pl.col("error").is_not_null(), "neither an error nor the empty text that says there was none"),
        (
            ["predicted"],
            ~readable | pl.col("predicted").is_in([*known, UNCERTAIN]).fill_null(False),
            "not one of the classes",
        ),
        (probabilities, ~readable | in_range, "not probabilities between 0 and 1"),
        (probabilities, ~readable | adds_up, "probabilities that do not add up to 1"),
        (["predicted", *probabilities], readable | silent, "a prediction for an image that could not be read"),
    ]
    if "label" in table.columns:
        rules.append((["label"], pl.col("label").is_null() | pl.col("label").is_in(known), "not one of the classes"))
    for columns, rule, complaint in rules:
        bad = table.filter(~rule)
        if bad.height:
            row = bad.row(0, named=True)
            shown = ", ".join(f"{column}={row[column]!r}" for column in columns[:6])
            raise LeadlineError(f"{row['path']}: {complaint}: {shown} (classes: {', '.join(known[:12])})")


def _read_separated(path: Path, separator: str) -> pl.DataFrame:
    # polars leaves doubled quotes in the header as they are, so the names come from the csv module.
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file, delimiter=separator), [])
    table = pl.read_csv(path, separator=separator, infer_schema=False)
    table.columns = header
    # A text format cannot tell "no value" from an empty one: both mean that it is not known.
    return table.with_columns(pl.when(pl.all() != "").then(pl.all()))


def _read_lines(path: Path) -> pl.DataFrame:
    return pl.read_ndjson(path, infer_schema_length=None)


Reader = Callable[[Path], pl.DataFrame]
Writer = Callable[[pl.DataFrame, Path], None]
FORMATS: dict[str, tuple[Reader, Writer]] = {
    ".parquet": (read_parquet, write_parquet),
    ".csv": (lambda path: _read_separated(path, ","), lambda table, path: table.write_csv(path)),
    ".tsv": (lambda path: _read_separated(path, "\t"), lambda table, path: table.write_csv(path, separator="\t")),
    ".jsonl": (_read_lines, lambda table, path: table.write_ndjson(path)),
}


def _format(path: Path) -> tuple[Reader, Writer]:
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path}: a table of predictions is written and read as {', '.join(FORMATS)}, by its suffix")
    return FORMATS[path.suffix.lower()]
