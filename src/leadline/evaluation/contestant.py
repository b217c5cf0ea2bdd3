"""One network of a comparison, and what several of them share: the images that all have judged, and who was right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Criterion = Literal["accuracy", "balanced_accuracy"]


@dataclass(frozen=True, eq=False)
class Contestant:
    """A network's answers to the images that it was not trained on, and what it costs to use.

    `trainings` (images, repeats) numbers the training whose network judged the image: all the same for one training on
    a held-out split, the fold for out-of-fold predictions, the column for several seeds.
    """

    name: str
    paths: tuple[str, ...]
    correct: Bools  # (images, repeats)
    trainings: Integers  # (images, repeats), from 0
    labels: Integers  # (images,), positions in `classes`
    classes: tuple[str, ...]  # in alphabetical order
    groups: Integers | None
    multiply_adds: float
    seconds_per_image: float

    @classmethod
    def of(
        cls,
        name: str,
        predictions: Predictions | Sequence[Predictions],
        fold: npt.NDArray[np.int64] | None = None,
        *,
        multiply_adds: float,
        seconds_per_image: float,
    ) -> "Contestant":
        """From one table per repeat (or seed), of readable, labelled images; others are left out.

        `fold` (rows,) or (rows, repeats) numbers the fold of each row of the tables, which then have the same rows.
        Raises LeadlineError where nothing is left, or an image occurs twice.
        """
        repeats = [predictions] if isinstance(predictions, Predictions) else list(predictions)
        if not repeats:
            raise UsageError(f"{name}: no predictions to judge it by")
        parts = []
        for repeat, table in enumerate(repeats):
            folds = np.zeros(len(table), dtype=np.int64) if fold is None else _column(fold, repeat, name, len(table))
            parts.append(_of_repeat(name, table, folds, multiply_adds, seconds_per_image))
        shared = _shared(parts)
        parts = [part.of_images(shared) for part in parts]
        number = np.column_stack([part.trainings[:, 0] for part in parts]) + np.arange(len(parts)) * (
            1 + max(int(part.trainings.max()) for part in parts)
        )
        return replace(
            parts[0],
            correct=np.column_stack([part.correct[:, 0] for part in parts]),
            trainings=np.unique(number, return_inverse=True)[1].reshape(number.shape),
        )

    def of_images(self, paths: tuple[str, ...]) -> "Contestant":
        """The same of these images alone, in this order; all of them are among its own."""
        if paths == self.paths:
            return self
        position = {path: row for row, path in enumerate(self.paths)}
        rows = np.array([position[path] for path in paths], dtype=np.int64)
        return replace(
            self,
            paths=paths,
            correct=self.correct[rows],
            trainings=self.trainings[rows],
            labels=self.labels[rows],
            groups=None if self.groups is None else _from_zero(self.groups[rows]),
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """What all contestants of a round were asked: the same images, judged by as many trainings of each.

    `strata` (images,) is the class of each image where every class counts alike (balanced accuracy), otherwise 0.
    """

    correct: Floats  # (contestants, images, repeats)
    trainings: Integers  # (images, repeats)
    strata: Integers  # (images,), from 0, none of them empty
    groups: Integers | None
    left_out: int  # images that not all contestants could judge

    @classmethod
    def shared_by(cls, contestants: Sequence[Contestant], criterion: Criterion) -> "Evidence":
        """Raises LeadlineError unless they have images in common, with the same labels, groups and trainings."""
        shared = _shared(contestants)
        first, *others = same = [contestant.of_images(shared) for contestant in contestants]
        for one in others:
            _refuse_others(first, one)
        return cls(
            correct=np.stack([one.correct for one in same]).astype(np.float64),
            trainings=first.trainings,
            strata=_from_zero(first.labels if criterion == "balanced_accuracy" else np.zeros_like(first.labels)),
            groups=first.groups,
            left_out=len({path for contestant in contestants for path in contestant.paths}) - len(shared),
        )

    @property
    def images(self) -> int:
        return len(self.strata)

    @cached_property
    def weights(self) -> Floats:
        """(images,) with a mean of 1: their weighted share of right answers is the criterion."""
        sizes = np.bincount(self.strata)
        return np.asarray((self.images / (len(sizes) * sizes))[self.strata])

    @cached_property
    def right(self) -> Floats:
        """(contestants, images): the share of an image's trainings that were right."""
        return np.asarray(self.correct.mean(axis=2))

    @cached_property
    def estimates(self) -> Floats:
        """(contestants,): accuracy, or balanced accuracy."""
        return np.asarray(self.right @ self.weights / self.images)

    @cached_property
    def effective_trainings(self) -> float:
        """How many trainings of equal weight an estimate is the mean of."""
        weights = np.repeat(self.weights, self.trainings.shape[1])
        shares = np.bincount(self.trainings.ravel(), weights=weights) / weights.sum()
        return float(1 / (shares @ shares))

    @property
    def group_count(self) -> int | None:
        return None if self.groups is None else int(self.groups.max()) + 1


