"""Every training image is in one fold; what belongs together is in the same; classes are spread evenly."""

from collections import Counter

import numpy as np
import polars as pl
import pytest

from leadline.data.split.folds import fold_of_images, in_fold
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError

from .test_holdout import manifest


def test_each_image_is_held_out_once_and_trained_on_in_all_other_folds() -> None:
    data = split(manifest(["a", "b"] * 30, error=["broken"] + [""] * 59), folds=True)
    folds = fold_of_images(data, 4)
    assert len(folds) == 59
    seen = Counter()
    for number in range(4):
        table = in_fold(data, folds, number).table
        assert table.columns == data.table.columns
        assert table["path"].to_list() == data.table["path"].to_list()
        assert table["split"][0] is None  # it cannot be read
        for path, part in table.select("path", "split").rows():
            seen[path, part] += 1
    assert all(seen[f"{n}.png", "validation"] == 1 and seen[f"{n}.png", "train"] == 3 for n in range(1, 60))


@pytest.mark.parametrize(("count", "a", "b"), [(5, 50, 13), (3, 7, 100), (10, 31, 29)])
def test_folds_differ_by_one_image_of_a_class_at_most_and_by_one_in_all(count: int, a: int, b: int) -> None:
    data = split(manifest(["a"] * a + ["b"] * b), folds=True)
    folds = fold_of_images(data, count, seed=3)
    labels = np.array(["a"] * a + ["b"] * b)
    for chosen in (labels == "a", labels == "b", labels != ""):
        sizes = np.bincount(folds[chosen], minlength=count)
        assert sizes.max() - sizes.min() <= 1


def test_groups_and_copies_stay_together() -> None:
    groups = [f"p{number % 12}" for number in range(60)]
    grouped = split(manifest(["a", "a", "b"] * 20, group=list(groups)), folds=True)
    folds = fold_of_images(grouped, 4)
    assert all(len({fold for fold, own in zip(folds, groups, strict=True) if own == group}) == 1 for group in groups)
    hashes = [str(number % 20) for number in range(60)]
    copied = split(manifest(["a"] * 60, sha256=list(hashes)), folds=True)
    folds = fold_of_images(copied, 5)
    assert all(len({fold for fold, own in zip(folds, hashes, strict=True) if own == one}) == 1 for one in hashes)


def test_near_copies_and_copies_under_two_classes_are_held_out_together() -> None:
    data = manifest(
        ["a"] * 40 + ["b"] * 40 + ["c"] * 9, sha256=[str(number % 40) for number in range(80)] + list("ABCDEFGHI")
    )
    near = [str(number % 40 // 2 * 2) for number in range(80)] + ["A"] * 9  # pairs; and c is one scene only
    data = split(data.with_table(data.table.with_columns(copy_of=pl.Series(near))), folds=True)
    folds = fold_of_images(data, 4)
    assert all(len(set(folds[:80][np.array(near[:80]) == one])) == 1 for one in set(near[:80]))
    assert set(folds[80:]) == set(range(4))


def test_repeats_and_seeds_have_other_folds() -> None:
    data = split(manifest(["a", "b"] * 30), folds=True)
    first = fold_of_images(data, 4)
    assert np.array_equal(first, fold_of_images(data, 4))
    assert not np.array_equal(first, fold_of_images(data, 4, repeat=1))
    assert not np.array_equal(first, fold_of_images(data, 4, seed=1))


def test_a_test_split_stays_out_of_all_folds_and_a_validation_split_joins_them() -> None:
    data = split(manifest(["a", "b"] * 20, split=["train"] * 20 + ["validation"] * 10 + ["test"] * 10), folds=True)
    folds = fold_of_images(data, 3)
    assert (folds[:30] >= 0).all()
    assert (folds[30:] == -1).all()
    assert in_fold(data, folds, 0).table["split"].to_list()[30:] == [None] * 10
    assert any("join the folds" in note for note in data.notes)


@pytest.mark.parametrize(
    ("labels", "columns", "count", "message"),
    [
        (["a"] * 1 + ["b"] * 20, {}, 3, "class 'a' has 1 image, all in one fold of 3"),
        (["a"] * 3 + ["b"] * 3, {}, 7, "--folds 7: there are 6 images only"),
        (["a", "b"] * 10, {}, 1, "--folds 1: at least 2"),
        (["a", "b"] * 10, {"group": ["x", "y"] * 10}, 3, "--folds 3: there are 2 groups only"),
        (["a", "b"] * 10, {"group": ["x", "y"] * 10}, 2, r"class 'a' lie in 1 group only \(x 10\)"),
    ],
)
def test_folds_that_cannot_be_are_refused(
    labels: list[str], columns: dict[str, list[str | None]], count: int, message: str
) -> None:
    with pytest.raises(LeadlineError, match=message):
        fold_of_images(split(manifest(labels, **columns), folds=True), count)
