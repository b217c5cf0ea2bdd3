"""The pages in a real browser, where there is one."""

import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from leadline.drawing.figure import FONT_SIZE
from leadline.report import write_comparison_report, write_run_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 400  # CSS pixels

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium")

# Each page in a frame as wide as a phone, and what the frame then says of itself.
AROUND = """<!DOCTYPE html><body>{frames}<script>
addEventListener("load", () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    const root = frame.contentDocument.documentElement;
    const scales = [...root.querySelectorAll("svg.figure")].map(
      svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width);
    frame.outerHTML = `<p>${{root.clientWidth}} wide, ${{root.scrollWidth - root.clientWidth}} over, ` +
      `${{scales.length}} figures, the smallest at ${{Math.min(...scales).toFixed(2)}}</p>`;
  }}
}});
</script></body>"""


@pytest.fixture
def pages(comparison: Path, of_many_classes: Path, tmp_path: Path) -> list[Path]:
    many = shutil.copytree(of_many_classes, tmp_path / "many")
    return [
        write_comparison_report(comparison),
        write_comparison_report(many),
        write_run_report(comparison / "resnet20_cifar"),
    ]


def test_no_page_is_wider_than_a_phone_or_complains(pages: list[Path], tmp_path: Path) -> None:
    assert BROWSER is not None
    frames = [
        f'<iframe width="{PHONE}" height="900" srcdoc="{escape(page.read_text("utf-8"))}"></iframe>' for page in pages
    ]
    around = tmp_path / "around.html"
    around.write_text(AROUND.format(frames="".join(frames)), "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", around.as_uri(),
    ]  # fmt: skip
    browsed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in browsed.stderr
    found = re.findall(r"<p>(\d+) wide, (-?\d+) over, (\d+) figures, the smallest at ([\d.]+)</p>", browsed.stdout)
    assert [(width, over) for width, over, _, _ in found] == 3 * [("400", "0")]
    assert all(int(figures) >= 3 for _, _, figures, _ in found)
    assert all(float(scale) * FONT_SIZE > 9 for _, _, _, scale in found), "text of figures can be read on a phone"
