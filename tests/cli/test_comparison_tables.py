"""What stands beside the main table of a comparison on the terminal, and open answers on the command line."""

import csv
from pathlib import Path
from typing import Any

from leadline.cli.beside_comparison import baseline_row, pair_rows, remarks, seed_rows

from ..conftest import MakeImages
from .test_command_line import leadline


def split(accuracy: float, baseline: float, *warnings: str) -> dict[str, Any]:
    estimate = {
        "value": accuracy,
        "low": accuracy - 0.1,
        "high": 1.0,
        "method": "Wilson, clustered by 4 groups",
        "n": 1200,
    }
    return {"accuracy": estimate, "majority_baseline": baseline, "warnings": list(warnings)}


FEW = "only 4 groups: with fewer than 30, intervals may be too narrow"
NETWORKS = [
    {"name": "failed", "not_judged": "the loss is no longer a finite number"},
    {"name": "one", "validation": split(0.8, 0.51, FEW), "test": split(0.7, 0.52, FEW, "so few mistakes (3)")},
    {"name": "other", "validation": split(0.9, 0.51, FEW), "test": split(0.9, 0.52, FEW)},
]


def test_the_baseline_stands_below_the_accuracies() -> None:
    assert baseline_row(NETWORKS) == ["always the largest class", "", "", "", "", "51.0%", "52.0%"]
    assert baseline_row(NETWORKS[:1]) == []


def test_few_groups_are_said_once_and_a_networks_own_warnings_are_left_to_the_report() -> None:
    assert remarks(NETWORKS) == [
        "validation intervals: Wilson, clustered by 4 groups, 1,200 images",
        f"validation: {FEW}",
        "test intervals: Wilson, clustered by 4 groups, 1,200 images",
        f"test: {FEW}",
    ]
    assert remarks(NETWORKS[:1]) == []


def test_with_folds_the_intervals_are_not_said_to_be_of_validation_images() -> None:
    found = remarks([NETWORKS[0], {**NETWORKS[1], "folds": {"folds": 3}}])
    assert found[:2] == ["out-of-fold intervals: Wilson, clustered by 4 groups, 1,200 images", f"out-of-fold: {FEW}"]
    assert found[2].startswith("test intervals: ")


def test_seeds_show_both_reasons_for_another_accuracy() -> None:
    spread = {"accuracy": 0.85, "accuracies": [0.8, 0.9], "between_seeds": 0.0707, "between_images": None, "n": 100}
    network = {"name": "one", "seed_spread": {"validation": spread, "test": spread}}
    assert seed_rows([network, {"name": "single", "seed_spread": None}, {"name": "older"}]) == [
        ["one", "2", "85.0%", "80.0% – 90.0%", "7.07 points", "not known"]
    ]


def test_a_row_per_pair_with_its_corrected_chance() -> None:
    pair = {"first": "a", "second": "b", "value": -0.012, "low": -0.03, "high": 0.004, "only_first": 4,
            "only_second": 1000, "p_value": 0.0004, "p_value_holm": 0.0012}  # fmt: skip
    assert pair_rows({"pairs": [pair]}) == [["a – b", "-1.2 (-3.0 – +0.4)", "4", "1,000", "< 0.001", "0.001"]]


def test_open_answers_from_the_command_line(make_images: MakeImages, tmp_path: Path) -> None:
    data, run, out = make_images(count=24), tmp_path / "run", tmp_path / "out.csv"
    done = leadline("train", data, "--model", "lenet5", "--epochs", "1", "--out", run)
    assert done.returncode == 0, done.stderr
    assert "probabilities at a temperature of" in done.stdout
    assert f"model card  {run / 'MODEL_CARD.md'}" in done.stdout

    done = leadline("predict", run, data / "dark", "--out", out, "--min-confidence", "1")
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    left_open = [row for row in rows if row["predicted"] == "uncertain"]
    assert all(float(row["p:dark"]) + float(row["p:light"]) > 0.99 for row in rows)
    assert done.stderr.strip() == f"{len(left_open)} of 24 answers are uncertain"

    done = leadline("evaluate", run, "--min-confidence", "0.5")
    assert done.returncode == 0, done.stderr
    assert "leaving answers below 0.5 open" in done.stdout
    assert "right among these" in done.stdout

    done = leadline("predict", run, data / "dark", "--min-confidence", "90")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "leadline: --min-confidence 90: is a probability, from 0 to 1"
