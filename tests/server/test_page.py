"""The server's page in a real browser: drop, answer, map, error, keyboard, narrow screen, light and dark."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from .test_app import images_of

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DONE = "body[data-waiting='0'] #answers li"
DROP = """
([files]) => {
  const dropped = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    dropped.items.add(new File([bytes], name));
  }
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if BROWSER is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_images_that_are_dropped_are_answered_with_their_maps(
    browser: Any, address: str, served_run: Path, tmp_path: Path
) -> None:
    tab = browser.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(address) else None)
    tab.goto(address)
    images = images_of(served_run)[::8]
    tifffile.imwrite(tmp_path / "grey.tif", np.full((32, 32), 70, np.uint8))
    dropped = [(file.name, base64.b64encode(file.read_bytes()).decode()) for file in [*images, tmp_path / "grey.tif"]]
    tab.evaluate(DROP, [dropped])
    tab.wait_for_selector(DONE, timeout=60_000)
    assert tab.locator("#answers li.answered canvas").count() == len(images) + 1  # a TIFF is shown, too
    assert complaints == []
    assert f"{len(images) + 1} images" in tab.inner_text("#summary")
    assert "<i>first</i>" in tab.inner_text("h1")

    pictures = "[...document.querySelectorAll('#answers canvas')].map(canvas => canvas.toDataURL()).join()"
    with_maps = tab.evaluate(pictures)
    tab.keyboard.press("m")
    assert tab.evaluate(pictures) != with_maps

    tab.evaluate(DROP, [[("<img src=x onerror=alert(1)>.png", base64.b64encode(b"no image").decode())]])
    tab.wait_for_selector("#answers li.failed")
    assert "<img src=x" in tab.inner_text("#answers li.failed")
    assert "is none of PNG" in tab.inner_text("#answers li.failed")
    assert tab.locator("#answers img").count() == 0
    tab.close()


def test_it_is_used_by_keyboard_alone_and_on_a_phone_in_light_and_dark(
    browser: Any, address: str, served_run: Path
) -> None:
    tab = browser.new_page(viewport={"width": 360, "height": 740})
    choosers: list[Any] = []
    # From the beginning: else the browser may open one before it is told to report it.
    tab.on("filechooser", lambda chooser: choosers.append(chooser))
    tab.goto(address)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "choose"
    tab.keyboard.press("Enter")
    for _ in range(100):
        if choosers:
            break
        tab.wait_for_timeout(100)
    choosers[0].set_files(images_of(served_run)[:2])
    tab.wait_for_selector(DONE, timeout=60_000)
    reached = set()
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id"))
    assert {"threshold", "map", "download", "clear"} <= reached
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    papers = []
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        papers.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(254, 254, 252)", "rgb(20, 24, 27)"]
