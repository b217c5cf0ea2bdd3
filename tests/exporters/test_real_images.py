"""From a training on real images to the page that is mailed: image by image the answers of `leadline predict`."""

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from leadline.training.run_folder import Run
from leadline.verbs.export import export
from leadline.verbs.predict import predict
from leadline.verbs.train import train

from ..conftest import TEST_DATA, Notes
from .conftest import DONE, table_of

pytestmark = pytest.mark.slow


def page_is_predict(run: Run, images: list[Path], browse: Callable[[Path], Any], folder: Path) -> None:
    exported = export(run.folder, to="html", progress=Notes())
    assert exported.verification.equal_answers == 1
    tab = browse(exported.path)
    tab.set_input_files("#files", images)
    tab.wait_for_selector(DONE, timeout=300_000)
    rows = table_of(tab, folder)
    known = predict(run.folder, images, engine="torch", precision="fp32")
    assert [row["path"] for row in rows] == [image.name for image in images]
    assert [row["predicted"] for row in rows] == known.table["predicted"].to_list()
    given = [[float(row[f"p:{name}"]) for name in known.classes] for row in rows]
    np.testing.assert_allclose(given, known.probabilities, atol=1e-4)
    assert tab.complaints == []


def test_digits(tmp_path: Path, browse: Callable[[Path], Any], page_runtime: Path) -> None:
    run = train("digits", model="lenet5", epochs=2, out=tmp_path / "run", progress=Notes())
    manifest = run.manifest
    test = manifest.with_table(manifest.table.filter(split="test"))
    page_is_predict(run, [file for files in test.files() for file in files], browse, tmp_path)


@pytest.mark.parametrize("kind", ["as they are", "16-bit TIFF"])
def test_malaria_cells(tmp_path: Path, browse: Callable[[Path], Any], page_runtime: Path, kind: str) -> None:
    archive = TEST_DATA / "malaria-cells.tar.gz"
    if not archive.is_file():
        pytest.skip(f"no {archive} (set LEADLINE_TEST_DATA)")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    root = tmp_path / "malaria" / "cell_images"
    images = [
        name for label in ("Parasitized", "Uninfected") for name in sorted((root / "train" / label).glob("*"))[::50]
    ]
    if kind == "16-bit TIFF":
        images = [as_sixteen_bits(image) for image in images]
    table = root / "some.csv"
    table.write_text("path,label\n" + "".join(f"{name.relative_to(root)},{name.parent.name}\n" for name in images))
    run = train(table, model="resnet20_cifar", size=32, epochs=1, out=tmp_path / "run", progress=Notes())
    page_is_predict(run, images[::2], browse, tmp_path)


def as_sixteen_bits(image: Path) -> Path:
    """The image as a TIFF with values between those that 8 bits have."""
    pixels = np.asarray(Image.open(image)).astype(np.uint16) * 257 + 31
    file = image.with_suffix(".tif")
    tifffile.imwrite(file, pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack", compression="deflate")
    image.unlink()
    return file
