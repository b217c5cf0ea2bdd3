"""The tutorials work as they stand: every command and all Python is run, at toy size where it would train long."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[1] / "docs" / "tutorials"
# What takes minutes in a tutorial takes seconds here; the commands stay what they are.
SHORTER = [
    (r"--minutes \S+", "--models lenet5,vgg_small --epochs 1 --folds 0"),
    (r"--epochs 4\b", "--epochs 0.1"),
    (r"--to html", "--to torch"),  # which needs no runtime
    (r"\.html$", ".pt2"),
]


def fenced(document: str, language: str) -> str:
    """All blocks of a language, one after the other."""
    text = (TUTORIALS / document).read_text("utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    return "".join(blocks)


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def run_commands(document: str, folder: Path) -> list[str]:
    """The verbs that were run. NAME stands for the network that the comparison named."""
    name, verbs = "NAME", list[str]()
    for command in fenced(document, "bash").replace("\\\n", " ").splitlines():
        for long, short in SHORTER:
            command = re.sub(long, short, command)
        program, *rest = shlex.split(command.replace("NAME", name))
        assert program == "leadline", command
        run(["-m", "leadline", *rest], folder)
        verbs.append(rest[0])
        if rest[0] == "compare" and "--dry-run" not in rest:
            result = folder / rest[rest.index("--out") + 1] / "comparison.json"
            name = json.loads(result.read_text("utf-8"))["answer"]["name"]
    return verbs


def test_the_engineers_code_runs(tmp_path: Path) -> None:
    printed = run(["-c", fenced("engineer.md", "python")], tmp_path)
    assert "torch.Size([2, 4])" in printed
    assert "25,557,032 parameters, 3,857,973,248 multiply-adds" in printed  # of ResNet-50 as published
    assert re.search(r"\d+\.\d% of 269 \(", printed)
    assert (tmp_path / "runs" / "digits" / "sevens.csv").is_file()


@pytest.mark.slow
def test_the_students_commands_run(tmp_path: Path) -> None:
    verbs = run_commands("student.md", tmp_path)
    assert set(verbs) == {"models", "inspect", "train", "lab", "compare"}
    assert (tmp_path / "resnet20.svg").is_file()
    assert (tmp_path / "stacked.svg").is_file()


@pytest.mark.slow
def test_the_biologists_commands_run_on_cells_of_patients(tmp_path: Path, make_images: Callable[..., Path]) -> None:
    cells = make_images("cells", count=62, classes=("Parasitized", "Uninfected"))
    (tmp_path / "new").mkdir()
    for label in ("Parasitized", "Uninfected"):
        for number, file in enumerate(sorted((cells / label).glob("*.png"))):
            patient = number // 2
            folder = cells / label if patient < 30 else tmp_path / "new"
            file.rename(folder / f"C{100 + patient}P1ThinF_IMG_20150918_144104_cell_{label[0]}{number}.png")
    verbs = run_commands("biologist.md", tmp_path)
    assert set(verbs) == {"check", "compare", "predict", "explain", "export"}
    result = json.loads((tmp_path / "runs" / "cells" / "comparison.json").read_text("utf-8"))
    assert result["evidence"]["groups"] > 1  # whole patients judged
    assert (tmp_path / "classifier.pt2").is_file()
