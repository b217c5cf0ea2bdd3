"""`leadline lab` as people and programs get it: a claim, a chapter, a figure, a page; beside a room of its name."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from leadline.cli import app
from leadline.errors import LeadlineError, UsageError
from leadline.verbs.lab import lab, row

CONTRACT = ["id", "chapter", "kind", "statement", "measured", "verdict", "source"]


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    app(["lab", *arguments])
    return capsys.readouterr().out


def test_programs_get_exactly_what_the_contract_says(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "--chapter", "densenet", "--json"))
    assert [list(one) for one in rows] == [CONTRACT] * 4
    growth, parameters = rows[1], rows[2]
    assert (growth["id"], growth["chapter"], growth["kind"], growth["verdict"]) == (
        "growth",
        "densenet",
        "exact",
        "holds",
    )
    assert growth["measured"]["channels after block 1"] == {"value": 256, "formula": 256, "stated": None, "unit": ""}
    assert parameters["verdict"] is None
    assert parameters["measured"]["top-1 error of densenet121"]["value"] == 25.02


def test_a_claim_that_is_not_run_has_nothing_measured_and_no_verdict() -> None:
    (finding,) = lab("relu")
    assert row(finding) == {**row(finding), "kind": "trained", "measured": {}, "verdict": None}


def test_people_get_a_claim_explained(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "stacked-3x3")
    assert "“Two stacked 3×3 filters see what one 5×5 filter sees" in shown
    assert "✓ holds" in shown
    assert ["side", "seen", "by", "three", "3×3,", "pixels", "7", "7", "7"] in [
        line.split() for line in shown.splitlines()
    ]
    assert "source: Simonyan and Zisserman" in shown


def test_brackets_in_a_claim_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "concatenation")
    assert "x → [x, f1(x), f2([x, f1(x)]), …]" in shown
    assert "outputs that differ from [x, f1, f2, …]" in shown


def test_people_get_a_chapter_as_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in printed(capsys, "--chapter", "story").splitlines()]
    assert lines[0] == "The whole story"
    assert any(line.startswith("≈ going-deeper holds with a correction") for line in lines)
    assert any(line.startswith("✓ depth-regions holds 1,024 pieces") for line in lines)
    assert lines[-1] == "2 claims: holds 1 · holds with a correction 1"


def test_a_figure_is_written_with_its_words_in_it(tmp_path: Path) -> None:
    lab("stride", figure=tmp_path / "stride.svg")
    lab("stride", figure=str(tmp_path / "stride.png"))
    svg = ElementTree.parse(tmp_path / "stride.svg").getroot()
    assert svg.tag.endswith("svg")
    assert "the map of stride 1 is 5×5" in ElementTree.tostring(svg, encoding="unicode")
    with Image.open(tmp_path / "stride.png") as image:
        assert image.width > 600
        assert "the map of stride 1 is 5×5" in image.text["Description"]  # type: ignore[attr-defined]


def test_a_page_of_one_chapter_is_written(tmp_path: Path) -> None:
    findings = lab(chapter="story", report=tmp_path / "story.html")
    page = (tmp_path / "story.html").read_text("utf-8")
    assert [finding.claim.id for finding in findings] == ["going-deeper", "depth-regions"]
    assert "2 claims measured: 1 holds as stated, 1 does not" in page


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"claim": "stacked"}, UsageError, "did you mean stacked-3x3"),
        ({"claim": "resnet"}, UsageError, "--chapter resnet"),
        ({"chapter": "resnets"}, UsageError, "did you mean resnet"),
        ({"claim": "stride", "chapter": "vgg"}, UsageError, "not both"),
        ({"figure": "all.svg"}, UsageError, "a figure is of one claim"),
        ({"claim": "stride", "figure": "stride.pdf"}, UsageError, r"stride.pdf: is written as .svg or .png"),
        ({"report": "lab.pdf"}, UsageError, r"lab.pdf: is written as .html"),
        ({"claim": "stride", "figure": "absent/stride.svg"}, LeadlineError, "absent is no folder"),
        ({"report": "absent/lab.html"}, LeadlineError, "absent is no folder"),
        ({"claim": "relu", "figure": "relu.svg"}, LeadlineError, "needs trainings"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_measured(
    options: dict[str, str], error: type[LeadlineError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message) as refused:
        lab(**options)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
