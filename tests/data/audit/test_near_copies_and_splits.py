"""Near-copies are found before the split, which keeps them together; the manifest remembers them for the folds."""

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from leadline.data.audit import copies
from leadline.data.audit.copies import with_near_copies
from leadline.data.manifest import Manifest
from leadline.data.sources.scan import scan
from leadline.data.split.folds import fold_of_images
from leadline.data.split.holdout import split
from leadline.progress import Progress
from leadline.training.plan import read_data


@pytest.fixture
def copied(clean: Path) -> Path:
    """Half of the images once more as JPEG, those of `round` in the other class."""
    for label, other in (("round", "square"), ("square", "square")):
        for file in sorted((clean / label).glob("0*.png"))[:16]:
            Image.open(file).save(clean / other / f"again_{label}_{file.stem}.jpg", quality=80)
    return clean


def original(path: str) -> str:
    """The name that an image and its copy share."""
    name = Path(path).stem.removeprefix("again_")
    return name if "_" in name else f"{Path(path).parent.name}_{name}"


def test_an_image_saved_again_is_in_the_split_of_the_first(copied: Path) -> None:
    manifest = with_near_copies(scan(copied))
    named = manifest.table.with_columns(original=pl.col("path").map_elements(original, return_dtype=pl.String))
    assert named["copy_of"].drop_nulls().n_unique() == 32
    assert named.drop_nulls("copy_of").group_by("copy_of").agg(pl.col("original").n_unique())["original"].max() == 1
    for seed in range(4):
        table = split(manifest, seed=seed).table.with_columns(original=named["original"])
        assert table.group_by("original").agg(pl.col("split").n_unique())["split"].max() == 1
        assert 0.6 < len(table.filter(split="train")) / len(table) < 0.8


def test_what_is_trained_on_has_been_searched_for_near_copies(copied: Path) -> None:
    table = read_data(copied, {}, Progress()).table
    assert table.drop_nulls("copy_of").group_by("copy_of").agg(pl.col("split").n_unique())["split"].max() == 1


def test_a_manifest_that_is_read_again_has_the_same_folds(copied: Path, tmp_path: Path) -> None:
    manifest = split(with_near_copies(scan(copied)), folds=True)
    manifest.write(tmp_path / "manifest.parquet")
    read = Manifest.read(tmp_path / "manifest.parquet")
    assert read.table.equals(manifest.table)
    folds = fold_of_images(read, 4)
    assert (folds == fold_of_images(manifest, 4)).all()
    of_copies = manifest.usable.with_columns(fold=pl.Series(folds)).drop_nulls("copy_of")
    assert of_copies.group_by("copy_of").agg(pl.col("fold").n_unique())["fold"].max() == 1


def test_too_many_images_to_compare_are_not_compared_and_that_is_said(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_COMPARED", 50)
    manifest = with_near_copies(scan(copied))
    assert "copy_of" not in manifest.table.columns
    assert "near-copies are not looked for among more than 50 images" in manifest.notes[-1]
