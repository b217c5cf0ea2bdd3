"""A report of what is there: an interrupted comparison, a failed network, a lost or damaged file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from leadline.errors import LeadlineError
from leadline.evaluation.records import Estimate
from leadline.report import write_comparison_report, write_run_report
from leadline.results.comparison_result import NetworkResult, Round
from leadline.results.json_files import read_comparison
from leadline.results.run_metrics import Environment

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
    assert "lenet5/metrics.json cannot be read" in read_page(write_run_report(run)).text


def test_an_interrupted_comparison_says_how_far_it_came(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    """As it stands in the final: no answer, and one network of it without a result."""
    result = read_comparison(comparison)
    begun = msgspec.structs.replace(
        result.final.networks[2], name="vgg_small", run="vgg_small", metrics={}, seconds_per_image=None, left_out=()
    )
    rounds = (result.heat, Round("final", (*result.final.networks[:2], begun)))
    edit_comparison(
        comparison, answer=None, evidence=None, gain=None, rounds=rounds, images={}, environment=Environment()
    )
    (comparison / "vgg_small").mkdir()
    page = read_page(write_comparison_report(comparison))
    assert "No answer yet" in page.text
    assert "2 networks of the final are trained so far" in page.text
    assert "vgg_small/metrics.json is missing" in page.text
    assert "Accuracy against multiply-adds" not in page.headings
    assert "Class by class" in page.headings, "of the most accurate so far"


def test_an_interrupted_heat_is_shown_as_far_as_it_came(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    heat = read_comparison(comparison).heat
    edit_comparison(comparison, answer=None, evidence=None, gain=None, rounds=(heat,))
    page = read_page(write_comparison_report(comparison))
    assert "The heat" in page.headings
    assert "4 networks of the heat are trained so far" in page.text
    edit_comparison(comparison, rounds=())
    assert "No answer yet" in read_page(write_comparison_report(comparison)).text


def test_a_failed_network_keeps_its_row_and_its_reason(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    result = read_comparison(comparison)
    failed = msgspec.structs.replace(
        result.final.networks[0], name="alexnet", run="alexnet", metrics={}, seconds_per_image=None,
        failed="the loss is no longer a finite number",
    )  # fmt: skip
    edit_comparison(comparison, rounds=(result.heat, Round("final", (failed, *result.final.networks))))
    page = read_page(write_comparison_report(comparison))
    row = next(row for row in page.root.iter("tr") if "".join(row.itertext()).strip().startswith("alexnetfailed"))
    text = " ".join("".join(row.itertext()).split())
    assert text.startswith("alexnetfailed: the loss is no longer a finite number –")
    assert "alexnet could not be trained: the loss is no longer a finite number." in page.text


def test_values_that_are_not_defined_are_dashes(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    undefined = Estimate(None, method="undefined: one class", n=10)
    replace = msgspec.structs.replace

    def emptied(network: NetworkResult) -> NetworkResult:
        test, validation = network.metrics["test"], network.metrics["validation"]
        of_class = replace(test.per_class["3"], precision=undefined, f1=undefined)
        test = replace(
            test, auroc=undefined, accuracy=undefined, expected_calibration_error=undefined, brier_score=None,
            majority_baseline=None, per_class={**test.per_class, "3": of_class},
        )  # fmt: skip
        metrics = {"validation": replace(validation, accuracy=undefined), "test": test}
        return replace(network, seconds_per_image=None, peak_memory_bytes=None, depth=0, metrics=metrics)

    edit_comparison(comparison, final=emptied)
    page = read_page(write_comparison_report(comparison))
    of_class = next(table for table in page.root.iter("table") if "per-class" in table.get("class", ""))
    row = next(row for row in of_class.iter("tr") if row[0].text == "3")
    assert [cell.find("span[@class='strip']") is not None for cell in row[1:4]] == [False, True, False]
    assert [" ".join("".join(row[number].itertext()).split()) for number in (1, 3)] == ["–", "–"]
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
