"""Images unlike the training images: predict says which and why; a classifier that does not know says nothing."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.cli.show import unlike_training
from leadline.evaluation.predictions import Predictions
from leadline.verbs.predict import predict
from leadline.verbs.train import resume, train

from ..conftest import Notes, disc


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("familiar")
    for position, label in enumerate(("dark", "light")):
        for folder in ("images", "new"):
            (home / folder / label).mkdir(parents=True)
        for number in range(140):
            image = Image.fromarray(disc(1000 * position + number, bright=position == 1, size=16))
            image.save(home / ("images" if number < 100 else "new") / label / f"{number:03d}.png")
    (home / "night").mkdir()
    for file in sorted((home / "new").rglob("*.png")):
        Image.fromarray(np.asarray(Image.open(file)) // 8).save(home / "night" / f"{file.parent.name}-{file.name}")
    return train(home / "images", model="lenet5", epochs=6, out=home / "run", progress=Notes()).folder


def test_new_images_are_familiar_and_dark_ones_are_not(run: Path) -> None:
    found = predict(run, [run.parent / "new", run.parent / "night"], engine="torch")
    night = pl.col("path").str.contains("night")
    strange = pl.col("unlike") != ""
    assert found.table.filter(~night, strange).height <= 16  # of 80; 30 validation images set the limits
    assert found.table.filter(night, strange).height == 80
    assert found.table.filter(night, pl.col("unlike").str.contains("times darker than any")).height > 70
    assert (found.table["novelty"] > 1).equals(found.table.select(strange).to_series())
    said = "\n".join(unlike_training(found))
    assert "do not look like the training images" in said
    assert f"{run.parent / 'night'}: 80 of 80" in said


def test_every_engine_finds_the_same(run: Path) -> None:
    plain, fast = (
        predict(run, run.parent / "new", engine=engine, precision="fp32").table for engine in ("torch", "openvino")
    )
    assert fast["novelty"].to_numpy() == pytest.approx(plain["novelty"].to_numpy(), rel=1e-3)


def test_the_table_is_read_as_it_was_written(run: Path, tmp_path: Path) -> None:
    for name in ("found.csv", "found.parquet"):
        found = predict(run, run.parent / "night", out=tmp_path / name)
        again = Predictions.read(tmp_path / name)
        assert again.unlike.table["path"].equals(found.unlike.table["path"])
        predict(run, run.parent / "night", out=tmp_path / name)  # in the place of the earlier one


def test_a_classifier_that_does_not_know_says_nothing_and_learns_it_on_resuming(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "older")
    known = (tmp_path / "older" / "classifier" / "novelty.safetensors").read_bytes()
    (tmp_path / "older" / "classifier" / "novelty.safetensors").unlink()
    assert "novelty" not in predict(tmp_path / "older", run.parent / "night").table.columns
    resume(tmp_path / "older", progress=Notes())
    assert (tmp_path / "older" / "classifier" / "novelty.safetensors").read_bytes() == known
