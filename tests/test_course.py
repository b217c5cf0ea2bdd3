"""The course: each notebook runs to its end, and lecturers have a line for the picture of every claim."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.claims.ledger import CLAIMS

COURSE = Path(__file__).parents[1] / "course"
NOTEBOOKS = sorted(COURSE.glob("[0-9]*.py"))


def test_every_claim_of_the_lecture_has_its_picture_in_the_lecturers_page() -> None:
    page = (COURSE / "README.md").read_text("utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == list(CLAIMS)


def test_every_notebook_is_in_the_table_and_ends_with_questions() -> None:
    page = (COURSE / "README.md").read_text("utf-8")
    assert [file.name for file in NOTEBOOKS] == re.findall(r"\((\d\d_\w+\.py)\)", page)
    for file in NOTEBOOKS:
        assert re.split(r"^# %%", file.read_text("utf-8"), flags=re.MULTILINE)[-1].count("## Questions") == 1, file.name


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(notebook: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(notebook)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^“.*”\n  (holds|does not hold|undecided)", done.stdout, re.MULTILINE)  # a claim was judged
