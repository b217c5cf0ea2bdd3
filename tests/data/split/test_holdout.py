"""The split is stratified, seeded, keeps what belongs together, and refuses what cannot be split."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.data.manifest import SCHEMA, Manifest
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError, UsageError


def manifest(labels: list[str], **columns: list[str | None]) -> Manifest:
    count = len(labels)
    rows: dict[str, list[object]] = {
        "path": [f"{number}.png" for number in range(count)],
        "label": list(labels),
        "split": [None] * count,
        "group": [None] * count,
        "width": [8] * count,
        "height": [8] * count,
        "channels": [1] * count,
        "dtype": ["uint8"] * count,
        "sha256": [str(number) for number in range(count)],
        "error": [""] * count,
    }
    return Manifest(pl.DataFrame(rows | columns, schema=SCHEMA), tuple(sorted(set(labels))), Path(), "test")


def counts(table: pl.DataFrame) -> dict[tuple[str, str], int]:
    return {(split, label): n for split, label, n in table.group_by("split", "label").len().iter_rows()}


def test_seventy_fifteen_fifteen_in_every_class() -> None:
    found = counts(split(manifest(["a"] * 100 + ["b"] * 1000)).table)
    assert found == {
        ("train", "a"): 70, ("validation", "a"): 15, ("test", "a"): 15,
        ("train", "b"): 700, ("validation", "b"): 150, ("test", "b"): 150,
    }  # fmt: skip


def test_the_same_seed_gives_the_same_split_and_another_does_not() -> None:
    data = manifest(["a"] * 50 + ["b"] * 50)
    assert split(data).table.equals(split(data).table)
    assert not split(data, seed=1).table.equals(split(data).table)


@pytest.mark.parametrize(("images", "parts"), [(3, (2, 1, 0)), (4, (3, 1, 0)), (5, (3, 1, 1)), (10, (6, 2, 2))])
def test_most_images_of_a_class_train_and_of_three_or_four_none_is_tested(
    images: int, parts: tuple[int, int, int]
) -> None:
    found = split(manifest(["a"] * images + ["b"] * 40))
    assert tuple(counts(found.table).get((name, "a"), 0) for name in ("train", "validation", "test")) == parts
    assert any("test split has no image of a" in note for note in found.notes) == (images < 5)
    given = split(manifest(["a"] * images + ["b"] * 40, split=["train"] * (images + 38) + ["test"] * 2))
    assert counts(given.table)[("train", "a")] > images / 2


def test_two_images_of_a_class_are_refused() -> None:
    with pytest.raises(LeadlineError, match="class 'a' has 2 images that can be used; at least 3"):
        split(manifest(["a"] * 2 + ["b"] * 40))
    with pytest.raises(LeadlineError, match="class 'a' has 1 image that"):
        split(manifest(["a"] + ["b"] * 40))


def test_a_class_of_copies_has_as_many_images_as_there_are_different_ones() -> None:
    hashes = ["one", "two"] * 10 + [str(number) for number in range(40)]
    with pytest.raises(LeadlineError, match=r"class 'a' has 2 images \(in 20 copies\) that can be used; at least 3"):
        split(manifest(["a"] * 20 + ["b"] * 40, sha256=list(hashes)))
    hashes[:3] = ["three", "four", "five"]
    found = counts(split(manifest(["a"] * 20 + ["b"] * 40, sha256=list(hashes))).table)
    assert found[("test", "a")] >= 1
    assert found[("train", "a")] > 10  # of the copies, too


def test_copies_of_an_image_stay_together() -> None:
    hashes = [str(number % 30) for number in range(60)]
    table = split(manifest(["a", "b"] * 30, sha256=list(hashes))).table
    assert table.group_by("sha256").agg(pl.col("split").n_unique())["split"].max() == 1


@pytest.mark.parametrize("seed", range(5))
def test_copies_that_are_filed_under_two_classes_stay_together(seed: int) -> None:
    hashes = [str(number % 60) for number in range(120)]
    table = split(manifest(["a"] * 60 + ["b"] * 60, sha256=list(hashes)), seed=seed).table
    assert table.group_by("sha256").agg(pl.col("split").n_unique())["split"].max() == 1
    assert all((part, label) in counts(table) for part in ("train", "validation", "test") for label in "ab")


def test_near_copies_stay_together_and_a_class_of_little_else_is_dealt_all_the_same() -> None:
    labels = ["a"] * 60 + ["b"] * 60 + ["c"] * 20
    data = manifest(labels)
    copy_of = [str(number - number % 3) for number in range(120)] + ["120"] * 20  # triples; c is one scene only
    table = split(data.with_table(data.table.with_columns(copy_of=pl.Series(copy_of)))).table
    divided = table.head(120).group_by("copy_of").agg(pl.col("split").n_unique())["split"]
    assert divided.max() == 1
    found = counts(table)
    assert found[("train", "c")] == 14
    assert found[("test", "c")] == found[("validation", "c")] == 3
    assert found[("train", "a")] == 42


def test_a_large_cluster_of_near_copies_does_not_take_the_images_from_training() -> None:
    data = manifest(["a"] * 100 + ["b"] * 100)
    copy_of = ["0"] * 60 + [None] * 140
    for seed in range(10):
        found = counts(split(data.with_table(data.table.with_columns(copy_of=pl.Series(copy_of))), seed=seed).table)
        assert 70 <= found[("train", "a")] <= 76
        assert found[("test", "a")] >= 12


def test_groups_that_share_an_image_are_dealt_as_one_unless_too_few_would_remain() -> None:
    groups = [f"p{number % 30}" for number in range(300)]
    hashes = ["p0 p1" if number in (0, 1) else str(number) for number in range(300)]
    for seed in range(5):
        table = split(manifest(["a", "b", "b"] * 100, group=list(groups), sha256=list(hashes)), seed=seed).table
        assert table.filter(pl.col("group").is_in(["p0", "p1"]))["split"].n_unique() == 1
        assert table.group_by("group").agg(pl.col("split").n_unique())["split"].max() == 1
    all_tied = ["everywhere" if number < 30 else str(number) for number in range(300)]
    found = split(manifest(["a", "b", "b"] * 100, group=list(groups), sha256=all_tied))
    assert found.table["split"].n_unique() == 3
    assert any("as exact copies" in note for note in found.notes)


def test_no_group_is_in_two_splits_and_classes_stay_balanced() -> None:
    random = np.random.default_rng(0)
    groups = [f"patient {number}" for number in random.integers(0, 60, 3000)]
    labels = [str(value) for value in random.integers(0, 2, 3000)]
    table = split(manifest(labels, group=list(groups))).table
    assert table.group_by("group").agg(pl.col("split").n_unique())["split"].max() == 1
    shares = {name: len(table.filter(split=name)) / 3000 for name in ("train", "validation", "test")}
    assert shares["train"] == pytest.approx(0.70, abs=0.05)
    assert shares["test"] == pytest.approx(0.15, abs=0.05)


def test_given_splits_are_kept_and_validation_is_carved_from_training() -> None:
    data = manifest(["a", "b"] * 100, split=["train"] * 160 + ["test"] * 40)
    table = split(data).table
    assert table["split"].to_list()[160:] == ["test"] * 40
    assert counts(table)[("validation", "a")] == 12  # 15 % of 80
    assert counts(table)[("train", "b")] == 68


def test_unusable_images_are_in_no_split() -> None:
    data = manifest(["a", "b"] * 20, error=["broken"] * 2 + [""] * 38)
    assert split(data).table["split"].to_list()[:2] == [None, None]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"split": ["train"] * 20 + [None] * 20}, "some images have a split and others, such as 20.png, have none"),
        ({"split": ["test"] * 20 + ["validation"] * 20}, "none for training"),
        ({"group": ["x"] * 39 + [None]}, r"39\.png: has no group"),
        ({"group": ["x", "y"] * 20}, "2 groups \\(x, y\\) cannot be dealt into 3 splits"),
        ({"group": ["x", "x", "y", "y"] * 10, "split": ["train", "train", "test", "test"] * 9 + ["test"] * 4},
         "images of group 'x' lie in several splits"),
        ({"split": ["train", "test"] * 20}, "the class 'b' has no image"),
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_refused(columns: dict[str, list[str | None]], message: str) -> None:
    with pytest.raises(LeadlineError, match=message):
        split(manifest(["a", "b"] * 20, **columns))


def test_a_class_that_lies_in_one_group_only_is_refused_with_the_counts() -> None:
    groups = ["p0"] * 10 + [f"p{number}" for number in range(1, 31)]
    with pytest.raises(LeadlineError, match=r"class 'a' lie in 1 group only \(p0 10\)"):
        split(manifest(["a"] * 10 + ["b"] * 30, group=list(groups)))


def grouped() -> Manifest:
    return manifest(["a", "b"] * 40, group=[f"site {number // 16}" for number in range(80)])


def test_the_groups_that_are_named_are_the_test_split() -> None:
    table = split(grouped(), test_group=("site 1", "site 4")).table
    assert set(table.filter(split="test")["group"]) == {"site 1", "site 4"}
    assert len(table.filter(split="test")) == 32
    assert table.group_by("group").agg(pl.col("split").n_unique())["split"].max() == 1
    assert table.filter(pl.col("split") == "validation")["group"].n_unique() == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (grouped(), r"no image is of this group; did you mean 'site 2'\? there are site 0 \(16 images\), site 1 \("),
        (manifest(["a", "b"] * 20), "these images have no groups; say what they are with --group"),
        (manifest(["a", "b"] * 20, split=["train"] * 20 + ["test"] * 20, group=["x"] * 20 + ["y"] * 20),
         "has a test split of its own"),
    ],
)  # fmt: skip
def test_test_groups_that_cannot_be_are_refused(data: Manifest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        split(data, test_group=("Site 2",))


def test_leaving_out_one_of_two_sites_leaves_too_few_groups() -> None:
    data = manifest(["a", "b"] * 20, group=["x"] * 20 + ["y"] * 20)
    with pytest.raises(LeadlineError, match=r"1 group \(x\) cannot be dealt into 2 splits"):
        split(data, test_group=("y",))


def test_a_class_that_the_test_groups_lack_is_noted() -> None:
    labels = [("a", "b", "c")[number % (2 if number < 20 else 3)] for number in range(80)]
    data = manifest(labels, group=[f"site {number // 20}" for number in range(80)])
    assert "the test split has no image of c" in split(data, test_group=("site 0",)).notes


def test_exact_copies_in_two_given_splits_are_noted_with_both_places() -> None:
    hashes = [str(number) for number in range(39)] + ["0"]
    splits = ["train"] * 20 + ["validation"] * 10 + ["test"] * 10
    (note,) = split(manifest(["a", "b"] * 20, split=list(splits), sha256=hashes)).notes
    assert "1 image in several splits, as exact copies, such as 0.png (train) and 39.png (test)" in note
    assert split(manifest(["a", "b"] * 20, split=list(splits))).notes == ()