def _of_repeat(
    name: str, predictions: Predictions, folds: Integers, multiply_adds: float, seconds_per_image: float
) -> Contestant:
    table = predictions.table
    labelled = table["label"].is_not_null() if "label" in table.columns else pl.Series([False] * table.height)
    kept = ((table["error"] == "") & labelled).to_numpy()
    judged = predictions.readable.labelled
    if not len(judged):
        raise LeadlineError(f"{name}: no readable image with a label, so there is nothing to compare")
    twice = judged.table.filter(pl.col("path").is_duplicated())
    if twice.height:
        raise LeadlineError(f"{name}: {twice['path'][0]} occurs more than once, so images cannot be paired")
    correct = (judged.table["predicted"] == judged.table["label"]).to_numpy()
    order = np.argsort(judged.classes)  # the same classes in another order are the same
    return Contestant(
        name=name,
        paths=tuple(judged.table["path"]),
        correct=correct[:, None],
        trainings=folds[kept][:, None],
        labels=np.argsort(order)[judged.label_indices],
        classes=tuple(judged.classes[k] for k in order),
        groups=judged.groups,
        multiply_adds=multiply_adds,
        seconds_per_image=seconds_per_image,
    )


def _column(fold: npt.NDArray[np.int64], repeat: int, name: str, rows: int) -> Integers:
    column = np.asarray(fold, dtype=np.int64)
    column = column if column.ndim == 1 else column[:, repeat]
    if len(column) != rows:
        raise LeadlineError(f"{name}: a fold for each of {rows} rows is expected, and there are {len(column)}")
    return column


def _shared(contestants: Sequence[Contestant]) -> tuple[str, ...]:
    first, *others = contestants
    if all(one.paths == first.paths for one in others):
        return first.paths
    known = set(first.paths).intersection(*(one.paths for one in others))
    if not known:
        raise LeadlineError(f"{first.name} and {others[0].name} have no image in common, so they cannot be compared")
    return tuple(path for path in first.paths if path in known)


def _refuse_others(first: Contestant, one: Contestant) -> None:
    """LeadlineError where two contestants were not asked the same, so that no difference means anything."""
    if one.classes != first.classes:
        raise LeadlineError(f"{one.name} has the classes {list(one.classes)}, {first.name} {list(first.classes)}")
    if (one.labels != first.labels).any():
        place = first.paths[int(np.argmax(one.labels != first.labels))]
        raise LeadlineError(f"{place} has another label for {one.name} than for {first.name}")
    alone = np.arange(len(first.paths))
    differing = _by_appearance(alone if first.groups is None else first.groups) != _by_appearance(
        alone if one.groups is None else one.groups
    )
    if differing.any():
        place = first.paths[int(differing.argmax())]
        raise LeadlineError(f"{place} has another group for {one.name} than for {first.name}")
    if (
        first.trainings.shape != one.trainings.shape
        or (_by_appearance(first.trainings.ravel()) != _by_appearance(one.trainings.ravel())).any()
    ):
        raise LeadlineError(
            f"{one.name} was trained in other folds or seeds than {first.name}: networks are compared on the same ones"
        )


def _by_appearance(codes: Integers) -> Integers:
    """The same division with numbers in the order in which they appear, so that two divisions can be compared."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])


def _from_zero(codes: Integers) -> Integers:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
