"""`leadline lab` as people and programs get it: a claim, a chapter, a figure, a page; beside a room of its name."""

import json
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from PIL import Image

from leadline.claims import identity, known
from leadline.claims.experiment import EXPERIMENTS, Network, Setting
from leadline.claims.known import made_words
from leadline.claims.page import write_page
from leadline.cli import app
from leadline.errors import LeadlineError, UsageError
from leadline.results.lab_result import Ledger
from leadline.verbs.lab import lab, row

verb = import_module("leadline.verbs.lab")

CONTRACT = ["id", "chapter", "kind", "statement", "measured", "verdict", "source", "measured_at"]
CONTRACT += ["machine", "revision", "command"]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither trained here nor before."""
    monkeypatch.setattr(known, "shipped", lambda: Ledger(results=()))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The experiment on degradation, as small as can be; no claim is as slow to train as its minutes say."""
    experiment = EXPERIMENTS["degradation"]
    size = Setting(data="digits", images=60, tests=40, size=8, epochs=1, seeds=2, minutes=2)
    networks = {"plain-20": Network(model="plain20_cifar+8-layers"), "plain-56": Network(model="plain20_cifar")}
    small = msgspec.structs.replace(experiment, small=size, networks=networks)
    monkeypatch.setitem(EXPERIMENTS, "degradation", small)
    monkeypatch.setattr(verb, "pace", lambda: 1.0)


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
    assert row(finding) == {
        **row(finding), "kind": "trained", "measured": {}, "verdict": None, "measured_at": None, "machine": None,
    }  # fmt: skip


def test_what_is_trained_is_judged_kept_and_shown_with_where_and_when(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "lab"
    (finding,) = lab("degradation", run=True, out=out)
    assert finding.verdict in ("holds", "does not hold", "undecided")
    assert not finding.before
    assert finding.made is not None
    assert {"low", "high"} <= finding.measured["training error of plain-56 above that of plain-20"].keys()
    shown = printed(capsys, "degradation", "--out", str(out), "--figure", str(tmp_path / "curves.svg"))
    assert f"measured: {made_words(finding.made)}" in " ".join(shown.split())
    assert "plain-56" in (tmp_path / "curves.svg").read_text("utf-8")
    (again,) = json.loads(printed(capsys, "degradation", "--out", str(out), "--json"))
    assert again["measured_at"] == finding.made.time
    assert again["machine"] == finding.made.machine
    assert lab("degradation", out=tmp_path / "empty")[0].verdict is None


def test_a_result_that_comes_along_is_marked_so_and_gives_way_to_ones_own(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab("degradation", run=True, out=tmp_path / "lab")
    result, before = known.known("degradation", tmp_path / "lab")
    assert result is not None
    assert not before
    brought = msgspec.structs.replace(result, made=msgspec.structs.replace(result.made, machine="an older machine"))
    monkeypatch.setattr(known, "shipped", lambda: Ledger(results=(brought,)))
    (finding,) = lab("degradation", out=tmp_path / "none")
    assert finding.before
    page = write_page([finding], tmp_path / "lab.html").read_text("utf-8")
    assert "Measured before" in page
    assert "an older machine" in page
    (own,) = lab("degradation", out=tmp_path / "lab")
    assert not own.before


def test_minutes_leave_out_what_does_not_fit_and_a_dry_run_trains_nothing(
    toy: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "STEPS", 20)
    findings = lab(chapter="resnet", minutes=1.9, run=True, out=tmp_path / "lab")
    trained = [finding.claim.id for finding in findings if finding.trained]
    assert trained == ["identity-is-hard"], "which takes half a minute; degradation takes two, and comes first"
    shown = printed(capsys, "--all", "--minutes", "2.1", "--dry-run", "--out", str(tmp_path / "other"))
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "left out" not in lines["degradation"]
    assert "left out" in lines["cardinality"]
    assert not (tmp_path / "other").exists()


def test_a_claim_is_tested_on_ones_own_images(toy: None, tmp_path: Path) -> None:
    from leadline.data.sources.builtin import materialise

    data = str(materialise("digits"))
    (finding,) = lab("degradation", run=True, data=data, out=tmp_path)
    assert finding.trained is not None
    assert data in finding.trained.explanation
    assert lab("degradation", out=tmp_path)[0].trained is None, "which was asked of other images"
    assert lab("degradation", data=data, out=tmp_path)[0].trained is not None


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
        ({"claim": "relu", "figure": "relu.svg"}, LeadlineError, "leadline lab relu --run"),
        ({"claim": "stride", "run": True}, UsageError, "nothing to train"),
        ({"data": "digits"}, UsageError, "for one claim with trainings"),
        ({"claim": "identity-is-hard", "data": "digits"}, UsageError, "for one claim with trainings"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_measured(
    options: dict[str, str], error: type[LeadlineError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message) as refused:
        lab(**options)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
