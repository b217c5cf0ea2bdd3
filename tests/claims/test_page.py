"""The page of all claims: complete, offline, readable on a phone and without seeing it."""

import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from leadline.claims.claim import Finding
from leadline.claims.ledger import CHAPTERS, CLAIMS
from leadline.claims.page import write_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The page in frames as wide as a phone and as a screen, and what each then says of itself.
AROUND = """<!DOCTYPE html><body>{frames}<script>
addEventListener("load", () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    const root = frame.contentDocument.documentElement;
    const shown = [...root.querySelectorAll("svg.figure")].filter(svg => svg.getBoundingClientRect().width);
    frame.outerHTML = `<p>${{root.clientWidth}} wide, ${{root.scrollWidth - root.clientWidth}} over, ` +
      `${{shown.length}} ${{[...new Set(shown.map(svg => svg.classList[1]))]}} figures</p>`;
  }}
}});
</script></body>"""


@pytest.fixture(scope="module")
def page(findings: dict[str, Finding], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(list(findings.values()), tmp_path_factory.mktemp("lab") / "lab.html")


@pytest.fixture(scope="module")
def root(page: Path) -> ElementTree.Element:
    """ElementTree refuses what is not well formed."""
    return ElementTree.fromstring(page.read_text("utf-8"))


def text_of(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).replace("\u2060", "").replace("\u00a0", " ").split())


def test_all_claims_stand_in_the_order_of_the_lecture(root: ElementTree.Element) -> None:
    assert [article.get("id") for article in root.iter("article")] == list(CLAIMS)
    assert [section.find("header/h2").text for section in root.iter("section")] == [one.title for one in CHAPTERS]  # type: ignore[union-attr]


def test_each_claim_shows_its_statement_verdict_numbers_and_source(
    root: ElementTree.Element, findings: dict[str, Finding]
) -> None:
    for article in root.iter("article"):
        finding = findings[article.get("id", "")]
        text = text_of(article)
        for part in (finding.claim.statement, finding.claim.source, finding.verdict or "not run"):
            assert " ".join(part.split()) in text, finding.claim.id
        if finding.measurement:
            assert text_of(ElementTree.fromstring(f"<p>{escape(finding.measurement.explanation)}</p>")) in text
            assert len(list(article.iter("tr"))) == 1 + len(finding.measurement.numbers)
            assert len(list(article.iter("svg"))) == 2


def test_figures_speak_and_take_their_colours_from_the_page(root: ElementTree.Element) -> None:
    figures = list(root.iter("svg"))
    assert figures
    for figure in figures:
        assert figure.get("role") == "img"
        assert len(figure.get("aria-label", "")) > 40
        styles = " ".join(element.get("style", "") for element in figure.iter())
        assert re.findall(r"#[0-9a-f]{3,6}\b", styles) == [], "a colour that no theme can change"


def test_the_page_loads_nothing_and_all_its_links_lead_somewhere_on_it(page: Path, root: ElementTree.Element) -> None:
    source = page.read_text("utf-8")
    assert not {"script", "link", "img", "iframe"} & {element.tag for element in root.iter()}
    assert "://" not in source
    assert "default-src 'none'" in source
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names))
    linked = set(re.findall(r'href="([^"]+)"', source)) | {
        f"#{name}" for name in re.findall(r"url\(#([^)]+)\)", source)
    }
    assert linked <= {f"#{name}" for name in names}
    assert page.stat().st_size < 3_000_000


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_a_browser_shows_it_without_complaint_as_wide_as_its_window(page: Path, tmp_path: Path) -> None:
    assert BROWSER is not None
    document = escape(page.read_text("utf-8"))
    frames = [f'<iframe width="{width}" height="900" srcdoc="{document}"></iframe>' for width in (400, 1200)]
    around = tmp_path / "around.html"
    around.write_text(AROUND.format(frames="".join(frames)), "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", around.as_uri(),
    ]  # fmt: skip
    browsed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in browsed.stderr
    computed = sum(claim.measure is not None for claim in CLAIMS.values())
    assert re.findall(r"<p>(\d+ wide, -?\d+ over, \d+ [a-z]* figures)</p>", browsed.stdout) == [
        f"400 wide, 0 over, {computed} narrow figures",
        f"1200 wide, 0 over, {computed} wide figures",
    ]
