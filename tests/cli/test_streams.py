"""Printing never costs the work: code pages, readers that leave, full disks, streams that are not there."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.cli import show
from leadline.cli.predict import predict
from leadline.errors import LeadlineError
from leadline.evaluation.predictions import Predictions

from ..conftest import MakeImages

COMMAND = [sys.executable, "-m", "leadline"]
SHELL = pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a shell of Unix does")


def in_shell(redirections: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$@" {redirections}', "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_code_page_without_some_signs_gets_what_looks_like_them(make_images: MakeImages, encoding: str) -> None:
    data = make_images(count=3, classes=("細胞 → a", "b"))
    for option in ((), ("--json",)):
        done = subprocess.run(
            [*COMMAND, "check", data, *option],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        text = done.stdout.decode(encoding)
        if option:
            assert set(json.loads(text)["summary"]["classes"]) == {"細胞 → a", "b"}, "JSON has escapes for them"
        else:
            assert "'?? -> a' has 3 " in text
            assert text.rstrip().endswith("warnings, 0 hints")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_a_table_on_stdout_never_makes_one_name_of_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    names = ["細.png", "胞.png", "grün.png"]
    found = Predictions.from_arrays(paths=names, probabilities=[[0.5, 0.5]] * 3, classes=["a", "b"])
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    show.predictions(found, out=None)
    sys.stdout.flush()
    rows = written.getvalue().decode(encoding).splitlines()[1:]
    shown = [row.split(",")[0] for row in rows]
    assert [name.encode("ascii").decode("unicode-escape") if "\\" in name else name for name in shown] == names
    assert ("--out" in capsys.readouterr().err) == (encoding == "cp1252")


@SHELL
def test_without_standard_streams_the_work_is_done(make_images: MakeImages, tmp_path: Path) -> None:
    done = in_shell("<&- >&- 2>&-", "check", make_images(count=3), "--out", tmp_path / "check.json")
    assert done.returncode == 0
    assert json.loads((tmp_path / "check.json").read_text("utf-8"))["summary"]["images"] == 6
    assert in_shell("2>&-", "check", "absent").returncode == 1


def test_a_table_that_could_go_nowhere_is_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "__stdout__", None)
    with pytest.raises(LeadlineError, match="--out"):
        predict(tmp_path, ["images"])


@SHELL
def test_a_file_never_takes_the_number_of_a_closed_stream() -> None:
    script = (
        "import sys; from leadline.cli import streams; streams.prepare();"
        "file = open(sys.argv[1], 'w'); sys.exit(0 if file.fileno() > 2 else 1)"
    )
    done = subprocess.run(["sh", "-c", f'exec "$0" -c "{script}" {os.devnull} <&- >&- 2>&-', sys.executable])
    assert done.returncode == 0


@SHELL
@pytest.mark.parametrize(
    ("stream", "arguments", "status"),
    [("stdout", ["--help"], 0), ("stderr", ["trian"], 2), ("stderr", ["check", "absent"], 1)],
)
def test_a_reader_that_leaves_changes_no_status(stream: str, arguments: list[str], status: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    streams = {stream: writing, other: subprocess.PIPE}
    done = subprocess.run([*COMMAND, *arguments], **streams, text=True, timeout=120)  # type: ignore[call-overload]
    os.close(writing)
    assert done.returncode == status
    assert not getattr(done, other)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("verb", ["", "check"])
def test_a_full_disk_behind_stdout_is_one_line_and_status_1(verb: str) -> None:
    done = in_shell("> /dev/full", *filter(None, [verb]), "--help")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space left" in done.stderr
