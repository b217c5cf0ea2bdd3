"""A report of what is there: an interrupted comparison, a failed network, a lost or damaged file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.report import write_comparison_report, write_run_report

PIECES = ["recipe.toml", "history.csv", "metrics.json", "environment.json", "predictions.parquet", "manifest.parquet"]


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished / "lenet5", tmp_path / "lenet5")


@pytest.mark.parametrize("piece", PIECES)
def test_a_lost_piece_is_named_and_the_rest_is_shown(piece: str, run: Path, read_page: Callable) -> None:
    (run / piece).unlink()
    page = read_page(write_run_report(run))
    assert f"lenet5/{piece} is missing" in page.text
    assert "How it was done" in page.headings


@pytest.mark.parametrize("piece", PIECES)
def test_a_damaged_piece_is_named_and_the_rest_is_shown(piece: str, run: Path, read_page: Callable) -> None:
    (run / piece).write_bytes(b"\x00\xff{")
    page = read_page(write_run_report(run))
    assert f"lenet5/{piece} cannot be read" in page.text
    assert "How it was done" in page.headings


def test_json_of_another_kind_is_damage_too(run: Path, read_page: Callable) -> None:
    (run / "metrics.json").write_text("[1, 2]")
    assert "lenet5/metrics.json cannot be read (is no JSON object)" in read_page(write_run_report(run)).text


def test_an_interrupted_comparison_says_how_far_it_came(
    comparison: Path, read_page: Callable, edit_json: Callable
) -> None:
    """As `compare` writes it before the first step: no verdict, and networks that are a name and a folder."""
    entries = [{"name": name, "run": name} for name in ("lenet5", "resnet20_cifar", "vgg_small")]
    edit_json(
        comparison / "comparison.json", networks=entries, verdict=None, images=None, environment=None, classes=None
    )
    (comparison / "vgg_small").mkdir()
    page = read_page(write_comparison_report(comparison))
    assert "Not finished." in page.text
    assert "2 of 3 networks are trained so far" in page.text
    assert "vgg_small/metrics.json is missing" in page.text
    assert "Accuracy against cost" not in page.headings, "nothing is known of the costs"


def test_a_failed_network_keeps_its_row_and_its_reason(
    comparison: Path, read_page: Callable, edit_json: Callable
) -> None:
    networks = json.loads((comparison / "comparison.json").read_text())["networks"]
    failed = {"name": "alexnet", "family": "AlexNet", "year": 2012, "parameters": 61_000_000, "run": "alexnet",
              "not_judged": "the loss is no longer a finite number"}  # fmt: skip
    edit_json(comparison / "comparison.json", networks=[failed, *networks])
    page = read_page(write_comparison_report(comparison))
    row = next(row for row in page.root.iter("tr") if "alexnet" in "".join(row.itertext()))
    assert " ".join("".join(row.itertext()).split()) == "alexnetnot judged 2012–61 M– ––– – –"
    assert "alexnet is not judged: the loss is no longer a finite number." in page.text


def test_values_that_are_not_defined_are_dashes(comparison: Path, read_page: Callable, edit_json: Callable) -> None:
    networks = json.loads((comparison / "comparison.json").read_text())["networks"]
    undefined = {"value": None, "low": None, "high": None, "method": "undefined: one class", "n": 10}
    for network in networks:
        network |= {"multiply_adds": None, "seconds_per_image": None, "peak_memory_bytes": None, "depth": None}
        network["test"] |= {"auroc": undefined, "accuracy": undefined, "expected_calibration_error": undefined}
        network["test"]["per_class"]["3"] |= {"precision": undefined, "f1": None, "support": None}
        del network["test"]["brier_score"], network["test"]["majority_baseline"], network["validation"]["accuracy"]
    edit_json(comparison / "comparison.json", networks=networks)
    page = read_page(write_comparison_report(comparison))
    of_class = next(table for table in page.root.iter("table") if "per-class" in table.get("class", ""))
    row = next(row for row in of_class.iter("tr") if row[0].text == "3")
    assert [cell.find("span[@class='strip']") is not None for cell in row[1:4]] == [False, True, False]
    assert [" ".join("".join(row[number].itertext()).split()) for number in (1, 3, 4)] == ["–", "–", "–"]
    assert "None" not in page.text
    assert " nan" not in page.text


def test_images_that_are_gone_leave_a_tile_with_their_name(comparison: Path, read_page: Callable) -> None:
    for run in ("lenet5", "resnet20_cifar", "resnext_small"):
        environment = json.loads((comparison / run / "environment.json").read_text())
        (comparison / run / "environment.json").write_text(json.dumps({**environment, "data_root": "/nowhere"}))
    page = read_page(write_comparison_report(comparison))
    tiles = [item for item in page.root.iter("li") if item.find("span[@class='placeholder']") is not None]
    assert tiles
    assert all(".png" in "".join(tile.itertext()) for tile in tiles)
    assert not list(page.root.iter("img"))


def test_no_comparison_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match=r"comparison\.json: no such file"):
        write_comparison_report(tmp_path)
    (tmp_path / "comparison.json").write_text("[")
    with pytest.raises(LeadlineError, match=r"comparison\.json: is damaged"):
        write_comparison_report(tmp_path)
    with pytest.raises(LeadlineError, match="no such run folder"):
        write_run_report(tmp_path / "nothing")
