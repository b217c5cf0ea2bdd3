"""A classifier that was never trained, and images of its kind: what is exported is judged by equality, not by skill."""

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leadline.classifier import Classifier
from leadline.data.preprocessing import Preprocessing
from leadline.exporters.subject import Subject
from leadline.exporters.verification import Samples
from leadline.page.assemble import Accuracy
from leadline.pretrained.create import create_model
from leadline.zoo.last_layer import last_layer

MakeSubject = Callable[..., Subject]


@pytest.fixture
def make_subject() -> MakeSubject:
    """A Subject of the architecture; its probabilities differ from image to image, so that an error shows."""

    def make(
        architecture: str = "lenet5",
        *,
        channels: int = 1,
        dtype: str = "uint8",
        classes: tuple[str, ...] = ("dark", "light", "</script><b>neither</b>"),
        **how: object,
    ) -> Subject:
        torch.manual_seed(0)
        top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
        middle = {"mean": (0.5,) * channels, "std": (0.25,) * channels}
        preprocessing = Preprocessing(channels, dtype, 32, **middle, **how)  # type: ignore[arg-type]
        network = create_model(architecture, num_classes=len(classes), in_channels=channels).eval()
        random = np.random.default_rng(1)
        shades = random.uniform(0, top, (9, 1, 1, channels)) + random.normal(0, top / 8, (9, 32, 32, channels))
        pixels = np.clip(shades, 0, top).astype(dtype)
        with torch.inference_mode():
            logits = network(preprocessing.normalise(torch.from_numpy(pixels)))
            network.get_submodule(last_layer(network)).bias -= logits.mean(dim=0)
        classifier = Classifier(
            network, architecture, classes, preprocessing, temperature=logits.std(dim=0).mean().item() / 2
        )
        samples = Samples.of(classifier, pixels)
        assert samples.probabilities.std(axis=0).max() > 0.05
        accuracy = Accuracy(0.9, 0.8, 0.95, 120, "test")
        return Subject(classifier, "first", samples, accuracy, card="# Card\n\n## Validation\n", image_side=32)

    return make


@pytest.fixture
def page_runtime() -> Path:
    """The folder of onnxruntime-web, where it has been fetched."""
    from leadline.page.runtime import FOLDER, MODULE

    if not (FOLDER / MODULE).is_file():
        pytest.skip("needs onnxruntime-web: make runtime")
    return FOLDER


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DONE = "body[data-waiting='0'] #answers li"


@pytest.fixture
def browse() -> Iterator[Callable[[Path], Any]]:
    """Opens a file in a browser that has no network."""
    playwright = pytest.importorskip("playwright.sync_api")
    if BROWSER is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        context = browser.new_context(offline=True, accept_downloads=True)

        def opened(page: Path) -> Any:
            tab = context.new_page()
            tab.complaints = []
            tab.on("console", lambda message: tab.complaints.append(message.text))
            tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
            tab.on("request", lambda request: tab.complaints.append(request.url) if request.url[:4] == "http" else None)
            tab.goto(page.as_uri())
            return tab

        yield opened
        browser.close()


def table_of(tab: Any, folder: Path) -> list[dict[str, str]]:
    with tab.expect_download() as download:
        tab.click("#download")
    download.value.save_as(folder / "answers.csv")
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
