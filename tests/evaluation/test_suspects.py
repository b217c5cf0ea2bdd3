"""Confident learning finds flipped labels, and counts them as its theory says."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from leadline.evaluation.predictions import Predictions
from leadline.evaluation.suspects import suspects, thresholds_of


def predictions_of(probabilities: np.ndarray, labels: np.ndarray, classes: list[str]) -> Predictions:
    return Predictions.from_arrays(
        paths=[f"{row:05d}.png" for row in range(len(labels))],
        probabilities=probabilities,
        classes=classes,
        labels=[classes[label] for label in labels],
    )


def test_flipped_labels_of_digits_are_found() -> None:
    digits = load_digits()
    random = np.random.default_rng(0)
    labels = digits.target.copy()
    flipped = np.sort(random.permutation(len(labels))[:90])
    labels[flipped] = (labels[flipped] + random.integers(1, 10, 90)) % 10
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(max_iter=300)
    out_of_fold = cross_val_predict(model, digits.data / 16, labels, cv=folds, method="predict_proba")
    found = suspects(predictions_of(out_of_fold, labels, [str(k) for k in range(10)]))
    rows = [int(path[:5]) for path in found.table["path"]]
    assert len(set(rows[:50]) & set(flipped)) == 50
    assert len(set(rows) & set(flipped)) / len(rows) > 0.9
    assert len(set(rows) & set(flipped)) / 90 > 0.7  # the rest are images of which the model is not sure
    likely = dict(zip(rows, found.table["likely"].to_list(), strict=True))
    assert np.mean([likely[row] == str(digits.target[row]) for row in flipped if row in likely]) > 0.95
    assert found.estimated_errors == pytest.approx(90, rel=0.2)


def test_with_ideal_probabilities_the_joint_is_that_of_labels_and_true_classes() -> None:
    """Theorem 1 of the paper: if every image has exactly its class's noise rates, each one is counted where it is."""
    noise = np.array([[0.8, 0.1, 0.1], [0.15, 0.7, 0.15], [0.0, 0.3, 0.7]])  # p(label | true class)
    true = np.repeat([0, 1, 2], 1000)
    labels = np.concatenate([np.repeat([0, 1, 2], np.round(1000 * row).astype(int)) for row in noise])
    found = suspects(predictions_of(noise[true], labels, ["a", "b", "c"]))
    assert found.joint.tolist() == (1000 * noise).round().astype(int).T.tolist()
    assert found.estimated_errors == pytest.approx((labels != true).sum())
    assert {int(path[:5]) for path in found.table["path"]} == set(np.flatnonzero(labels != true))


def test_thresholds_and_ranks_on_a_case_worked_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])
    labels = np.array([0, 0, 0, 1, 1])
    assert thresholds_of(probabilities, labels).tolist() == pytest.approx([(0.9 + 0.5 + 0.2) / 3, (0.7 + 0.05) / 2])
    found = suspects(predictions_of(probabilities, labels, ["x", "y"]))
    # Row 1 is below the threshold of x and above that of y; row 4 is sure of x; row 2 is sure of y.
    assert found.table.select("path", "label", "likely", "margin").rows() == [
        ("00004.png", "y", "x", pytest.approx(-0.9)),
        ("00002.png", "x", "y", pytest.approx(-0.6)),
        ("00001.png", "x", "y", pytest.approx(0.0)),
    ]
    assert found.joint.tolist() == [[1, 2], [1, 1]]
    assert found.estimated_errors == pytest.approx(3 * 2 / 3 + 2 * 1 / 2)


def test_a_class_without_images_is_nobodys_likely_class_and_unreadable_images_do_not_count(tmp_path: Path) -> None:
    given = Predictions.from_arrays(
        paths=["a", "b", "c", "d"],
        probabilities=[[0.1, 0.2, 0.7], [0.6, 0.4, 0.0], [0.3, 0.7, 0.0], [0, 0, 0]],
        classes=["x", "y", "never"],
        labels=["x", "x", "y", "y"],
        splits=["test"] * 4,
        errors=["", "", "", "damaged"],
    )
    found = suspects(given)
    assert found.images == 3
    assert found.table.is_empty()
    found.write(tmp_path / "suspects.csv")
    assert pl.read_csv(tmp_path / "suspects.csv").columns == [
        "path", "split", "label", "likely", "p_label", "p_likely", "margin",
    ]  # fmt: skip


def test_without_any_label_there_is_no_suspect() -> None:
    given = Predictions.from_arrays(paths=["a"], probabilities=[[0.1, 0.9]], classes=["x", "y"])
    assert suspects(given).images == 0
