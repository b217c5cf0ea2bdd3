from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics as oracle

from leadline.errors import LeadlineError
from leadline.evaluation.calibration import (
    abstention_curve,
    answered_at,
    at_temperature,
    calibration_error_interval,
    fit_temperature,
    recalibrated,
    reliability_curve,
)
from leadline.evaluation.metrics import measure, recalibration
from leadline.evaluation.predictions import Predictions


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def drawn_from(probabilities: np.ndarray, shown: np.ndarray, seed: int = 0) -> Predictions:
    """Labels drawn from the one distribution, predictions of the other."""
    classes = [f"c{k}" for k in range(probabilities.shape[1])]
    chances = np.random.default_rng(seed).random((len(probabilities), 1))
    labels = (chances > probabilities.cumsum(axis=1)).sum(axis=1).clip(max=len(classes) - 1)
    return Predictions.from_arrays(
        paths=[str(k) for k in range(len(shown))],
        probabilities=shown,
        classes=classes,
        labels=[classes[k] for k in labels],
    )


def test_dividing_log_probabilities_is_dividing_logits() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 5)) * 4
    for temperature in (0.3, 1.0, 7.0):
        assert at_temperature(softmax(logits), temperature) == pytest.approx(softmax(logits / temperature))


def test_a_thousand_unlikely_classes_do_not_underflow_at_a_low_temperature() -> None:
    found = at_temperature(np.full((1, 10_000), 1e-4), 0.01)
    assert found == pytest.approx(np.full((1, 10_000), 1e-4))


@pytest.mark.parametrize("truth", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(truth: float) -> None:
    logits = np.random.default_rng(1).normal(size=(20_000, 4)) * 3
    table = drawn_from(softmax(logits / truth), softmax(logits))
    assert fit_temperature(table) == pytest.approx(truth, rel=0.05)


def test_the_temperature_has_the_least_log_loss(made_up: Callable[..., Predictions]) -> None:
    table = made_up(200, 4)

    def loss(temperature: float) -> float:
        return oracle.log_loss(table.label_indices, at_temperature(table.probabilities, temperature))

    best = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8})
    assert fit_temperature(table) == pytest.approx(best.x, rel=1e-4)


def test_one_exact_zero_does_not_decide_the_temperature() -> None:
    logits = np.random.default_rng(1).normal(size=(1000, 4)) * 3
    table = drawn_from(softmax(logits), softmax(logits))
    surprised = np.r_[table.probabilities, [[0.0, 1.0, 0.0, 0.0]]]
    labels = [*table.table["label"], "c0"]
    with_zero = Predictions.from_arrays(
        paths=[str(k) for k in range(1001)], probabilities=surprised, classes=table.classes, labels=labels
    )
    assert fit_temperature(with_zero) < 1.5 * fit_temperature(table)


def test_temperature_changes_no_answer(made_up: Callable[..., Predictions]) -> None:
    table = made_up(200, 4)
    assert (at_temperature(table.probabilities, 3.3).argmax(axis=1) == table.predicted_indices).all()


def test_without_a_best_temperature_the_probabilities_are_left_as_they_are(answers: Callable[..., Predictions]) -> None:
    assert fit_temperature(answers([True] * 30)) == 1.0
    assert fit_temperature(answers([False] * 30)) == 1.0
    certain = Predictions.from_arrays(
        paths=["a", "b"], probabilities=[[1, 0], [0, 1]], classes=["x", "y"], labels=["x", "x"]
    )
    assert np.isfinite(at_temperature(certain.probabilities, fit_temperature(certain))).all()
    with pytest.raises(LeadlineError, match="temperature"):
        fit_temperature(answers([]))


def test_the_reliability_curve_adds_up_to_the_calibration_error(made_up: Callable[..., Predictions]) -> None:
    table = made_up(500, 3)
    curve = reliability_curve(table)
    assert sum(point.accuracy.n for point in curve) == 500
    error = sum(point.accuracy.n / 500 * abs(point.accuracy.value - point.confidence) for point in curve)
    assert error == pytest.approx(measure(table).expected_calibration_error.value)
    for point in curve:
        assert point.low < point.confidence <= point.high
        assert point.accuracy.low <= point.accuracy.value <= point.accuracy.high


def test_a_calibrated_network_is_not_said_to_be_miscalibrated() -> None:
    logits = np.random.default_rng(5).normal(size=(300, 4)) * 2
    found = [
        measure(drawn_from(softmax(logits), softmax(logits), seed=seed)).expected_calibration_error
        for seed in range(20)
    ]
    assert sum(one.low == 0.0 for one in found) >= 17
    # The number itself says otherwise, which is why it needs the interval.
    assert min(one.value for one in found) > 0.01


def test_an_overconfident_network_is_found_out() -> None:
    logits = np.random.default_rng(5).normal(size=(1000, 4)) * 2
    found = measure(drawn_from(softmax(logits / 3), softmax(logits))).expected_calibration_error
    assert found.low > 0.1
    assert found.high > found.value + 0.01


