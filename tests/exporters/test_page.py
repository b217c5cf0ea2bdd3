"""The exported page in a real browser, without a network: image by image the answers of `predict`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from leadline.data.channel_files import Files
from leadline.data.loader import files
from leadline.evaluation.novelty import Novelty
from leadline.exporters.formats import write
from leadline.exporters.subject import Subject
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware

from .conftest import DONE, MakeSubject, table_of

pytest.importorskip("onnxruntime")


def single_precision(subject: Subject, images: list[Path]) -> np.ndarray:
    """What predict answers, where it computes in the precision of the page."""
    engine = Engine.of(subject.classifier, hardware(device="cpu", precision="fp32"))
    given: list[Files | Path] = [(image,) for image in images]
    probabilities, errors = engine.predict(files(given, subject.classifier.preprocessing, batch_size=64))
    assert not any(errors)
    return probabilities


def equal_answers(tab: Any, subject: Subject, images: list[Path], folder: Path) -> list[dict[str, str]]:
    tab.set_input_files("#files", images)
    tab.wait_for_selector(DONE, timeout=240_000)
    rows = table_of(tab, folder)
    assert [row["path"] for row in rows] == [image.name for image in images]
    given = [[float(row[f"p:{name}"]) for name in subject.classifier.classes] for row in rows]
    np.testing.assert_allclose(given, single_precision(subject, images), atol=1e-4)
    return rows


def sixteen_bits(folder: Path, *, count: int) -> list[Path]:
    """TIFF and PNG of various shapes, which no browser reads as they are."""
    random = np.random.default_rng(3)
    images = []
    for number in range(count):
        height, width = random.integers(20, 90, 2)
        shade = random.integers(2000, 60000)
        pixels = np.clip(random.normal(shade, 4000, (height, width)), 0, 65535).astype(np.uint16)
        images.append(folder / f"{number}.{'png' if number % 2 else 'tif'}")
        if number % 2:
            images[-1].write_bytes(imagecodecs.png_encode(pixels))
        else:
            tifffile.imwrite(images[-1], pixels, compression="lzw" if number % 4 else None, predictor=number % 4 > 0)
    return images


def test_the_page_answers_as_predict_does_and_asks_nothing_of_a_network(
    make_subject: MakeSubject, tmp_path: Path, browse: Callable[[Path], Any], page_runtime: Path
) -> None:
    subject = make_subject(dtype="uint16")
    write("html", subject, tmp_path / "first.html")
    tab = browse(tmp_path / "first.html")
    images = sixteen_bits(tmp_path, count=8)
    rows = equal_answers(tab, subject, images, tmp_path)
    assert tab.complaints == []

    # Names are text, and what cannot be read is said beside its name.
    hostile = tmp_path / "<img src=x onerror=alert(1)>.tif"
    hostile.write_text("no image")
    tab.set_input_files("#files", [hostile])
    tab.wait_for_selector("#answers li.failed")
    assert "<img src=x" in tab.inner_text("#answers li.failed")
    assert tab.locator("#answers li.failed img").count() == 0
    assert "</script><b>neither</b>" in tab.inner_text(".reason")
    assert tab.locator("header b").count() == 0

    # A threshold leaves answers open, and the table says so; the map is drawn or not.
    middle = sorted(float(row["probability"]) for row in rows)[4]
    tab.fill("#threshold", f"{100 * middle:.9f}")
    below = [row for row in table_of(tab, tmp_path)[:8] if float(row["probability"]) < middle]
    assert below
    assert {row["predicted"] for row in below} == {"uncertain"}
    picture = "[...document.querySelectorAll('#answers canvas')].map(canvas => canvas.toDataURL()).join()"
    drawn = tab.evaluate(picture)
    tab.locator("#drop").click()
    tab.keyboard.press("m")
    assert tab.evaluate(picture) != drawn
    tab.keyboard.press("m")
    assert tab.evaluate(picture) == drawn

    # The first thing that the keyboard reaches chooses images; a phone shows all of it.
    tab.click("#clear")
    assert tab.evaluate("document.activeElement.id") == "choose"
    tab.set_viewport_size({"width": 360, "height": 700})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_page_says_of_each_image_what_predict_says_of_it(
    make_subject: MakeSubject, tmp_path: Path, browse: Callable[[Path], Any], page_runtime: Path
) -> None:
    subject = make_subject(channels=3)
    how = subject.classifier.preprocessing
    random = np.random.default_rng(8)
    images = []
    for number in range(50):
        top = np.array([230, 150, 90] if number < 44 else [90, 60, 200] if number % 2 else [40, 26, 16])
        images.append(tmp_path / f"{number:02d}.png")
        Image.fromarray(random.integers(0, top, (32, 32, 3), dtype=np.uint8)).save(images[-1])
    given: list[Files | Path] = [(image,) for image in images]
    engine = Engine.of(subject.classifier, hardware(device="cpu", precision="fp32"))
    features, statistics = engine.features(files(given, how, batch_size=64))
    labels = np.arange(22) % 2
    novelty = Novelty.fitted(
        features[:22], labels, statistics[:22], new_features=features[22:44], new_statistics=statistics[22:44]
    )
    subject = replace(subject, classifier=replace(subject.classifier, novelty=novelty))
    known = replace(engine, novelty=novelty).answers(files(given, how, batch_size=64))
    write("html", subject, tmp_path / "first.html")
    rows = equal_answers(browse(tmp_path / "first.html"), subject, images, tmp_path)
    np.testing.assert_allclose([float(row["novelty"]) for row in rows], known.novelty, rtol=1e-3)
    clear = np.flatnonzero(np.abs(known.novelty - 1) > 1e-3)  # one image is exactly at the limit
    assert [rows[row]["unlike"] for row in clear] == [known.unlike[row] for row in clear]
    assert all("than any training image" in reason for reason in known.unlike[44:])


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["resnet20_cifar", "vgg_small"])
def test_colour_photographs_of_every_size(
    make_subject: MakeSubject, tmp_path: Path, browse: Callable[[Path], Any], page_runtime: Path, architecture: str
) -> None:
    subject = make_subject(architecture, channels=3)
    write("html", subject, tmp_path / "first.html")
    random = np.random.default_rng(4)
    images = []
    for number in range(30):
        height, width = random.integers(24, 400, 2)
        coarse = Image.fromarray(random.integers(0, 256, (6, 5, 3)).astype(np.uint8)).resize((width, height))
        images.append(tmp_path / f"{number}.{'jpg' if number % 3 else 'png'}")
        coarse.save(images[-1])
    equal_answers(browse(tmp_path / "first.html"), subject, images, tmp_path)
