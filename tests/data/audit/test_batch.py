"""The batch effect: told apart where the microscopes differ, not told apart where they do not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from scipy.stats.contingency import association

from leadline.data.audit import told_apart as module
from leadline.data.audit.batch import _counted, _cramers_v, _mean_of_proportions
from leadline.data.audit.told_apart import told_apart
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
    effect = found.summary.batch
    assert problem.severity == "warning"
    assert effect.low > effect.chance == 0.5
    assert effect.balanced_accuracy > 0.9
    assert effect.association_with_class < 0.1


def test_plates_that_differ_in_nothing_are_not_told_apart(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=0), batch="plate([AB])")
    assert "batch_effect" not in found.summary.kinds
    assert found.summary.batch.low < 0.5 < found.summary.batch.high


def test_plates_with_a_class_each_are_called_confounded(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=30, together=True), batch="plate([AB])")
    (problem,) = [one for one in found.problems if one.kind == "batch_effect"]
    assert problem.severity == "warning"
    assert "a network may learn the batch for the class" in problem.message


def test_one_batch_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    found = check(write(tmp_path / "cells", darker=0), batch="plate")
    assert found.problems[0].message == "--batch plate: there are not two batches with 10 images"


def of_patients(
    *, patients: int, effect: float, seed: int, batches: int = 2, crossed: bool = False
) -> tuple[np.ndarray, ...]:
    """Features, batch and patient of ten images of each patient, who differ from each other in all features."""
    random = np.random.default_rng(seed)
    patient = np.repeat(np.arange(batches * patients), 10)
    batch = random.integers(0, batches, len(patient)) if crossed else patient % batches
    features = random.normal(size=(batches * patients, 12))[patient] + 0.5 * random.normal(size=(len(patient), 12))
    return features + effect * batch[:, None], batch, patient


@pytest.mark.parametrize(
    ("patients", "batches", "crossed"), [(4, 2, False), (8, 2, False), (4, 3, False), (3, 2, True)]
)
def test_patients_are_not_taken_for_batches(
    patients: int, batches: int, crossed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERMUTATIONS", 39)
    found = [
        told_apart(*of_patients(patients=patients, batches=batches, effect=0, seed=seed, crossed=crossed)).p_value
        for seed in range(40)
    ]
    # At 5 %, more than 5 of 40 alarms have a probability of 0.014; before, most studies gave one.
    assert sum(p <= 0.05 for p in found) <= 5


@pytest.mark.parametrize(("patients", "crossed"), [(8, False), (2, True)])
def test_batches_that_differ_are_told_apart_beside_patients_who_do(patients: int, crossed: bool) -> None:
    found = [
        told_apart(*of_patients(patients=patients, effect=1.5, seed=seed, crossed=crossed)).p_value for seed in range(5)
    ]
    assert max(found) <= 0.05


@pytest.mark.parametrize(("patients", "batches", "known"), [(1, 2, False), (3, 2, False), (4, 2, True), (3, 3, True)])
def test_few_patients_a_batch_cannot_be_told_from_batches(patients: int, batches: int, known: bool) -> None:
    found = told_apart(*of_patients(patients=patients, batches=batches, effect=3, seed=0))
    assert (found.p_value is not None) == known


def test_no_image_is_judged_by_one_of_its_own_patient() -> None:
    """Each patient has a look of its own, by which alone its batch could be known."""
    patient = np.repeat(np.arange(20), 10)
    looks = np.eye(20)[patient] + 0.01 * np.random.default_rng(0).normal(size=(200, 20))
    assert told_apart(looks, patient % 2, patient).balanced_accuracy < 0.6
    assert told_apart(looks, patient % 2, np.arange(200)).balanced_accuracy > 0.99


def test_other_divisions_are_of_whole_patients_or_within_them() -> None:
    random = np.random.default_rng(0)
    batches = np.array([0, 0, 1, 1, 1, 0, 0, 1, 0, 1])
    groups = np.array([0, 0, 1, 1, 2, 3, 3, 4, 4, 4])  # the last is in both batches
    seen = set()
    for _ in range(200):
        other = module._exchanged(batches, groups, random)
        assert all(len(set(other[groups == one])) == 1 for one in range(4))
        assert sum(other[groups == 4]) == 2
        assert sorted(other[[0, 2, 4, 5]]) == [0, 0, 1, 1]
        seen.add(tuple(other))
    assert len(seen) == 6 * 3 == round(module._divisions(batches, groups))


def test_batches_of_few_patients_are_reported_as_such(tmp_path: Path) -> None:
    write(tmp_path / "cells", darker=30)
    found = check(tmp_path / "cells", batch="plate([AB])", group="(plate[AB]_..)")  # six patients, ten images each
    (problem,) = [one for one in found.problems if one.kind == "batch_effect"]
    assert found.summary.batch.p_value is None or found.summary.batch.groups >= 8
    lone = check(tmp_path / "cells", batch="plate([AB])", group="(plate[AB])")
    (problem,) = [one for one in lone.problems if one.kind == "batch_effect"]
    assert lone.summary.batch.p_value is None
    assert lone.summary.batch.groups == 2
    assert problem.severity == "hint"
    assert "cannot be told" in problem.message


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


def test_images_of_one_group_that_go_together_count_for_less() -> None:
    everything = np.ones(120, bool)
    alone = np.random.default_rng(0).random(120) < 0.7
    hits, images = _counted(alone, np.arange(120), everything)
    assert (hits, images) == (alone.sum(), 120)
    whole = np.repeat(np.arange(12) < 9, 10)
    hits, images = _counted(whole, np.repeat(np.arange(12), 10), everything)
    assert images == pytest.approx(12, abs=1)
    assert hits / images == pytest.approx(0.75)


def test_cramers_v_is_scipys_but_for_the_correction() -> None:
    random = np.random.default_rng(0)
    first = random.integers(0, 4, 20_000)
    second = np.where(random.random(20_000) < 0.6, first % 3, random.integers(0, 3, 20_000))
    table = np.zeros((4, 3), int)
    np.add.at(table, (first, second), 1)
    assert _cramers_v(first, second) == pytest.approx(association(table, method="cramer"), abs=2e-3)
    assert _cramers_v(first, random.integers(0, 3, 20_000)) < 0.02
