"""Names are data: what stands in brackets or between colons is printed, and is neither markup nor a picture."""

import sys

import pytest
from rich.console import Console

from leadline.cli import printing
from leadline.cli.check import check

from ..conftest import MakeImages

NAMES = ("tumour [grade 1]", "[bold]", "[x]", ":cat:", "[link=https://x.org]y")


@pytest.mark.parametrize("name", [*NAMES, "[/]", "[/bold]"])
def test_a_table_shows_every_name_as_it_is(capsys: pytest.CaptureFixture[str], name: str) -> None:
    printing.table(name, f"2 {name}", rows=[[f"a {name}", f"b {name}"]], title=f"of {name}")
    printing.console().print(f"beside {name}")
    shown = capsys.readouterr().out
    for text in (f"2 {name}", f"a {name}", f"b {name}", f"of {name}", f"beside {name}"):
        assert text in shown


@pytest.mark.parametrize("width", [1, 20, 40, 80])
def test_a_narrow_terminal_loses_no_figure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(printing, "Console", lambda **options: Console(**{**options, "width": width}))
    figures = [f"{number}.{number}% ({number}.0% – {number}.9%)" for number in range(11, 16)]
    printing.table("class", *"abcde", rows=[["a class with a name of some length", *figures]])
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "a class with a name of some length" in shown
    assert "".join(sorted(shown.split())).count("%") == 15


def test_check_prints_class_names_as_they_are(make_images: MakeImages, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("tumour [grade 1]", "[bold]", "[x]") + (() if sys.platform == "win32" else (":cat:",))
    check(str(make_images(count=3, classes=names)))
    shown = capsys.readouterr().out
    for name in sorted(names)[:3]:  # so many examples are shown of a kind
        assert f"'{name}' has 3 " in shown
