"""Tables of predictions whose numbers are known, or made up from a seed."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from leadline.evaluation.contestant import Contestant
from leadline.evaluation.predictions import Predictions


@pytest.fixture
def made_up() -> Callable[..., Predictions]:
    """A network's answers to random images: (images, classes, seed) and, where asked for, groups or tied scores."""

    def make(
        images: int = 300,
        classes: int = 4,
        *,
        seed: int = 0,
        signal: float = 1.5,
        groups: int = 0,
        decimals: int | None = None,
    ) -> Predictions:
        generator = np.random.default_rng(seed)
        labels = generator.choice(classes, size=images, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
        logits = generator.normal(size=(images, classes))
        logits[np.arange(images), labels] += signal
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        if decimals is not None:
            probabilities = probabilities.round(decimals)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        names = [f"class {k}" for k in range(classes)]
        return Predictions.from_arrays(
            paths=[f"image {k}.png" for k in range(images)],
            probabilities=probabilities,
            classes=names,
            labels=[names[k] for k in labels],
            groups=[f"patient {generator.integers(groups)}" for _ in range(images)] if groups else None,
        )

    return make


@pytest.fixture
def answers() -> Callable[..., Predictions]:
    """A network of two classes that is right on the images where `right` holds, all of them of the first class."""

    def make(right: Sequence[bool], *, groups: Sequence[str] | None = None) -> Predictions:
        correct = np.asarray(right, dtype=bool)
        return Predictions.from_arrays(
            paths=[f"{k}.png" for k in range(len(correct))],
            probabilities=np.where(correct[:, None], [0.9, 0.1], [0.2, 0.8]).reshape(len(correct), 2),
            classes=["cell", "debris"],
            labels=["cell"] * len(correct),
            groups=groups,
        )

    return make


@pytest.fixture
def contestant() -> Callable[..., Contestant]:
    """A network of which only the right answers (images,) or (images, repeats) matter."""

    def make(
        name: str,
        right: npt.ArrayLike,
        *,
        trainings: npt.ArrayLike | None = None,
        labels: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        seconds: float = 1.0,
    ) -> Contestant:
        correct = np.asarray(right, dtype=bool)
        correct = correct[:, None] if correct.ndim == 1 else correct
        of = np.zeros(correct.shape) if trainings is None else np.asarray(trainings).reshape(len(correct), -1)
        return Contestant(
            name=name,
            paths=tuple(map(str, range(len(correct)))),
            correct=correct,
            trainings=of.astype(np.int64),
            labels=np.arange(len(correct)) % 2 if labels is None else np.asarray(labels),
            classes=("a", "b"),
            groups=None if groups is None else np.asarray(groups),
            multiply_adds=seconds * 1e6,
            seconds_per_image=seconds,
        )

    return make
