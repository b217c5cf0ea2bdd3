"""Built-in data sets, written out once as ordinary image folders, so that everything after sees nothing special."""

import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from leadline.data.cache_folder import CACHE_WAY_OUT, cache_folder, made_in_cache
from leadline.errors import LeadlineError
from leadline.writing import written

# An image, the name of its class, and its split ("" where the data set has none).
Sample = tuple[Image.Image, str, str]

FASHION_CLASSES = (
    "t-shirt-top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot",
)  # fmt: skip
# Where Debian's package dataset-fashion-mnist puts the four files.
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")


def _digits() -> Iterable[Sample]:
    """1,797 scanned 8×8 digits, grey levels 0 to 16 (Alpaydin and Kaynak 1998), from scikit-learn's wheel."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for pixels, digit in zip(digits.images, digits.target, strict=True):
        yield Image.fromarray(np.round(pixels * 255 / 16).astype(np.uint8)), str(digit), ""


def _fashion_mnist() -> Iterable[Sample]:
    """70,000 grey 28×28 photographs of clothes in ten classes (Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747)."""
    from torchvision.datasets import FashionMNIST

    if DEBIAN_FASHION.is_dir():
        raw = made_in_cache("downloads", "FashionMNIST", "raw")
        for file in DEBIAN_FASHION.glob("*.gz"):
            with gzip.open(file) as packed, (raw / file.stem).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
    return _from_torchvision("fashion-mnist", FashionMNIST, FASHION_CLASSES)


def _cifar10() -> Iterable[Sample]:
    """60,000 colour 32×32 photographs in ten classes (Krizhevsky 2009)."""
    from torchvision.datasets import CIFAR10

    return _from_torchvision("cifar10", CIFAR10)


def _from_torchvision(
    name: str, reader: Callable[..., Any], classes: tuple[str, ...] | None = None
) -> Iterable[Sample]:
    root = made_in_cache("downloads")
    for split, train in (("train", True), ("test", False)):
        try:
            data = reader(root, train=train, download=True)
        except (OSError, RuntimeError) as error:
            raise LeadlineError(
                f"{name}: could not be downloaded ({' '.join(str(error).split())}); "
                f"without a network, put its files under {root}"
                + (" or install Debian's package dataset-fashion-mnist" if name == "fashion-mnist" else "")
            ) from error
        for image, label in data:
            yield image, (classes or data.classes)[label], split


READERS: dict[str, Callable[[], Iterable[Sample]]] = {
    "digits": _digits,
    "fashion-mnist": _fashion_mnist,
    "cifar10": _cifar10,
}
NAMES = tuple(READERS)

# How images of these sets may be moved without changing their class (data.augment); a 6 is not a 9.
AUGMENT = {"digits": "shift", "fashion-mnist": "flip", "cifar10": "flip"}


def materialise(name: str) -> Path:
    """The folder of class folders that holds the built-in data set `name`, written on the first call."""
    folder = cache_folder() / "data" / name
    if folder.is_dir():
        return folder
    above = made_in_cache("data")
    with written(folder, way_out=CACHE_WAY_OUT):
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=above))  # its own: two may begin at once
        try:
            for number, (image, label, split) in enumerate(READERS[name]()):
                home = unfinished / split / label
                home.mkdir(parents=True, exist_ok=True)
                image.save(home / f"{number:05d}.png", compress_level=1)
            with suppress(OSError):  # another process was faster
                unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder
