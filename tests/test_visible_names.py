"""Names are data on every way out: a class or a file whose name would be obeyed by a terminal is printed as text."""

import json
import os
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline import cli
from leadline.cli import display, printing
from leadline.wording import OBEYED, visible

from .conftest import MakeImages

RED, TURNED, BROKEN = "esc\x1b[31mred\x07", "bidi\u202egnp.exe\u2069", "new\r\nline"


def test_what_is_obeyed_becomes_an_escape_and_all_else_stays() -> None:
    assert visible(f"{RED} {TURNED} {BROKEN}") == r"esc\x1b[31mred\x07 bidi\u202egnp.exe\u2069 new\r\nline"
    assert visible("\x9b2J\x7f\x85\u2028") == r"\x9b2J\x7f\x85\u2028"
    assert visible("a\nb\r", keep="\n") == "a\nb\\r"
    for text in ("tumour [grade 1]", "Zürich 細胞", "👩‍🔬 نمی‌دانم", "−3 × 10", ":cat: <b> $x$ \\frac"):
        assert visible(text) == text


def test_all_characters_that_control_or_turn_are_obeyed() -> None:
    """Against Unicode's own tables: control characters, line separators, and the bidirectional classes that embed,
    override or isolate (UAX 9)."""
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    marks = {"\u061c", "\u200e", "\u200f"}
    for number in range(0x110000):
        sign = chr(number)
        obeyed = (
            unicodedata.category(sign) in {"Cc", "Zl", "Zp"}
            or unicodedata.bidirectional(sign) in turning
            or sign in marks
        )
        assert bool(OBEYED.fullmatch(sign)) == obeyed, hex(number)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    def read() -> str:
        out, err = capsys.readouterr()
        return out + err

    return read


@pytest.mark.parametrize("name", [RED, TURNED, BROKEN, "tumour [grade 1]"])
def test_every_way_to_a_person_shows_the_name_whole(said: Callable[[], str], name: str) -> None:
    ways = (
        lambda: printing.table(name, "n", rows=[[name, name]], title=name),
        lambda: printing.line(name),
        lambda: cli.fail(name.replace("\r\n", ""), 1),
        lambda: display.Lines().note(name),
        lambda: display.Terminal().note(name),
    )
    for way in ways:
        way()
        printed = said()
        assert visible(name.replace("\r\n", "")) in printed or visible(name) in printed
        assert not OBEYED.search(printed.replace("\n", ""))


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such names")
def test_the_verbs_print_and_write_hostile_names_as_text(
    make_images: MakeImages, tmp_path: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What check, train, evaluate, predict and explain show and write of classes and files with hostile names."""
    data = make_images(count=12, classes=(RED, TURNED, BROKEN, "tumour [grade 1]"))
    (data / RED / f"{BROKEN}.png").write_bytes(b"\x89PNG\r\n\x1a\nxxxx")
    (data / RED / f"{'y' * 251}.png").write_bytes((data / RED / "000.png").read_bytes())
    run = tmp_path / "run"
    for arguments in (
        ["check", data],
        ["train", data, "--model", "lenet5", "--epochs", "1", "--out", run],
        ["evaluate", run, data],
        ["predict", run, data, "--out", tmp_path / "p.csv"],
        ["explain", run, data / RED, "--out", tmp_path / "maps"],
    ):
        monkeypatch.setattr("sys.argv", ["leadline", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = said()
        assert ended.value.code == cli.SOME_UNREADABLE, printed
        assert not OBEYED.search(printed.replace("\n", "")), arguments[0]
        if arguments[0] in ("train", "evaluate"):
            assert all(visible(name) in printed for name in (RED, TURNED, BROKEN, "tumour [grade 1]"))
    for file in (run / "report.html", run / "MODEL_CARD.md"):
        text = file.read_text("utf-8")
        assert not OBEYED.search(text.replace("\n", ""))
        assert all(visible(name) in text for name in (RED, TURNED, "tumour [grade 1]"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such names")
def test_a_comparison_and_every_export_keep_hostile_names_as_text(
    make_images: MakeImages, tmp_path: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of exports hold the names themselves, so that answers can be matched; what people read shows them."""
    classes = (RED, TURNED, BROKEN, "tumour [grade 1]", "<b>x<script>alert(1)<", "-v", "{{ 7 * 7 }}", "x" * 255)
    data, compared = make_images(count=6, classes=classes), tmp_path / "compared"
    run = compared / "final" / "lenet5"
    asked = [["compare", data, "--models", "lenet5,alexnet_small", "--epochs", "1", "--out", compared]]
    exports = {"torch": "a.pt2", "onnx": "a.onnx", "openvino": "a", "qupath": "b", "bioimageio": "a.zip"}
    for format, out in exports.items():
        size = ["--pixel-size", "0.5"] if format == "qupath" else []
        asked.append(["export", run, "--to", format, "--out", tmp_path / out, *size])
    for arguments in asked:
        monkeypatch.setattr("sys.argv", ["leadline", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = said()
        assert ended.value.code == cli.DONE, printed
        assert not OBEYED.search(printed.replace("\n", "")), arguments
    for file in (*compared.rglob("*.json"), tmp_path / "b" / "config.json", tmp_path / "a" / "leadline.json"):
        assert not OBEYED.search(file.read_text("utf-8").replace("\n", "")), file
    for file in (compared / "report.html", compared / "MODEL_CARD.md", run / "report.html", run / "MODEL_CARD.md"):
        assert not OBEYED.search(file.read_text("utf-8").replace("\n", ""))
        assert file.suffix == ".md" or "<script>alert" not in file.read_text("utf-8")
    assert json.loads((tmp_path / "b" / "config.json").read_text())["class_names"] == sorted(classes)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        for name in packed.namelist():
            if name.endswith((".md", ".yaml", ".json")):
                assert not OBEYED.search(packed.read(name).decode().replace("\n", ""))
