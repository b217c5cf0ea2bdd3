"""A set of images in which nothing is wrong, to plant problems in."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.data.audit import Audit, Problem
from leadline.verbs.check import check

COUNT = 32


def texture(seed: int, *, size: int = 40, channels: int = 3) -> np.ndarray:
    """(size, size, channels) uint8: soft spots of its own, at most a few of them at the ends of the range."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    image = np.zeros((size, size, channels))
    for _ in range(12):
        centre, width = random.uniform(0, size, 2), random.uniform(2, 8)
        spot = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * width**2))
        image += spot[:, :, None] * random.uniform(-60, 60, channels)
    return np.clip(128 + image + random.normal(0, 2, image.shape), 1, 254).astype(np.uint8)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """COUNT colour PNGs in each of two class folders."""
    for position, label in enumerate(("round", "square")):
        home = tmp_path / "cells" / label
        home.mkdir(parents=True)
        for number in range(COUNT):
            Image.fromarray(texture(100 * position + number)).save(home / f"{number:03d}.png")
    return tmp_path / "cells"


Kinds = Callable[..., dict[str, list[Problem]]]


def by_kind(found: Audit) -> dict[str, list[Problem]]:
    return {kind: [one for one in found.problems if one.kind == kind] for kind in found.summary.kinds}


@pytest.fixture
def kinds_in() -> Kinds:
    """The problems of a data source by their kind."""

    def kinds(data: Path | str, **asked: str) -> dict[str, list[Problem]]:
        return by_kind(check(data, **asked))

    return kinds
