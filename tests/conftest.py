"""What several tests need: a cache of their own, and small image folders that a network can learn."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.progress import Progress

# The real image sets lie outside the repository; tests that need them skip without.
TEST_DATA = Path(os.environ.get("LEADLINE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))

MakeImages = Callable[..., Path]


class Notes(Progress):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the cache of the person who runs it."""
    os.environ["LEADLINE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def disc(seed: int, *, bright: bool, size: int = 32) -> np.ndarray:
    """A grey image with a disc on noise: bright on dark for one class, dark on bright for the other."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    centre = random.uniform(size * 0.3, size * 0.7, 2)
    inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < (size * 0.25) ** 2
    level = np.where(inside == bright, 190, 70)
    return np.clip(level + random.normal(0, 25, (size, size)), 0, 255).astype(np.uint8)


@pytest.fixture
def make_images(tmp_path: Path) -> MakeImages:
    """Writes `count` PNGs per class into class folders and returns the folder above them."""

    def make(
        name: str = "images", *, count: int = 12, size: int = 32, classes: tuple[str, ...] = ("dark", "light")
    ) -> Path:
        for position, label in enumerate(classes):
            home = tmp_path / name / label
            home.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                pixels = disc(1000 * position + number, bright=position % 2 == 1, size=size)
                Image.fromarray(pixels).save(home / f"{number:03d}.png")
        return tmp_path / name

    return make