def test_the_calibration_interval_without_noise_is_the_error_itself() -> None:
    gaps = np.array([0.02, -0.05, 0.0])
    low, high = calibration_error_interval(gaps, np.repeat(gaps[:, None], 50, axis=1), confidence=0.95)
    assert (low, high) == pytest.approx((0.07, 0.07), abs=1e-4)


def test_abstaining_keeps_the_most_confident_answers(made_up: Callable[..., Predictions]) -> None:
    table = made_up(400, 4)
    curve = abstention_curve(table)
    assert curve[0].coverage == 1.0
    assert curve[0].accuracy.value == measure(table).accuracy.value
    for point in curve:
        kept = table.probabilities.max(axis=1) >= point.min_confidence
        right = (table.label_indices == table.predicted_indices)[kept]
        assert point.coverage == pytest.approx(kept.mean())
        assert point.accuracy.value == pytest.approx(right.mean())
    coverages = [point.coverage for point in curve]
    assert coverages == sorted(coverages, reverse=True)
    assert curve[-1].accuracy.value > curve[0].accuracy.value


def test_equally_confident_answers_are_kept_or_left_open_together(answers: Callable[..., Predictions]) -> None:
    assert [point.coverage for point in abstention_curve(answers([True] * 6 + [False] * 4))] == [1.0, 0.6]
    assert abstention_curve(answers([])) == ()


def test_a_table_at_another_temperature_and_back_is_the_table(made_up: Callable[..., Predictions]) -> None:
    table = made_up(200, 4)
    certain = table.probabilities.copy()
    certain[0] = [1 - 3e-200, 1e-200, 1e-200, 1e-200]
    table = Predictions.from_arrays(
        paths=table.table["path"].to_list(), probabilities=certain, classes=table.classes,
        labels=table.table["label"].to_list(), errors=[""] * 199 + ["is truncated"],
    )  # fmt: skip
    there = recalibrated(table, 2.5)
    assert np.allclose(there.probabilities[:199], at_temperature(certain, 2.5)[:199], rtol=1e-12)
    assert there.table["probability"].to_list()[:199] == there.probabilities[:199].max(axis=1).tolist()
    assert there.table["probability"][199] is None
    assert there.probabilities[0, 1] == pytest.approx(1e-80, rel=1e-9), "what is next to nothing keeps its order"
    assert np.allclose(recalibrated(there, 1 / 2.5).probabilities[:199], certain[:199], rtol=1e-9)
    assert there.table["predicted"].equals(table.table["predicted"])
    assert there.table["error"].equals(table.table["error"])


def test_before_and_after_a_temperature_are_the_metrics_of_either_table(made_up: Callable[..., Predictions]) -> None:
    raw = made_up(300, 4, groups=20)
    found = recalibration(recalibrated(raw, 1.7), temperature=1.7)
    for name, table in (("before", raw), ("after", recalibrated(raw, 1.7))):
        whole = measure(table)
        for key, estimate in msgspec.structs.asdict(getattr(found, name)).items():
            for bound in ("value", "low", "high"):
                expected = pytest.approx(getattr(whole.of(key), bound), rel=1e-9)
                assert getattr(estimate, bound) == expected, (name, key, bound)
            assert estimate.method == whole.of(key).method


def test_the_temperature_of_validation_images_helps_on_others() -> None:
    logits = np.random.default_rng(3).normal(size=(4000, 4)) * 3
    made = [drawn_from(softmax(part / 2), softmax(part), seed=k) for k, part in enumerate(np.split(logits, 2))]
    temperature = fit_temperature(made[0])
    found = recalibration(recalibrated(made[1], temperature), temperature=temperature)
    assert found.after.log_loss.high < found.before.log_loss.low
    assert found.after.expected_calibration_error.value < found.before.expected_calibration_error.low


def test_what_is_left_above_a_threshold_is_counted(made_up: Callable[..., Predictions]) -> None:
    table = made_up(300, 3)
    found = answered_at(table, 0.7)
    kept = table.probabilities.max(axis=1) >= 0.7
    right = table.label_indices == table.predicted_indices
    assert (found.coverage.value, found.coverage.n) == (pytest.approx(kept.mean()), 300)
    assert (found.accuracy.value, found.accuracy.n) == (pytest.approx(right[kept].mean()), kept.sum())
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    nothing = answered_at(table, 1.0)
    assert (nothing.coverage.value, nothing.accuracy.value, nothing.accuracy.n) == (0.0, None, 0)


def test_the_metrics_hold_the_curve_of_accuracy_against_coverage(made_up: Callable[..., Predictions]) -> None:
    table = made_up(400, 4, groups=40)
    curve = measure(table).abstention
    assert [point.coverage for point in curve] == pytest.approx([*np.arange(1, 0, -0.05), 1 / 400], abs=0.01)
    assert all(answered_at(table, point.min_confidence).accuracy == point.accuracy for point in curve)
    assert "clustered" in curve[3].accuracy.method
