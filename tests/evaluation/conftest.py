"""Tables of predictions whose numbers are known, or made up from a seed."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

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
