"""The documentation site builds without a warning: no link leads nowhere, and the reference finds every name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import leadline
from leadline.cli import VERBS
from leadline.training.settings import SETTINGS

pytest.importorskip("furo")
DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", str(DOCS), str(built)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return built


def text_of(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", page.read_text("utf-8"))


def test_every_document_is_reached_from_the_front_page(site: Path) -> None:
    front = (site / "index.html").read_text("utf-8")
    pages = [file.relative_to(DOCS).with_suffix(".html").as_posix() for file in DOCS.rglob("*.md")]
    assert len(pages) > 20
    assert [page for page in pages if f'href="{page}"' not in front and page != "index.html"] == []


def test_every_option_of_every_verb_is_in_the_reference(site: Path) -> None:
    page = text_of(site / "reference" / "command-line.html")
    assert [verb for verb in VERBS if f"leadline {verb} " not in page] == []
    options = [f"--{name.replace('_', '-')}" for name, (_, setting) in SETTINGS.items() if setting.option]
    assert [option for option in options if option not in page] == []


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "python.html").read_text("utf-8")
    names = [name for name in leadline.__all__ if name != "__version__"]
    assert [name for name in names if f'id="leadline.{name}"' not in page] == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loading = re.compile(r"""<(?:script|img|iframe|link rel="stylesheet")[^>]*(?:src|href)="(?:https?:)?//[^"]+""")
    assert [page.name for page in site.rglob("*.html") if loading.search(page.read_text("utf-8"))] == []
