"""Cross-validation: every image is judged once, by a network that had not seen it; resumable; verdicts rest on it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.calibration import fit_temperature, recalibrated
from leadline.evaluation.metrics import measure
from leadline.evaluation.predictions import Predictions
from leadline.training import loop
from leadline.training.cross_validation import parts_of
from leadline.training.plan import workload
from leadline.training.run_folder import Run
from leadline.verbs.compare import compare, plan_comparison
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from leadline.verbs.train import plan_training, resume, train

from ..conftest import MakeImages, disc
from ..training.test_recipe import recipe

MODEL = "lenet5"


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Thirty discs in three folds, twice; a few of them in a test split of their own."""
    folder = tmp_path_factory.mktemp("crossed")
    lines = []
    for position, label in enumerate(("dark", "light")):
        for number in range(18):
            Image.fromarray(disc(1000 * position + number, bright=position == 1)).save(
                folder / f"{label}-{number:02d}.png"
            )
            lines.append(f"{label}-{number:02d}.png,{label},{'test' if number >= 15 else 'train'}")
    (folder / "discs.csv").write_text("path,label,split\n" + "\n".join(lines))
    return train(folder / "discs.csv", model=MODEL, out=folder / "run", epochs=6, folds=3, repeats=2, batch_size=8)


def weights(folder: Path) -> bytes:
    return (folder / "classifier" / "model.safetensors").read_bytes()


def test_every_image_is_judged_by_a_network_that_was_not_trained_on_it(crossed: Run) -> None:
    temperature = crossed.classifier.temperature
    for repeat in range(2):
        table = Predictions.read(crossed.folder / "folds" / f"out-of-fold-{repeat}.parquet").table
        assert table["path"].to_list() == crossed.manifest.usable.filter(split="train")["path"].to_list()
        assert set(table["split"]) == {"out-of-fold"}
        for fold in range(3):
            run = Run(crossed.folder / "folds" / str(3 * repeat + fold))
            trained_on = set(run.manifest.usable.filter(split="train")["path"])
            judged = run.predictions.table
            assert len(trained_on) == 20
            assert len(judged) == 10
            assert not trained_on & set(judged["path"])
            joined = recalibrated(run.predictions, temperature).table.join(table, on="path", how="inner")
            assert np.array_equal(joined["p:dark"], joined["p:dark_right"])


def test_the_temperature_is_that_of_the_out_of_fold_predictions(crossed: Run) -> None:
    parts = [Run(crossed.folder / "folds" / str(number)) for number in range(3)]
    assert {part.classifier.temperature for part in parts} == {1.0}
    stated = pl.concat([part.predictions.table for part in parts])
    found = crossed.metrics.calibration
    assert found.fitted_on == "out-of-fold"
    assert found.n == 30
    assert crossed.classifier.temperature == found.temperature
    assert found.temperature == pytest.approx(fit_temperature(Predictions(stated, crossed.manifest.classes)))
    assert found.out_of_fold.after.log_loss == crossed.metrics.validation.log_loss


def test_the_figures_are_those_of_the_out_of_fold_table(crossed: Run) -> None:
    metrics = crossed.metrics
    assert metrics.validation == measure(crossed.predictions.of_split("out-of-fold"))
    assert metrics.validation.accuracy.n == 30
    assert metrics.test.accuracy.n == 6
    folds = metrics.folds
    assert (folds.folds, folds.repeats, folds.images) == (3, 2, 30)
    assert np.mean(folds.accuracy_of_folds[0]) == pytest.approx(metrics.validation.accuracy.value)
    spread = folds.repeats_spread
    assert spread.accuracies == pytest.approx(np.mean(folds.accuracy_of_folds, axis=1))


def test_the_test_split_is_in_no_fold_and_is_looked_at_once(crossed: Run) -> None:
    tested = set(crossed.manifest.usable.filter(split="test")["path"])
    for part in (crossed.folder / "folds").iterdir():
        if part.is_dir() and part.name != "all":
            assert not tested & set(Run(part).predictions.table["path"])
            assert Run(part).metrics.test is None
    assert crossed.metrics.looks_at_test == 1
    page = (crossed.folder / "report.html").read_text()
    assert "On 6 test images that it had never seen" in page
    assert "In 3 folds of the other images" in page
    assert "Over 2 repeats with other folds it was" in page


def test_the_classifier_is_the_one_that_was_trained_on_all_images(crossed: Run) -> None:
    assert weights(crossed.folder) == weights(crossed.folder / "folds" / "all")
    everything = Run(crossed.folder / "folds" / "all")
    assert len(everything.manifest.usable.filter(split="train")) == 30
    assert everything.recipe.steps == crossed.recipe.steps == 6 * 4
    assert Run(crossed.folder / "folds" / "0").recipe.steps == 6 * 3  # as many epochs, of fewer images
    found = predict(crossed.folder, crossed.manifest.root / "dark-00.png")
    assert found.table["predicted"][0] in ("dark", "light")


