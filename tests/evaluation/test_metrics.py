import json
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn import metrics as oracle

from leadline.errors import LeadlineError
from leadline.evaluation.metrics import Statistics, measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import Estimate, SplitMetrics

CASES = list(product([2, 3, 7], [None, 1], [0, 1]))  # classes, decimals (ties), seed


def oracles(table: Predictions, weights: np.ndarray) -> dict[str, float]:
    """Every metric by scikit-learn, for images weighted by (images,)."""
    labels, predicted, scores = table.label_indices, table.predicted_indices, table.probabilities
    each = np.eye(len(table.classes))[labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "balanced_accuracy": oracle.balanced_accuracy_score(labels, predicted, sample_weight=weights),
            "macro_f1": oracle.f1_score(labels, predicted, average="macro", sample_weight=weights),
            "matthews_correlation": oracle.matthews_corrcoef(labels, predicted, sample_weight=weights),
            "log_loss": oracle.log_loss(labels, scores, sample_weight=weights, labels=range(len(table.classes))),
            "brier_score": float(np.average(((scores - each) ** 2).sum(axis=1), weights=weights)),
        }


@pytest.mark.parametrize(("classes", "decimals", "seed"), CASES)
def test_every_metric_is_scikit_learns(
    classes: int, decimals: int | None, seed: int, made_up: Callable[..., Predictions]
) -> None:
    table = made_up(250, classes, decimals=decimals, seed=seed)
    found = measure(table)
    each = np.eye(classes)[table.label_indices]
    expected = oracles(table, np.ones(len(table))) | {
        "auroc": oracle.roc_auc_score(each, table.probabilities),
        "average_precision": oracle.average_precision_score(each, table.probabilities),
    }
    assert {name: found.of(name).value for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found.accuracy.value == oracle.accuracy_score(table.label_indices, table.predicted_indices)
    assert np.array_equal(found.confusion_matrix, oracle.confusion_matrix(table.label_indices, table.predicted_indices))
    report = oracle.precision_recall_fscore_support(table.label_indices, table.predicted_indices, zero_division=np.nan)
    for k, name in enumerate(table.classes):
        own = found.per_class[name]
        assert [own.precision.value, own.recall.value, own.f1.value] == pytest.approx([r[k] for r in report[:3]])
        assert own.support == report[3][k]


@pytest.mark.parametrize(("classes", "decimals", "seed"), CASES)
def test_every_resampled_metric_is_scikit_learns_with_sample_weights(
    classes: int, decimals: int | None, seed: int, made_up: Callable[..., Predictions]
) -> None:
    table = made_up(120, classes, decimals=decimals, seed=seed)
    weights = np.random.default_rng(seed).integers(0, 4, size=(120, 3)).astype(np.float64)
    found = Statistics(table).of(weights)
    for resample in range(3):
        drawn = (
            weights[:, resample] > 0
        )  # scikit-learn counts a class whose images all have weight 0; a resample has none
        kept = Predictions(table.table.filter(drawn), table.classes)
        expected = oracles(kept, weights[drawn, resample])
        assert {name: found[name][resample] for name in expected} == pytest.approx(expected, abs=1e-10)


def test_top5_is_scikit_learns_and_exists_only_above_five_classes(made_up: Callable[..., Predictions]) -> None:
    table = made_up(300, 9, signal=0.5)
    expected = oracle.top_k_accuracy_score(table.label_indices, table.probabilities, k=5, labels=range(9))
    assert measure(table).top5.value == pytest.approx(expected)
    assert measure(made_up(50, 6)).top5 is not None
    assert measure(made_up(50, 5)).top5 is None


def test_equal_probabilities_do_not_put_every_class_into_the_top_five() -> None:
    classes = [f"c{k}" for k in range(10)]
    table = Predictions.from_arrays(
        paths=classes, probabilities=np.full((10, 10), 0.1), classes=classes, labels=classes
    )
    assert measure(table).top5.value == 0.5


def test_the_calibration_error_is_its_definition(made_up: Callable[..., Predictions]) -> None:
    table = made_up(400, 3)
    confidence, right = table.probabilities.max(axis=1), table.label_indices == table.predicted_indices
    expected = 0.0
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert measure(table).expected_calibration_error.value == pytest.approx(expected, abs=1e-12)


def numbers(found: Any) -> list[float]:
    if isinstance(found, dict):
        return [number for value in found.values() for number in numbers(value)]
    if isinstance(found, list):
        return [number for value in found for number in numbers(value)]
    return [found] if isinstance(found, float) else []


def estimates(found: SplitMetrics) -> list[Estimate]:
    per_class = [own for each in found.per_class.values() for own in (each.precision, each.recall, each.f1)]
    return [value for value in msgspec.structs.asdict(found).values() if isinstance(value, Estimate)] + per_class


@pytest.mark.parametrize("groups", [0, 1, 2, 6])
@pytest.mark.parametrize("images", [1, 2, 5, 60])
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_whatever_the_images_the_result_is_json_and_every_interval_holds_its_value(
    images: int, classes: int, groups: int, made_up: Callable[..., Predictions]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure(made_up(images, classes, groups=groups))
    assert np.isfinite(numbers(json.loads(msgspec.json.encode(found)))).all()
    for one in estimates(found):
        assert isinstance(one.n, int)
        if one.low is not None:
            assert one.low <= one.value <= one.high
        else:
            assert one.method.startswith(("undefined", "no interval"))


def test_a_perfect_network_is_not_certain_to_stay_so(answers: Callable[..., Predictions]) -> None:
    for groups in (None, [f"g{k % 4}" for k in range(20)]):
        found = measure(answers([True] * 20, groups=groups))
        assert found.accuracy.value == 1.0
        assert found.accuracy.low < 0.9
        assert found.balanced_accuracy.low is None
        assert "no interval" in found.balanced_accuracy.method


def test_one_class_only_leaves_undefined_what_it_does_not_define(answers: Callable[..., Predictions]) -> None:
    found = measure(answers([True, True, False]))
    for name in ("auroc", "average_precision", "matthews_correlation"):
        assert found.of(name).value is None
        assert found.of(name).method == "undefined: every image is of one class"
    assert found.per_class["debris"].recall.value is None
    assert found.per_class["debris"].support == 0
    assert any("no image of debris" in warning for warning in found.warnings)


def test_a_network_that_always_answers_the_same_has_no_correlation_and_says_so() -> None:
    table = Predictions.from_arrays(
        paths=list("abcdef"),
        probabilities=[[0.9, 0.1]] * 6,
        classes=["cell", "debris"],
        labels=["cell"] * 4 + ["debris"] * 2,
    )
    found = measure(table)
    assert found.matthews_correlation.value == 0.0
    assert found.auroc.value == 0.5
    assert found.majority_baseline == found.accuracy.value == pytest.approx(4 / 6)
    assert found.per_class["debris"].precision.value is None
    assert found.per_class["debris"].f1.value == 0.0
    assert any("debris was never the answer" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("silent", "told"),
    [
        (1, "b was never the answer, though there are images of it"),
        (2, "b, c were never the answer, though there are images of them"),
        (6, "b, c, d, e, f and 1 more class were never the answer, though there are images of them"),
        (8, "b, c, d, e, f and 3 more classes were never the answer, though there are images of them"),
    ],
)
def test_classes_that_were_never_the_answer_are_told_in_a_sentence(silent: int, told: str) -> None:
    classes = list("abcdefghi")[: silent + 1]
    table = Predictions.from_arrays(
        paths=[f"{label}.png" for label in classes],
        probabilities=[[1.0] + [0.0] * silent] * len(classes),
        classes=classes,
        labels=classes,
    )
    assert told in measure(table).warnings


def test_unreadable_and_unlabelled_images_count_in_nothing_but_are_told() -> None:
    table = Predictions.from_arrays(
        paths=list("abcd"),
        probabilities=[[0.9, 0.1], [0.1, 0.9], [np.nan, np.nan], [0.5, 0.5]],
        classes=["x", "y"],
        labels=["x", "y", "x", None],
        errors=["", "", "truncated", ""],
    )
    found = measure(table)
    assert found.accuracy.n == 2
    assert any("1 of 4 images could not be read" in warning for warning in found.warnings)
    assert any("1 readable images have no label" in warning for warning in found.warnings)


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(LeadlineError, match="nothing to measure"):
        measure(Predictions.from_arrays(paths=["a"], probabilities=[[0.5, 0.5]], classes=["x", "y"]))


def test_groups_widen_the_intervals_where_images_of_a_group_are_alike() -> None:
    generator = np.random.default_rng(0)
    of_group = generator.random(40) < 0.6
    right = np.repeat(of_group, 25)
    classes = ["x", "y"]
    labels = generator.integers(2, size=1000)
    arguments = {
        "paths": [str(k) for k in range(1000)],
        "probabilities": np.where((right == (labels == 0))[:, None], [0.8, 0.2], [0.2, 0.8]),
        "classes": classes,
        "labels": [classes[k] for k in labels],
    }
    alone = measure(Predictions.from_arrays(**arguments))
    grouped = measure(Predictions.from_arrays(**arguments, groups=[str(k) for k in np.repeat(np.arange(40), 25)]))
    for name in ("accuracy", "macro_f1", "matthews_correlation", "auroc", "log_loss", "brier_score"):
        widths = [found.of(name).high - found.of(name).low for found in (alone, grouped)]
        assert widths[1] > 3 * widths[0]  # all alike would be √25 = 5 times
        assert alone.of(name).value == grouped.of(name).value
        assert "40 groups" in grouped.of(name).method


def test_the_result_depends_on_the_seed_only(made_up: Callable[..., Predictions]) -> None:
    table = made_up()
    assert measure(table, seed=1) == measure(table, seed=1)
    assert measure(table, seed=1) != measure(table, seed=2)


def test_no_interval_leaves_the_range_of_its_metric(made_up: Callable[..., Predictions]) -> None:
    found = measure(made_up(60, 2, signal=2.2, groups=5))
    for name in ("balanced_accuracy", "macro_f1", "auroc", "average_precision", "matthews_correlation"):
        assert found.of(name).value < found.of(name).high <= 1.0
    assert found.log_loss.low >= 0.0


def test_less_confidence_is_a_narrower_interval(made_up: Callable[..., Predictions]) -> None:
    wide, narrow = (measure(made_up(), confidence=confidence) for confidence in (0.99, 0.8))
    for name in ("accuracy", "auroc", "expected_calibration_error"):
        assert wide.of(name).high - wide.of(name).low > narrow.of(name).high - narrow.of(name).low
