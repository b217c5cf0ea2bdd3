"""From images to a classifier, its evaluation and its predictions; what is wrong with the input is named on the way."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.classifier import load
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import Predictions
from leadline.training.run_folder import Run
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from leadline.verbs.train import plan_training, train

from ..conftest import MakeImages, Notes, disc

MODEL = "resnet20_cifar"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A classifier of dark and light discs, trained to tell them apart."""
    folder = tmp_path_factory.mktemp("trained")
    for position, label in enumerate(("dark", "light")):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(60):
            pixels = disc(1000 * position + number, bright=position == 1)
            Image.fromarray(pixels).save(folder / "images" / label / f"{number:03d}.png")
    return train(folder / "images", model=MODEL, out=folder / "run", epochs=8)


def test_a_run_leaves_what_the_design_names(trained: Run) -> None:
    names = {path.relative_to(trained.folder).as_posix() for path in trained.folder.rglob("*") if path.is_file()}
    assert names >= {
        "recipe.toml", "manifest.parquet", "history.csv", "checkpoint.pt", "classifier/model.safetensors",
        "classifier/classifier.json", "predictions.parquet", "metrics.json", "report.html", "environment.json",
        "MODEL_CARD.md",
    }  # fmt: skip
    assert not [name for name in names if name.endswith(".new")]


def test_it_learns(trained: Run) -> None:
    accuracy = trained.metrics.test.accuracy
    assert accuracy.value == 1.0
    assert accuracy.low < 1.0 == accuracy.high
    assert trained.metrics.test.top5 is None


def test_metrics_are_those_of_the_predictions(trained: Run) -> None:
    table = trained.predictions.of_split("test").table
    assert trained.metrics.test.accuracy.n == len(table) == 18
    assert (table["label"] == table["predicted"]).mean() == trained.metrics.test.accuracy.value


def test_predicting_the_test_images_as_new_files_gives_their_answers_again(trained: Run) -> None:
    before = trained.predictions.of_split("test")
    paths = [trained.manifest.root / path for path in before.table["path"]]
    again = predict(trained.folder, paths)
    assert np.allclose(again.probabilities, before.probabilities, atol=0.02)  # other batches, in bf16
    assert again.table["predicted"].equals(before.table["predicted"])


def test_a_row_per_input_in_the_order_of_the_inputs(trained: Run, tmp_path: Path) -> None:
    images = sorted((trained.manifest.root / "dark").iterdir())[:5]
    (tmp_path / "broken.png").write_bytes(images[0].read_bytes()[:80])
    (tmp_path / "text.png").write_text("no image")
    inputs = [images[3], tmp_path / "broken.png", images[0], tmp_path / "text.png", images[1]]
    found = predict(trained.folder, inputs, out=tmp_path / "out.csv")
    assert found.table["path"].to_list() == [str(path) for path in inputs]
    assert [bool(error) for error in found.table["error"]] == [False, True, False, True, False]
    assert found.table["predicted"].to_list() == ["dark", None, "dark", None, "dark"]
    assert list(pl.read_csv(tmp_path / "out.csv").columns) == [
        "path", "predicted", "probability", "p:dark", "p:light", "error",
    ]  # fmt: skip


def test_an_unreadable_image_never_changes_its_neighbours_prediction(trained: Run, tmp_path: Path) -> None:
    images = sorted((trained.manifest.root / "dark").iterdir())[:3]
    images += sorted((trained.manifest.root / "light").iterdir())[:3]
    alone = {path: predict(trained.folder, path).table["predicted"][0] for path in images}
    (tmp_path / "empty.png").touch()
    mixed = predict(trained.folder, [path for image in images for path in (tmp_path / "empty.png", image)])
    assert mixed.table["predicted"].to_list()[1::2] == [alone[path] for path in images]
    assert mixed.table["predicted"].to_list()[::2] == [None] * 6


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_every_format_holds_the_same_predictions(trained: Run, tmp_path: Path, suffix: str) -> None:
    found = predict(trained.folder, trained.manifest.root / "light", out=tmp_path / f"out{suffix}")
    assert np.array_equal(Predictions.read(tmp_path / f"out{suffix}").probabilities, found.probabilities)


def test_files_folders_and_globs_are_inputs(trained: Run) -> None:
    root = trained.manifest.root
    found = predict(trained.folder, [root / "dark", str(root / "light" / "00*.png"), root / "dark" / "000.png"])
    assert len(found) == 60 + 10 + 1