def test_seeds_of_the_parts_differ_and_networks_share_the_folds(make_images: MakeImages) -> None:
    data = make_images(count=12)
    plans = [
        plan_training(data, model=model, recipe=None, epochs=2.0, folds=3, repeats=2)[0]
        for model in (MODEL, "vgg_small")
    ]
    first, second = (parts_of(plan.recipes[0], plan.manifest) for plan in plans)
    assert len({part.recipe.seed for part in first}) == 7
    for one, other in zip(first, second, strict=True):
        assert one.manifest.table.equals(other.manifest.table)


def test_an_interrupted_cross_validation_goes_on_at_its_fold_to_the_same_bits(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=9)
    whole = train(data, model=MODEL, out=tmp_path / "whole", epochs=2, folds=3)
    real, started = loop.fit, []

    def fit(*arguments: object, **options: object) -> object:
        started.append(1)
        if len(started) == 2:
            raise loop.Interrupted("part")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("leadline.training.training.fit", fit)
    with pytest.raises(loop.Interrupted, match=r"stopped$"):
        train(data, model=MODEL, out=tmp_path / "stopped", epochs=2, folds=3)
    with pytest.raises(LeadlineError, match="training is not finished"):
        predict(tmp_path / "stopped", data / "dark" / "000.png")
    resumed = resume(tmp_path / "stopped")
    assert len(started) == 5  # two, of which one was stopped, then the second again, the third and the last
    assert weights(resumed.folder) == weights(whole.folder)
    assert resumed.predictions.table.equals(whole.predictions.table)


def test_a_comparison_with_folds_decides_on_all_images(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=10)
    found = compare(data, models=[MODEL, "resnet20_cifar"], out=tmp_path / "out", epochs=2, folds=2, group=r"/(\d+)")
    result = found.result
    assert result.final is not None
    for network in result.final.networks:
        assert network.metrics["out-of-fold"].accuracy.n == 20
        assert "test" not in network.metrics
    assert result.looks_at_test == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "out-of-fold images" in page
    assert "There are no test images" in page
    table = Run(tmp_path / "out" / "final" / MODEL).predictions.table
    folds = [
        set(Run(tmp_path / "out" / "final" / MODEL / "folds" / str(k)).predictions.table["group"]) for k in range(2)
    ]
    assert not folds[0] & folds[1]
    assert table["group"].null_count() == 0


def test_a_run_without_a_test_split_says_so_when_asked_to_judge_it(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=6), model=MODEL, out=tmp_path / "run", epochs=1, folds=2)
    with pytest.raises(LeadlineError, match="has no test split; name labelled images"):
        evaluate(run.folder)
    assert "Each image was judged by a network that was trained without it" in (run.folder / "report.html").read_text()


def test_the_budget_is_for_all_folds_repeats_and_the_last_training(make_images: MakeImages) -> None:
    images = workload({"train": 60, "validation": 0, "test": 8}, recipe(folds=5, repeats=3))
    assert images == {"train": 3 * 5 * 48 + 60, "validation": 3 * 60, "test": 8}
    plan, _ = plan_training(make_images(count=40), model=MODEL, recipe=None, minutes=0.2, folds=4, repeats=2)
    assert plan.seconds(0) == pytest.approx(12, rel=0.3)


def test_requests_that_make_no_sense_are_refused(make_images: MakeImages) -> None:
    data = make_images(count=6)
    with pytest.raises(UsageError, match="repeats = 3: repeats a cross-validation"):
        plan_training(data, model=MODEL, recipe=None, epochs=1.0, repeats=3)
    with pytest.raises(UsageError, match="--folds 50: there are 12 images only"):
        plan_training(data, model=MODEL, recipe=None, epochs=1.0, folds=50)
    with pytest.raises(UsageError, match="say --repeats 2"):
        plan_comparison(data, recipe=None, epochs=1.0, folds=2, seeds=2)


def test_images_that_cannot_be_decoded_are_in_no_fold_and_named(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=6)
    broken = data / "dark" / "003.png"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 32] = bytes(32)
    broken.write_bytes(content)
    run = train(data, model=MODEL, out=tmp_path / "run", epochs=1, folds=2)
    assert run.metrics.validation.accuracy.n == 11
    assert "dark/003.png" not in run.predictions.table["path"].to_list()
    assert [one.path for one in run.metrics.left_out] == ["dark/003.png"]
