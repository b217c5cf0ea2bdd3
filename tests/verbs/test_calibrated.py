"""The temperature from training to prediction: fitted once, stored, applied everywhere, changing no answer."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.classifier import load
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.calibration import at_temperature, fit_temperature, recalibrated
from leadline.evaluation.metrics import measure
from leadline.training.run_folder import Run
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from leadline.verbs.train import train

from ..conftest import disc


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network that has not quite learned discs of two kinds, in which every tenth label is wrong."""
    folder = tmp_path_factory.mktemp("calibrated")
    for position, label in enumerate(("dark", "light")):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(100):
            pixels = disc(1000 * position + number, bright=(position == 1) != (number % 10 == 0))
            Image.fromarray(pixels).save(folder / "images" / label / f"{number:03d}.png")
    (folder / "images" / "light" / "000-broken.png").touch()
    return train(folder / "images", model="resnet20_cifar", out=folder / "run", epochs=4, group=r"/(\d\d)")


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "run")))


def test_the_temperature_is_the_best_one_of_the_validation_images(trained: Run) -> None:
    temperature = load(trained.folder).temperature
    assert temperature != 1.0
    raw = recalibrated(trained.predictions, 1 / temperature)
    assert temperature == pytest.approx(fit_temperature(raw.of_split("validation")), rel=1e-4)
    assert fit_temperature(trained.predictions.of_split("validation")) == pytest.approx(1.0, rel=1e-4)


def test_metrics_hold_both_sides_of_it(trained: Run) -> None:
    found, metrics = trained.metrics.calibration, trained.metrics
    assert found.temperature == load(trained.folder).temperature
    assert found.fitted_on == "validation"
    raw = recalibrated(trained.predictions, 1 / found.temperature)
    for split in ("validation", "test"):
        for key in ("log_loss", "brier_score", "expected_calibration_error"):
            assert getattr(getattr(found, split).after, key) == getattr(metrics, split).of(key)
            before = measure(raw.of_split(split)).of(key)
            assert getattr(getattr(found, split).before, key).value == pytest.approx(before.value)
    assert found.validation.after.log_loss.value < found.validation.before.log_loss.value


def test_every_prediction_is_at_the_temperature_and_every_answer_as_without(run: Run) -> None:
    paths = [run.manifest.root / path for path in run.predictions.of_split("test").table["path"]]
    calibrated = predict(run.folder, paths)
    assert np.allclose(calibrated.probabilities, run.predictions.of_split("test").probabilities, atol=0.02)
    classifier = load(run.folder)
    replace(classifier, temperature=1.0).save(run.folder / "classifier")
    raw = predict(run.folder, paths)
    assert np.allclose(at_temperature(raw.probabilities, classifier.temperature), calibrated.probabilities, rtol=1e-9)
    assert not np.allclose(raw.probabilities, calibrated.probabilities, atol=0.01)
    assert raw.table["predicted"].equals(calibrated.table["predicted"])


def test_an_older_classifier_has_none_and_a_damaged_one_is_named(run: Run) -> None:
    file = run.folder / "classifier" / "classifier.json"
    description = json.loads(file.read_text())
    file.write_text(json.dumps({name: value for name, value in description.items() if name != "temperature"}))
    assert load(run.folder).temperature == 1.0
    for wrong in (0, -1, "warm", None):
        file.write_text(json.dumps({**description, "temperature": wrong}))
        with pytest.raises(LeadlineError, match=r"classifier\.json"):
            load(run.folder)


def test_evaluating_says_what_the_temperature_changes_there_and_what_a_threshold_leaves(run: Run) -> None:
    middle = float(np.median(run.predictions.of_split("test").table["probability"]))
    found = evaluate(run.folder, min_confidence=middle)
    assert found.metrics.calibration.after.log_loss == found.metrics.log_loss
    assert found.metrics.calibration.before.log_loss != found.metrics.log_loss
    kept = found.predictions.table["probability"].to_numpy() >= middle
    assert 0 < kept.sum() < len(kept)
    assert found.metrics.answered.coverage.value == pytest.approx(kept.mean())
    assert "clustered" in found.metrics.answered.accuracy.method
    assert evaluate(run.folder).metrics.answered is None


def test_looks_at_the_test_images_are_counted_on_the_card_too(run: Run) -> None:
    evaluate(run.folder)
    assert "looks at them so far: 2." in (run.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "which were looked at twice" in (run.folder / "report.html").read_text("utf-8")


def test_predictions_below_a_confidence_are_uncertain(trained: Run, tmp_path: Path) -> None:
    images = trained.manifest.root / "dark"
    whole = predict(trained.folder, images)
    middle = float(np.median(whole.table["probability"]))
    some = predict(trained.folder, images, min_confidence=middle)
    sure = whole.table["probability"] >= middle
    assert 0 < sure.sum() < len(whole)
    assert (some.table["predicted"] == "uncertain").to_list() == (~sure).to_list()
    assert some.table.drop("predicted").equals(whole.table.drop("predicted"))
    with pytest.raises(UsageError, match="--min-confidence 80: is a probability"):
        predict(trained.folder, images, min_confidence=80, out=tmp_path / "out.csv")
    with pytest.raises(UsageError, match="--min-confidence 2"):
        evaluate(trained.folder, min_confidence=2)
    assert trained.metrics.looks_at_test == 1  # it was refused before it looked


def test_a_run_with_groups_and_an_unreadable_image_says_both_on_its_card(trained: Run) -> None:
    text = (trained.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "clustered by" in text
    assert "no group had images in two of these sets" in text
    assert "`/(\\d\\d)`" in text
    assert "**Images left out.** 1, in no figure: `light/000-broken.png` (is empty" in text
    assert "1 further image was left out" in text
    assert not re.search(r"\b(None(?!: its input)|nan)\b", text)
