"""How many images of other kinds a classifier of cells calls unlike its training images, and how many of the same kind:

    leadline train cells1000.csv --group '(C\\d+\\w*?)_?[Tt]hin' --model resnet20_cifar --augment dihedral \\
        --minutes 2 --out run
    python benchmarks/unlike_images.py run cell_images/

500 cells (in grey) of patients whose cells the run has not seen, as they are and changed, and scikit-learn's digits.
"""

import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from sklearn.datasets import load_digits

from leadline.training.run_folder import Run
from leadline.verbs.predict import predict

COUNT = 500
PATIENT = re.compile(r"(C\d+\w*?)_?[Tt]hin")
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cells of other patients": lambda cell: cell,
    "the same, a third as bright": lambda cell: ImageEnhance.Brightness(cell).enhance(1 / 3),
    "the same, contrast halved about the mean": lambda cell: ImageEnhance.Contrast(cell).enhance(1 / 2),
    "the same, bright on dark (inverted)": ImageOps.invert,
    "the same, out of focus": lambda cell: cell.filter(ImageFilter.GaussianBlur(cell.width / 12)),
}


def patient(file: Path) -> str:
    found = PATIENT.search(file.name)
    return found[1] if found else file.name


def main(folder: str, images: str) -> None:
    run = Run(Path(folder))
    seen = {patient(Path(path)) for path in run.manifest.table["path"]}
    others = [file for file in sorted(Path(images).rglob("*.png")) if patient(file) not in seen]
    cells = random.Random(0).sample(others, min(COUNT, len(others)))
    with tempfile.TemporaryDirectory() as temporary:
        for name, change in CHANGES.items():
            kind = Path(temporary, name)
            kind.mkdir()
            for number, file in enumerate(cells):
                change(Image.open(file)).save(kind / f"{number}.png")
        digits = Path(temporary, "digits")
        digits.mkdir()
        for number, values in enumerate(load_digits().images[:COUNT]):
            Image.fromarray(np.round(values * 255 / 16).astype(np.uint8)).save(digits / f"{number}.png")
        classifier = run.classifier
        assert classifier.novelty, "it knows nothing of its training images"
        print(f"false alarms are to be {classifier.novelty.rate[0]:.1%} at most")
        for name in (*CHANGES, "digits"):
            found = predict(folder, Path(temporary, name), engine="torch")
            print(f"{name}: {len(found.unlike)} of {len(found)} unlike ({len(found.unlike) / len(found):.1%})")


if __name__ == "__main__":
    main(*sys.argv[1:])
