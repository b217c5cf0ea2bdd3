"""The batch effect: told apart where the microscopes differ, not told apart where they do not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from scipy.stats.contingency import association

from leadline.data.audit.batch import _cramers_v, _mean_of_proportions
from leadline.verbs.check import check

from .conftest import texture


def write(root: Path, *, darker: int, together: bool = False) -> Path:
    """Two plates of 60 images; those of plate B are `darker` grey levels darker."""
    for number in range(120):
        plate = "AB"[number % 2]
        label = plate if together and number % 10 else "ab"[(number // 2) % 2].upper()
        pixels = texture(number).astype(int) - darker * (plate == "B")
        home = root / f"class {label}"
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(pixels, 1, 254).astype(np.uint8)).save(home / f"plate{plate}_{number:03d}.png")
    return root


def test_plates_that_are_lit_differently_are_told_apart(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=30), batch="plate([AB])")
    (problem,) = [one for one in found.problems if one.kind == "batch_effect"]
    effect = found.summary["batch"]
    assert problem.severity == "warning"
    assert effect["low"] > effect["chance"] == 0.5
    assert effect["balanced_accuracy"] > 0.9
    assert effect["association_with_class"] < 0.1


def test_plates_that_differ_in_nothing_are_not_told_apart(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=0), batch="plate([AB])")
    assert "batch_effect" not in found.summary["kinds"]
    assert found.summary["batch"]["low"] < 0.5 < found.summary["batch"]["high"]


def test_plates_with_a_class_each_are_called_confounded(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=30, together=True), batch="plate([AB])")
    (problem,) = [one for one in found.problems if one.kind == "batch_effect"]
    assert problem.severity == "warning"
    assert "a network may learn the batch for the class" in problem.message


def test_one_batch_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=0), batch="plate")
    assert found.problems[0].message == "--batch plate: there are not two batches with 10 images"


@pytest.mark.parametrize(("hits", "n"), [(0, 30), (13, 30), (30, 30)])
def test_the_interval_of_one_batch_is_wilsons(hits: int, n: int) -> None:
    value, low, high = _mean_of_proportions([(hits, n)])
    wilson = binomtest(hits, n).proportion_ci(method="wilson")
    assert (value, low, high) == pytest.approx((hits / n, wilson.low, wilson.high), abs=1e-4)


def test_the_interval_of_a_mean_of_proportions_covers_it() -> None:
    random = np.random.default_rng(0)
    truths, sizes = (0.95, 0.7, 0.5), (25, 60, 200)
    covered = 0
    for _ in range(1000):
        counts = [(int(random.binomial(n, p)), n) for p, n in zip(truths, sizes, strict=True)]
        _, low, high = _mean_of_proportions(counts)
        covered += low <= np.mean(truths) <= high
    assert 0.93 < covered / 1000 < 0.98


def test_cramers_v_is_scipys_but_for_the_correction() -> None:
    random = np.random.default_rng(0)
    first = random.integers(0, 4, 20_000)
    second = np.where(random.random(20_000) < 0.6, first % 3, random.integers(0, 3, 20_000))
    table = np.zeros((4, 3), int)
    np.add.at(table, (first, second), 1)
    assert _cramers_v(first, second) == pytest.approx(association(table, method="cramer"), abs=2e-3)
    assert _cramers_v(first, random.integers(0, 3, 20_000)) < 0.02
