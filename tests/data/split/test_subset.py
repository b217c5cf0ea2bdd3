"""Growing subsets are nested, have every class, and keep groups whole."""

from itertools import pairwise

import polars as pl

from leadline.data.manifest import Manifest
from leadline.data.split.holdout import split
from leadline.data.split.subset import halved

from .test_holdout import manifest


def training(part: Manifest) -> set[str]:
    return set(part.usable.filter(split="train")["path"])


def test_each_half_is_a_stratified_part_of_the_one_before() -> None:
    data = split(manifest(["a"] * 400 + ["b"] * 100))
    parts = [data, *halved(data, 3)]
    for larger, smaller in pairwise(parts):
        assert training(smaller) < training(larger)
        for label in ("a", "b"):
            counts = [len(one.usable.filter(split="train", label=label)) for one in (larger, smaller)]
            assert counts[1] == counts[0] // 2


def test_the_validation_images_stay_and_no_test_image_is_seen() -> None:
    data = split(manifest(["a", "b"] * 50, error=["broken"] + [""] * 99))
    validation = set(data.usable.filter(split="validation")["path"])
    for part in halved(data, 3):
        assert set(part.usable.filter(split="validation")["path"]) == validation
        assert not len(part.table.filter(split="test"))
        assert part.table["path"].to_list() == data.table["path"].to_list()
        assert part.table.columns == data.table.columns


def test_groups_are_whole_and_copies_stay_together() -> None:
    data = split(manifest(["a", "b"] * 200, group=[f"p{number // 10}" for number in range(400)]))
    for part in halved(data, 2):
        chosen = part.usable.with_columns(kept=pl.col("split").fill_null("") == "train")
        of_training = chosen.filter(pl.col("path").is_in(list(training(data))))
        assert of_training.group_by("group").agg(pl.col("kept").n_unique())["kept"].max() == 1
    copies = split(manifest(["a", "b"] * 60, sha256=[str(number // 4 * 2 + number % 2) for number in range(120)]))
    for part in halved(copies, 2):
        chosen = part.usable.filter(pl.col("path").is_in(list(training(copies))))
        assert chosen.group_by("sha256").agg(pl.col("split").is_null().n_unique())["split"].max() == 1


def test_where_a_class_would_be_lost_there_are_fewer_subsets() -> None:
    data = split(manifest(["a"] * 100 + ["b"] * 6))  # four of b for training
    assert [len(part.usable.filter(split="train", label="b")) for part in halved(data, 3)] == [2, 1]
    few = split(manifest(["a", "b"] * 20, group=[f"p{number // 10}" for number in range(40)]))
    assert len(halved(few, 3)) == 1


def test_the_seed_chooses_the_subset() -> None:
    data = split(manifest(["a", "b"] * 100))
    assert training(halved(data, 1)[0]) == training(halved(data, 1)[0])
    assert training(halved(data, 1, seed=1)[0]) != training(halved(data, 1)[0])
