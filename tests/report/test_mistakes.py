"""The gallery: the surest mistakes first, each shown as it lies on disk."""

from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile
from PIL import Image

from leadline.evaluation.predictions import Predictions
from leadline.report.mistakes import LARGEST_SIDE, SHOWN, Gallery, Mistake, most_confident_mistakes
from leadline.report.run_tables import Network, RunTables, read_network
from leadline.training.recipe import Recipe


def pixels_of(mistake: Mistake) -> np.ndarray:
    return np.array(Image.open(BytesIO(b64decode(mistake.thumbnail.uri.split(",")[1]))))


def gallery_of(root: Path, *paths: str, **tables: Any) -> Gallery:
    """As if each of these images of cats were taken for a dog."""
    predictions = Predictions.from_arrays(
        paths=paths,
        probabilities=[[0.1, 0.9]] * len(paths),
        classes=["cat", "dog"],
        labels=["cat"] * len(paths),
        splits=["test"] * len(paths),
    )
    gallery = most_confident_mistakes(Network("net", RunTables(predictions=predictions, data_root=root, **tables)))
    assert gallery is not None
    return gallery


def reading(channels: str, project: str = "") -> Recipe:
    """A recipe that reads images so."""
    return Recipe(
        data="d", model="lenet5", steps=1, batch_size=2, learning_rate=0.1, size=8, augment="none", channels=channels,
        project=project,
    )  # fmt: skip


def test_only_mistakes_of_test_images_are_shown_surest_first(finished: Path) -> None:
    network = read_network(finished / "lenet5")
    gallery = most_confident_mistakes(network)
    assert gallery is not None
    table = pl.read_parquet(finished / "lenet5" / "predictions.parquet").filter(split="test", error="")
    wrong = table.filter(pl.col("label") != pl.col("predicted"))
    assert gallery.total == len(wrong) > SHOWN, "the stand-in network makes more mistakes than are shown"
    assert gallery.images == len(table)
    surest = wrong.sort("probability", descending=True).head(SHOWN)
    assert [mistake.probability for mistake in gallery.mistakes] == surest["probability"].to_list()
    assert {mistake.path for mistake in gallery.mistakes} == set(surest["path"])


def test_a_small_image_is_shown_pixel_by_pixel(finished: Path) -> None:
    network = read_network(finished / "lenet5")
    gallery = most_confident_mistakes(network)
    assert gallery is not None
    for mistake in gallery.mistakes:
        assert network.tables.data_root is not None
        assert np.array_equal(pixels_of(mistake), np.array(Image.open(network.tables.data_root / mistake.path)))
        assert mistake.thumbnail.enlarged
        assert not mistake.thumbnail.changed


def test_a_large_image_becomes_a_small_file(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    mistake = gallery_of(tmp_path, "a.png").mistakes[0]
    assert mistake.thumbnail.uri.startswith("data:image/jpeg")
    assert pixels_of(mistake).shape == (LARGEST_SIDE * 3 // 4, LARGEST_SIDE, 3)
    assert not mistake.thumbnail.enlarged


def test_sixteen_bits_are_stretched_and_the_page_says_so(tmp_path: Path) -> None:
    dim = np.linspace(1000, 1400, 64, dtype=np.uint16).reshape(8, 8)
    tifffile.imwrite(tmp_path / "dim.tif", dim)
    gallery = gallery_of(tmp_path, "dim.tif")
    shown = pixels_of(gallery.mistakes[0])
    assert (shown.min(), shown.max()) == (0, 255)
    assert gallery.changes == ("uint16 intensities stretched from the lowest to the highest of each image and channel",)


@pytest.mark.parametrize(("channels", "words"), [(2, "magenta"), (5, "the first three of 5 channels")])
def test_channels_that_a_screen_has_not_are_named(tmp_path: Path, channels: int, words: str) -> None:
    planes = np.stack([np.full((8, 8), 40 * (k + 1), dtype=np.uint8) for k in range(channels)])
    tifffile.imwrite(tmp_path / "planes.tif", planes, metadata={"axes": "CYX"}, photometric="minisblack")
    gallery = gallery_of(tmp_path, "planes.tif")
    expected = [40, 80, 40] if channels == 2 else [40, 80, 120]
    assert pixels_of(gallery.mistakes[0])[0, 0].tolist() == expected
    assert words in gallery.changes[0]


def test_the_channels_and_the_projection_of_the_run_are_shown(tmp_path: Path) -> None:
    stack = np.zeros((3, 4, 8, 8), dtype=np.uint8)
    stack[:, 3] = np.array([10, 90, 40])[:, None, None]
    tifffile.imwrite(tmp_path / "stack.tif", stack, metadata={"axes": "ZCYX"}, photometric="minisblack")
    for project, value in (("max", 90), ("mean", 47)):
        gallery = gallery_of(tmp_path, "stack.tif", recipe=reading("3", project))
        assert (pixels_of(gallery.mistakes[0]) == value).all()
        assert gallery.changes == ()
    for unsuitable in (None, reading("4", "max"), reading("dna", "max")):
        assert gallery_of(tmp_path, "stack.tif", recipe=unsuitable).mistakes[0].thumbnail.uri == ""


def test_channels_in_files_of_their_own_are_shown_together(tmp_path: Path) -> None:
    names = ("rna.tif", "dna.tif", "er.tif")
    for number, name in enumerate(names):
        tifffile.imwrite(tmp_path / name, np.full((8, 8), 40 * (number + 1), dtype=np.uint8))
    gallery = gallery_of(tmp_path, "rna.tif", recipe=reading("rna,dna,er"), channel_files={"rna.tif": names})
    assert pixels_of(gallery.mistakes[0])[0, 0].tolist() == [40, 80, 120]


def test_one_unreadable_image_does_not_cost_the_others_their_thumbnails(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), dtype=np.uint8)).save(tmp_path / "good.png")
    (tmp_path / "text.png").write_text("not an image")
    mistakes = gallery_of(tmp_path, "text.png", "good.png", "gone.png").mistakes
    assert {mistake.path: bool(mistake.thumbnail.uri) for mistake in mistakes} == {
        "good.png": True,
        "text.png": False,
        "gone.png": False,
    }


def test_without_predictions_there_is_no_gallery(finished: Path) -> None:
    network = read_network(finished / "lenet5")
    assert most_confident_mistakes(replace(network, tables=RunTables())) is None
