"""Runs that an earlier Leadline left (revision 7a6507a, before metrics.json had a schema) are read as ever."""

import json
import shutil
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.report import write_model_card, write_run_report
from leadline.results import json_files
from leadline.results.run_metrics import Environment, RunMetrics
from leadline.training.run_folder import Run

OLDER = Path(__file__).with_name("run_of_7a6507a")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(shutil.copytree(OLDER, tmp_path / "run"))


def test_every_figure_is_read_as_it_was_written(run: Run) -> None:
    written, metrics = json.loads((OLDER / "metrics.json").read_text()), run.metrics
    assert metrics.test is not None
    for name in ("accuracy", "balanced_accuracy", "auroc", "log_loss", "expected_calibration_error"):
        for part in ("value", "low", "high", "method", "n"):
            assert getattr(metrics.test.of(name), part) == written["test"][name][part]
    assert metrics.test.per_class["dark"].recall.value == written["test"]["per_class"]["dark"]["recall"]["value"]
    assert metrics.calibration is not None
    assert metrics.calibration.temperature == written["calibration"]["temperature"]
    assert metrics.seconds_per_image.prediction == written["seconds_per_image"]["prediction"]
    assert [row["step"] for row in run.history] == [1, 2, 3]
    assert (run.recipe.model, run.recipe.optimizer, run.recipe.learning_rate) == ("lenet5", "sgd", 0.05)
    environment = json_files.read(run.folder / "environment.json", Environment)
    assert environment.packages["leadline"] == "0.1.0"


def test_what_is_read_is_written_again_with_all_its_keys(run: Run) -> None:
    before = json.loads((OLDER / "metrics.json").read_text())
    run.write_metrics(run.metrics)
    after = json.loads((run.folder / "metrics.json").read_text())
    assert set(before) <= set(after)
    assert after["schema"] == 1
    assert set(before["test"]) <= set(after["test"])
    assert after["test"]["accuracy"] == before["test"]["accuracy"]


def test_a_report_and_a_card_can_be_made_of_it(run: Run) -> None:
    accuracy = f"{100 * run.metrics.test.accuracy.value:.1f}\u00a0%"  # type: ignore[union-attr]
    for written in (write_run_report(run.folder), write_model_card(run.folder)):
        assert accuracy in written.read_text("utf-8")


def test_a_schema_that_is_not_known_is_refused_by_its_number(run: Run) -> None:
    file = run.folder / "metrics.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 9}))
    with pytest.raises(LeadlineError, match="has schema 9, and this Leadline reads schema 1"):
        json_files.read(file, RunMetrics)
