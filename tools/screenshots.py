"""The README's pictures: a classifier of digits, its report and its page, in headless Chromium.

make screenshots        # or python tools/screenshots.py, with leadline[dev] installed and Chromium there
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import leadline

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
IMAGES = 12
WIDTH, HEIGHT = 1000, 1180


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = leadline.train("digits", model="lenet5", epochs=12, out=Path(folder) / "digits")
        exported = leadline.export(run.folder, to="html", min_confidence=0.8)
        test = run.manifest.with_table(run.manifest.table.filter(split="test").sort("sha256").head(IMAGES))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((run.folder / "report.html").as_uri())
        picture(page, "report")
        page.goto(exported.path.as_uri())
        page.set_input_files("#files", [file for files in test.files() for file in files])
        page.wait_for_selector("body[data-waiting='0'] #answers li")
        picture(page, "page")
        page.set_viewport_size({"width": 380, "height": HEIGHT})
        page.emulate_media(color_scheme="dark")
        page.locator("#results").scroll_into_view_if_needed()
        picture(page, "page-phone")
        browser.close()


def picture(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