def test_bad_requests_to_predict_are_named(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    image = trained.manifest.root / "dark" / "000.png"
    for inputs, out, message in (
        (tmp_path / "absent.png", None, "absent.png: no such file or folder"),
        (tmp_path / "empty", None, "empty: holds no images"),
        ([], None, "no images named"),
        (image, tmp_path / "out.xlsx", r"out.xlsx: .*\.csv"),
    ):
        with pytest.raises(LeadlineError, match=message):
            predict(trained.folder, inputs, out=out)
    with pytest.raises(LeadlineError, match="no such folder"):
        predict(tmp_path / "absent", image)


def test_evaluating_the_own_test_split_counts_the_look(trained: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.folder, tmp_path / "run"))
    for look in (2, 3):
        progress = Notes()
        found = evaluate(copy, progress=progress)
        assert found.metrics.accuracy.value == Run(copy).metrics.test.accuracy.value
        assert Run(copy).metrics.looks_at_test == look
        assert progress.notes == [f"look number {look} at this test split"]
        written = json.loads((found.folder / "metrics.json").read_text())
        assert written["accuracy"]["value"] == found.metrics.accuracy.value


def test_evaluating_on_other_images_uses_the_classifiers_classes(
    trained: Run, make_images: MakeImages, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(trained.folder, tmp_path / "run"))
    only_light = make_images("other", count=5)
    shutil.rmtree(only_light / "dark")
    found = evaluate(copy, only_light)
    assert found.predictions.classes == ("dark", "light")
    assert found.metrics.accuracy.value == 1.0  # numbered anew, "light" would be class 0


def test_evaluating_on_the_training_images_says_so(trained: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.folder, tmp_path / "run"))
    progress = Notes()
    evaluate(copy, trained.manifest.root, progress=progress)
    assert any("84 of these images were trained on" in note for note in progress.notes)
    assert "look number 2 at this test split" in progress.notes  # its images are among them


def test_an_unknown_label_at_evaluation_is_refused(trained: Run, make_images: MakeImages) -> None:
    with pytest.raises(LeadlineError, match="has the class 'cat', which the classifier does not know"):
        evaluate(trained.folder, make_images("unknown", count=2, classes=("cat", "dark")))


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("classifier/model.safetensors", "has no model.safetensors"),
        ("classifier/classifier.json", "has no classifier.json"),
        ("manifest.parquet", "has no manifest.parquet"),
        ("metrics.json", "has no metrics.json"),
    ],
)
def test_a_run_from_which_a_piece_is_missing_names_it(trained: Run, tmp_path: Path, missing: str, message: str) -> None:
    copy = Path(shutil.copytree(trained.folder, tmp_path / "run"))
    (copy / missing).unlink()
    with pytest.raises(LeadlineError, match=message):
        evaluate(copy)


def test_a_damaged_classifier_is_named(trained: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.folder, tmp_path / "run"))
    weights = copy / "classifier" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(LeadlineError, match=r"model.safetensors: does not hold the weights of resnet20_cifar"):
        load(copy)


def test_an_image_of_another_kind_is_an_error_of_its_row(trained: Run, tmp_path: Path) -> None:
    Image.fromarray(np.full((32, 32), 40000, dtype=np.uint16)).save(tmp_path / "deep.png")
    found = predict(trained.folder, tmp_path / "deep.png")
    assert found.table["error"][0] == "1 channel of uint16, but the classifier's images have 1 of uint8"


