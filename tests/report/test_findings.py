"""What a check found stands in the report with the images it is about, and so do labels that are contradicted."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from leadline.data.audit import Problem
from leadline.data.audit.problem import Severity
from leadline.report import write_comparison_report, write_run_report
from leadline.report.doubtful_labels import SHOWN, doubtful_labels
from leadline.report.findings import DESCRIBED, PICTURED, findings_of
from leadline.report.run_tables import read_network

from .conftest import write_check


def problem(kind: str, severity: Severity, *paths: str, message: str = "found") -> Problem:
    return Problem(kind, severity, paths, message, "do this")


@pytest.fixture
def checked(comparison: Path) -> Path:
    """The comparison with a check.json: a damaged file, twenty pairs of copies, and a hint without images."""
    root = Path(read_network(comparison / "lenet5").tables.data_root or "")
    paths = [file.relative_to(root).as_posix() for file in sorted(root.rglob("*.png"))]
    problems = [
        problem("unreadable_file", "error", "class-00/truncated.png", message="<i>class-00</i> is truncated"),
        *(problem("exact_duplicates", "warning", *paths[3 * k : 3 * k + 3]) for k in range(20)),
        problem("undeclared_groups", "hint", *paths[:2], message="names look like patients"),
    ]
    write_check(comparison, problems, images=701)
    return comparison


def test_problems_are_grouped_by_kind_and_their_images_shown(checked: Path) -> None:
    found = findings_of(checked, read_network(checked / "lenet5").tables)
    assert found is not None
    assert [(kind.severity, kind.total, len(kind.findings)) for kind in found.kinds] == [
        ("error", 1, 1), ("warning", 20, DESCRIBED), ("hint", 1, 1),
    ]  # fmt: skip
    assert found.counts == {"error": 1, "warning": 20, "hint": 1}
    shown = found.kinds[1].findings[0].pictures
    assert len(shown) == 3 <= PICTURED
    assert all(picture.uri.startswith("data:image/png") for _, picture in shown)


def test_the_comparisons_page_tells_them_and_obeys_no_name(checked: Path, read_page: Callable) -> None:
    page = read_page(write_comparison_report(checked))
    assert page.headings[page.headings.index("Labels to look at again") + 1] == "What was found in these images"
    for words in ("<i>class-00</i> is truncated", "error", "warning × 20", "and 14 more in check.json", "→ do this"):
        assert words in page.text
    assert all(image.get("alt") for image in page.root.iter("img"))


def test_a_run_without_a_check_or_with_a_damaged_one_has_a_report(checked: Path, read_page: Callable) -> None:
    assert "What was found in these images" not in read_page(write_run_report(checked / "lenet5")).headings
    (checked / "check.json").write_text('{"problems": 7}')
    assert "What was found in these images" not in read_page(write_comparison_report(checked)).headings


def test_nothing_found_is_said_too(checked: Path, read_page: Callable) -> None:
    write_check(checked, [], images=701)
    assert "Nothing: 701 images were looked at" in read_page(write_comparison_report(checked)).text


def test_doubtful_labels_are_those_of_held_out_images_the_most_contradicted_first(comparison: Path) -> None:
    network = read_network(comparison / "lenet5")
    doubts = doubtful_labels(network)
    assert doubts is not None
    table = pl.read_parquet(comparison / "lenet5" / "predictions.parquet").filter(error="")
    assert doubts.images == len(table)
    assert 0 < len(doubts.suspects) <= SHOWN
    # A label that is behind is not the answer; a margin is what it is behind by.
    answers = dict(table.select("path", "predicted").iter_rows())
    assert all(suspect.label != suspect.likely for suspect in doubts.suspects)
    behind = [suspect for suspect in doubts.suspects if suspect.p_label < suspect.p_likely]
    assert all(answers[suspect.path] != suspect.label for suspect in behind)
    assert all(suspect.thumbnail.uri for suspect in doubts.suspects)
