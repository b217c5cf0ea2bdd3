"""The pages in a real browser, where there is one."""

import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from leadline.report import write_comparison_report, write_run_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 400  # CSS pixels

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium")

# Each page in a frame as wide as a phone, and what the frame then says of itself.
AROUND = """<!DOCTYPE html><body>{frames}<script>
addEventListener("load", () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    const root = frame.contentDocument.documentElement;
    const shown = [...root.querySelectorAll("svg.wide, svg.narrow")].filter(svg => svg.getBoundingClientRect().width);
    frame.outerHTML = `<p>${{root.clientWidth}} wide, ${{root.scrollWidth - root.clientWidth}} over, ` +
      `${{[...new Set(shown.map(svg => svg.classList[1]))]}} figures</p>`;
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
    found = re.findall(r"<p>(\d+ wide, -?\d+ over, [a-z,]* figures)</p>", browsed.stdout)
    assert found == ["400 wide, 0 over, narrow figures"] + 2 * ["400 wide, 0 over,  figures"]