def test_images_that_cannot_be_decoded_are_left_out_and_named(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images(count=12)
    for name in ("dark/003.png", "light/004.png"):
        content = bytearray((root / name).read_bytes())
        content[len(content) // 2 : len(content) // 2 + 32] = bytes(32)
        (root / name).write_bytes(content)
    (root / "dark" / "zero.png").touch()
    progress = Notes()
    run = train(root, model=MODEL, out=tmp_path / "run", epochs=1, progress=progress)
    assert {one.path for one in run.metrics.left_out} == {"dark/003.png", "light/004.png", "dark/zero.png"}
    assert any(note.startswith("left out dark/zero.png: ") for note in progress.notes)


def test_mixed_kinds_are_refused_with_the_counts(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images(count=4)
    Image.fromarray(np.zeros((32, 32), dtype=np.uint16)).save(root / "dark" / "deep.png")
    with pytest.raises(LeadlineError, match=r"8 with 1 of uint8, such as dark/000.png; 1 with 1 of uint16"):
        train(root, model=MODEL, out=tmp_path / "run", epochs=1)


def test_a_folder_that_exists_is_not_written_into(make_images: MakeImages, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match="exists already; choose another --out, or go on with --resume"):
        train(make_images(), model=MODEL, out=tmp_path / "run", epochs=1)
    assert not list((tmp_path / "run").iterdir())


def test_unknown_networks_name_the_nearest(make_images: MakeImages) -> None:
    with pytest.raises(UsageError, match="resnet20_cifar"):
        train(make_images(), model="resnet20")


def test_minutes_become_steps_once_and_options_overrule_the_recipe(make_images: MakeImages, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("minutes = 0.02\nbatch_size = 8\nmodel = 'resnet20_cifar'\nwarmup = 0.25")
    data = make_images()
    plan, _ = plan_training(data, recipe=tmp_path / "my.toml", batch_size=4)
    (recipe,) = plan.recipes
    assert (recipe.batch_size, recipe.warmup, recipe.steps >= 1) == (4, 0.25, True)
    plan, _ = plan_training(data, recipe=tmp_path / "my.toml", epochs=3.0)
    assert plan.recipes[0].steps == 3 * 2
    with pytest.raises(UsageError, match="epochs and minutes: give one"):
        plan_training(data, model=MODEL, recipe=None, epochs=1.0, minutes=1.0)


def test_a_size_below_the_networks_smallest_is_raised_and_said(make_images: MakeImages) -> None:
    progress = Notes()
    plan, _ = plan_training(make_images(), model="lenet5", recipe=None, size=20, epochs=1.0, progress=progress)
    assert plan.recipes[0].size == 32
    assert progress.notes == ["lenet5 works at 32 pixels, its smallest, and not at 20"]


def test_a_group_is_never_divided(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=40), model=MODEL, out=tmp_path / "run", epochs=1, group=r"/(\d\d)")
    table = run.manifest.table
    assert table.group_by("group").agg(pl.col("split").n_unique())["split"].max() == 1
    assert run.predictions.groups is not None


def test_minutes_that_hold_no_training_are_refused(make_images: MakeImages) -> None:
    with pytest.raises(UsageError, match="--minutes 1e-06: not even the predictions fit into it"):
        plan_training(make_images(), model=MODEL, recipe=None, minutes=1e-6)


def test_nothing_is_written_into_the_data(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_images()
    monkeypatch.chdir(data)
    with pytest.raises(UsageError, match="lies in the data, where nothing is written"):
        train(".", model="lenet5", epochs=1)
    with pytest.raises(UsageError, match="lies in the data"):
        train(data, model="lenet5", epochs=1, out=data / "dark" / "run")
    assert sorted(path.name for path in data.iterdir()) == ["dark", "light"]


def test_new_images_are_grouped_as_those_of_the_training_were(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=40)
    run = train(data, model="lenet5", out=tmp_path / "run", epochs=1, group=r"/(\d\d)\d")
    progress = Notes()
    again = evaluate(run.folder, data, progress=progress)
    assert again.metrics.accuracy.method == "Wilson, clustered by 4 groups"
    for image in data.rglob("*.png"):
        image.rename(image.with_name(f"cell {image.name}"))
    without = evaluate(run.folder, data, progress=progress)
    assert without.metrics.accuracy.method == "Wilson"
    assert any(note.startswith("the training's --group does not fit these images: ") for note in progress.notes)


def test_a_test_split_that_is_no_longer_there_costs_no_look(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=12)
    run = train(data, model="lenet5", out=tmp_path / "run", epochs=1)
    data.rename(tmp_path / "elsewhere")
    with pytest.raises(LeadlineError, match="4 of the 4 test images"):
        evaluate(run.folder)
    assert run.metrics.looks_at_test == 1
    assert not (run.folder / "evaluations").exists()


def test_a_finished_run_without_its_classifier_is_not_called_unfinished(trained: Run, tmp_path: Path) -> None:
    shutil.copytree(trained.folder, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "classifier")
    with pytest.raises(LeadlineError, match=r"its classifier/ is missing; train it again: leadline train --recipe"):
        load(tmp_path / "run")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
def test_a_name_that_is_no_text_keeps_its_row(trained: Run, tmp_path: Path) -> None:
    image = (trained.manifest.root / "dark" / "000.png").read_bytes()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / os.fsdecode(b"Zelle_\xe4.png")).write_bytes(image)
    found = predict(trained.folder, tmp_path / "images", out=tmp_path / "found.csv")
    assert found.table["path"].to_list() == [str(tmp_path / "images" / "Zelle_\\udce4.png")]
    assert found.table["predicted"].to_list() == ["dark"]
    assert Predictions.read(tmp_path / "found.csv").table["path"].to_list() == found.table["path"].to_list()
