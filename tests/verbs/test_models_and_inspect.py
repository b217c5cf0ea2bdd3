"""The catalogue and the anatomy as people and programs get them: the verbs, and the command line over them."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from leadline.cli import app
from leadline.errors import LeadlineError, UsageError
from leadline.verbs.inspect import inspect
from leadline.verbs.models import models

CONTRACT = {"name", "family", "year", "paper", "input", "parameters", "multiply_adds", "deviates", "weights"}
LAYER = {"name", "type", "kernel", "stride", "padding", "groups", "output_shape", "parameters", "multiply_adds"}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    app(list(arguments))
    return capsys.readouterr().out


def test_each_network_of_a_family_is_listed_with_what_it_costs() -> None:
    rows = models("googlenet")
    assert [row["name"] for row in rows] == ["googlenet", "googlenet_naive", "googlenet_bn", "googlenet_small"]
    assert all(row.keys() >= CONTRACT for row in rows)
    published = rows[0]
    assert (published["parameters"], published["multiply_adds"]) == (6_998_552, 1_582_671_872)
    assert (published["input"], published["deviates"], published["weights"]) == ([3, 224, 224], "", [])
    assert rows[2]["weights"] == ["imagenet:v1"]
    assert all(row["deviates"] for row in rows[1:])


def test_a_family_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="Network in Network"):
        models("Inception")


def test_layers_come_in_order_of_execution_with_the_contracts_keys() -> None:
    found = inspect("lenet5")
    assert found.keys() >= {"name", "input", "parameters", "multiply_adds", "layers", "auxiliary"}
    assert (found["input"], found["parameters"], found["multiply_adds"]) == ([1, 32, 32], 61_706, 416_520)
    assert all(layer.keys() >= LAYER for layer in found["layers"])
    c1, *_, output = found["layers"]
    assert {key: c1[key] for key in LAYER} == {
        "name": "features.C1",
        "type": "Conv2d",
        "kernel": (5, 5),
        "stride": (1, 1),
        "padding": (0, 0),
        "groups": 1,
        "output_shape": (6, 28, 28),
        "parameters": 6 * 26,
        "multiply_adds": 6 * 25 * 28 * 28,
    }
    assert (output["type"], output["output_shape"], output["kernel"]) == ("Linear", (10,), None)
    assert found["auxiliary"] == []


def test_readings_and_published_errors_are_shown() -> None:
    found = inspect("alexnet")
    assert any("divided by n" in reading for reading in found["readings"])
    assert {"data": "ImageNet 2012 validation", "protocol": "10 crops", "top1": 40.7, "top5": 18.2} in (
        found["published_errors"]
    )


def test_a_diagram_is_written_where_told_and_nowhere_else(tmp_path: Path) -> None:
    inspect("lenet5", diagram=tmp_path / "lenet.svg")
    assert ElementTree.parse(tmp_path / "lenet.svg").getroot().tag.endswith("svg")
    with pytest.raises(LeadlineError, match=r"lenet\.png: .*\.svg"):
        inspect("lenet5", diagram=tmp_path / "lenet.png")
    with pytest.raises(LeadlineError, match="missing is no folder"):
        inspect("lenet5", diagram=tmp_path / "missing" / "lenet.svg")
    assert [file.name for file in tmp_path.iterdir()] == ["lenet.svg"]


def test_an_image_that_cannot_be_is_refused_in_one_line() -> None:
    for options in ({"size": 16}, {"size": 0}, {"size": -3}, {"channels": 0}, {"classes": 0}):
        with pytest.raises(LeadlineError, match=r"^resnet18: [^\n]*$"):
            inspect("resnet18", **options)


def test_trained_weights_are_listed_with_their_makers_figures(capsys: pytest.CaptureFixture[str]) -> None:
    files = json.loads(printed(capsys, "models", "--pretrained", "--family", "resnet", "--json"))
    assert [(file["name"], file["weights"], file["default"]) for file in files[2:4]] == [
        ("resnet50_v1_5", "imagenet:v2", True),
        ("resnet50_v1_5", "imagenet:v1", False),
    ]
    assert {key: files[3][key] for key in ("top1", "top5", "resize", "crop", "interpolation", "sha256")} == {
        "top1": 76.13, "top5": 92.862, "resize": 256, "crop": 224, "interpolation": "bilinear", "sha256": "0676ba61",
    }  # fmt: skip
    listed = printed(capsys, "models", "--pretrained")
    assert "resnet18 imagenet:v1 (imagenet) 69.8 % 89.1 % 47 MB 256 / 224 bilinear" in [
        " ".join(line.split()) for line in listed.splitlines()
    ]
    assert "no trained weights" in printed(capsys, "models", "--pretrained", "--family", "lenet")


def test_the_command_line_gives_json_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "inspect", "resnet20_cifar", "--size", "28", "--channels", "1", "--json"))
    assert (found["input"], found["layers"][0]["kernel"], found["layers"][0]["output_shape"]) == (
        [1, 28, 28], [3, 3], [16, 28, 28]
    )  # fmt: skip
    assert [row["name"] for row in json.loads(printed(capsys, "models", "--family", "LeNet", "--json"))] == ["lenet5"]


def test_the_command_line_gives_tables_to_people_that_do_not_wrap_when_piped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = printed(capsys, "inspect", "googlenet_small")
    lines = [line.split() for line in table.splitlines()]
    assert ["conv1.conv", "Conv2d", "3×3", "1×1", "1×1", "1", "32×32×32", "864", "884,736", "3", "131.1", "kB"] in lines
    assert "752,906 parameters, 56,676,736 multiply-adds, 16 layers deep" in table
    assert "In training only, counted in no total:" in table
    listed = printed(capsys, "models", "--family", "alexnet")
    assert ["alexnet", "3×224×224", "8", "60,965,224", "724,406,816"] in [line.split() for line in listed.splitlines()]
    assert "  alexnet_owt: torchvision's" in listed


@pytest.mark.parametrize("arguments", [["models"], ["models", "--json"], ["inspect", "resnet500"]])
def test_the_catalogue_and_a_wrong_name_are_answered_without_importing_what_is_not_needed(arguments: list[str]) -> None:
    script = (
        "import sys; from leadline.cli import app; from leadline.errors import UsageError\n"
        "try: app(sys.argv[1:])\n"
        "except UsageError as error: print(error)\n"
        "heavy = {'torch', 'torchvision', 'polars', 'numpy', 'matplotlib', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "resnet50" in done.stdout


@pytest.mark.parametrize("verb", ["models", "inspect"])
def test_help_is_answered_without_importing_torch(verb: str) -> None:
    script = (
        "import sys; from leadline.cli import app; app([sys.argv[1], '--help'])\n"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    done = subprocess.run([sys.executable, "-c", script, verb], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"leadline {verb}" in done.stdout
