"""The command line: quick to help, one clear line on failure, the exit status that the design promises."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadline.cli import VERBS

from ..conftest import MakeImages


def leadline(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leadline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_does_not_import_torch(verb: str) -> None:
    script = (
        "import sys; from leadline.cli import main; sys.argv = ['leadline', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as end: status = end.code\n"
        "sys.exit(status or ('torch' in sys.modules) * 50 or ('polars' in sys.modules) * 51)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *filter(None, [verb]), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: leadline" in done.stdout
    assert not verb or f"Example: leadline {verb}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["train", "absent", "--model", "lenet5"], "absent: no such folder or table"),
        (["train", "digits", "--model", "resnet500"], "did you mean resnet50"),
        (["compare", "digits", "--models", "lenet5,resnet500"], "did you mean resnet50"),
        (["compare", "absent"], "absent: no such folder or table"),
        (["predict", "absent", "x.png"], "absent: no such folder"),
        (["evaluate", "absent"], "absent: no such folder"),
        (["check", "absent"], "absent: no such folder or table"),
    ],
)
def test_a_name_that_is_not_there_is_refused_before_torch_is_imported(
    arguments: list[str], named: str, tmp_path: Path
) -> None:
    script = (
        "import sys; from leadline.cli import main; sys.argv = ['leadline', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as end: sys.exit(50 if 'torch' in sys.modules else end.code)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode in (1, 2), done.stderr
    assert named in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["trian"], 2, "train"),
        (["train", "images", "--modle", "lenet5"], 2, "--modle"),
        (["train", "images", "--epochs", "many"], 2, "--epochs"),
        (["train", "images"], 2, "no model"),
        (["train"], 2, "no data"),
        (["compare"], 2, "no data"),
        (["train", "absent", "--model", "lenet5"], 1, "absent: no such folder or table"),
        (["train", "images", "--model", "lenet"], 2, "lenet5"),
        (["train", "images", "--model", "lenet5", "--augment", "spin"], 2, "augment = 'spin'"),
        (["train", "images", "--model", "lenet5", "--channels", "0,,1"], 2, "--channels 0,,1: expected channels"),
        (["train", "images", "--model", "lenet5", "--channels", "0,1"], 1, "takes channels that some images do not"),
        (["train", "images", "--model", "lenet5", "--project", "sum"], 2, "--project sum: expected max or mean"),
        (["train", "images", "--model", "lenet5", "--intensity", "full"], 2, "--intensity 'full': expected dtype"),
        (["train", "images", "--model", "lenet5", "--intensity", "range", "9", "1"], 2, "LOW must be less than HIGH"),
        (["train", "--resume", "absent"], 1, "absent: no such run folder"),
        (["train", "images", "--resume", "run"], 2, "leave out --data"),
        (["train", "images", "--model", "lenet5", "--out", "images"], 2, "images: exists already"),
        (["compare", "images", "--models", "lenet5,resnet999"], 2, "resnet999: no network of this name"),
        (["evaluate", "images"], 1, "images"),
        (["predict", "absent", "images"], 1, "absent: no such folder"),
        (["inspect", "vgg99"], 2, "vgg99"),
        (["lab", "stacked"], 2, "did you mean stacked-3x3?"),
        (["check"], 2, "DATA"),
        (["check", "absent"], 1, "absent: no such folder or table"),
        (["check", "images", "--batch", "well"], 2, "--batch well"),
        (["check", "images", "--out", "absent/check.json"], 1, "absent is no folder"),
        (["check", "images", "--out", "images"], 1, "images: is a folder; name a file in it"),
    ],
)
def test_failure_is_one_line_on_stderr_with_its_exit_status(
    make_images: MakeImages, arguments: list[str], status: int, message: str
) -> None:
    done = leadline(*arguments, cwd=make_images(count=3).parent)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_a_traceback_appears_only_under_debug() -> None:
    assert "Traceback" in leadline("train", "absent", "--model", "lenet5", "--debug").stderr


def test_from_training_to_prediction(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=20)
    done = leadline("train", data, "--model", "lenet5", "--epochs", "2", "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) >= {"run", "validation", "test", "looks_at_test"}

    (tmp_path / "zero.png").touch()
    done = leadline("predict", tmp_path / "run", data / "dark" / "000.png", tmp_path / "zero.png")
    assert done.returncode == 3
    assert done.stdout.splitlines()[0] == "path,predicted,probability,p:dark,p:light,error"
    assert "1 of 2 images could not be read" in done.stderr

    done = leadline("evaluate", tmp_path / "run")
    assert done.returncode == 0
    assert "accuracy" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(make_images: MakeImages, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "leadline", "train", make_images(count=60), "--model", "resnet20_cifar"]
    command += ["--epochs", "500", "--out", run]
    training = subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (run / "recipe.toml").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(3)
    training.send_signal(signal.SIGINT)
    _, said = training.communicate(timeout=120)
    assert training.returncode == 130
    assert said.splitlines()[-1] == f"leadline: interrupted; go on with: leadline train --resume {run}"
    assert (run / "checkpoint.pt").is_file()

    done = leadline("evaluate", run)
    assert done.returncode == 1
    assert "its training is not finished; go on with: leadline train --resume" in done.stderr


def test_training_with_an_unreadable_image_names_it_and_ends_with_status_3(
    make_images: MakeImages, tmp_path: Path
) -> None:
    data = make_images(count=12)
    (data / "dark" / "zero.png").touch()
    done = leadline("train", data, "--model", "lenet5", "--epochs", "1", "--out", tmp_path / "run")
    assert done.returncode == 3
    assert "left out dark/zero.png: is empty" in done.stderr


def test_a_dry_run_trains_nothing(make_images: MakeImages) -> None:
    data = make_images(count=12)
    done = leadline("compare", data, "--models", "lenet5", "--epochs", "2", "--dry-run", "--json", cwd=data.parent)
    assert done.returncode == 0, done.stderr
    planned = json.loads(done.stdout)
    assert planned["images"] == {"train": 16, "validation": 4, "test": 4}
    assert planned["networks"][0]["steps"] == 2
    assert planned["doubts"]
    assert not (data.parent / "runs").exists()


def test_a_check_prints_what_it_found_and_ends_with_0_or_where_files_are_unreadable_3(
    make_images: MakeImages, tmp_path: Path
) -> None:
    data = make_images(count=40)
    done = leadline("check", data)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "nothing found"

    (data / "dark" / "copy.png").write_bytes((data / "light" / "000.png").read_bytes())
    done = leadline("check", data)
    assert done.returncode == 0, "what is wrong with the data is the answer, no failure"
    assert "the same file in different classes: dark/copy.png (dark), light/000.png (light)" in done.stdout

    (data / "dark" / "zero.png").touch()
    done = leadline("check", data, "--json", "--out", tmp_path / "check.json")
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert found == json.loads((tmp_path / "check.json").read_text())
    assert [set(problem) for problem in found["problems"]] == [{"kind", "severity", "paths", "message", "advice"}] * 2
    assert (found["summary"]["errors"], found["summary"]["warnings"], found["summary"]["unreadable"]) == (2, 0, 1)
