"""The check of a table with gaps says what a training would refuse, each thing once, and goes on to the images."""

import shutil
from pathlib import Path

import pytest

from leadline.data.sources.scan import columns_of, scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError
from leadline.verbs.check import check

from ..conftest import MakeImages

COUNT = 12


def write(root: Path, header: str, *columns: str, extra: tuple[str, ...] = ()) -> Path:
    """A table of COUNT images of each class; `columns` are formatted with the image's number and its class."""
    rows = [
        ",".join([f"{label}/{number:03d}.png", label, *(text.format(number=number, label=label) for text in columns)])
        for label in ("dark", "light")
        for number in range(COUNT)
    ]
    (root / "table.csv").write_text("\n".join([f"path,label,{header}".rstrip(","), *rows, *extra]) + "\n")
    return root / "table.csv"


def errors(table: Path, **asked: str) -> list[str]:
    return [one.message for one in check(table, **asked).problems if one.severity == "error"]


@pytest.mark.parametrize("option", ["group", "batch"])
def test_rows_that_are_dropped_take_their_columns_with_them(make_images: MakeImages, option: str) -> None:
    extra = (",dark,no path", "light/003.png,light,twice")
    table = write(make_images(count=COUNT), "patient", "p{number}{label}", extra=extra)
    found = errors(table, **{option: "patient"})
    assert found == [f"{table}: row 26 has no path", f"{table}: lists light/003.png more than once"]
    complaints: list[str] = []
    rows = scan(table, refuse=complaints.append).table
    assert columns_of(table)["patient"] == [
        f"p{int(path[-7:-4])}{label}" for path, label in rows.select("path", "label").iter_rows()
    ]


def emptied(table: Path, cell: str) -> Path:
    text = table.read_text()
    assert cell in text
    table.write_text(text.replace(cell, "", 1))
    return table


def refused(table: Path) -> str:
    with pytest.raises(LeadlineError) as caught:
        split(scan(table))
    return str(caught.value)


def test_a_partly_filled_group_is_an_error_once(make_images: MakeImages) -> None:
    table = emptied(write(make_images(count=COUNT), "group", "g{number}{label}"), "g4dark")
    assert errors(table) == [refused(table)] == [
        "dark/004.png: has no group, but other images have one; give every image its group"
    ]  # fmt: skip
    named = table.with_name("named.csv")
    named.write_text(table.read_text().replace("group", "patient"))
    (found,) = errors(named, group="patient")
    assert "1 images, such as dark/004.png, do not match --group patient" in found


def test_a_partly_filled_split_is_an_error(make_images: MakeImages) -> None:
    table = write(make_images(count=COUNT), "split", "train")
    table.write_text(table.read_text().replace("dark/002.png,dark,train", "dark/002.png,dark,"))
    assert errors(table) == [refused(table)]
    assert "others, such as dark/002.png, have none" in errors(table)[0]


def test_splits_without_one_for_training_are_an_error(make_images: MakeImages) -> None:
    table = write(make_images(count=COUNT), "split", "test")
    assert errors(table) == [refused(table)] == [f"{table}: has the splits test, but none for training"]


def test_a_class_of_nothing_but_copies_is_an_error(make_images: MakeImages) -> None:
    root = make_images(count=COUNT)
    for number in range(1, COUNT):
        shutil.copy(root / "dark" / "000.png", root / "dark" / f"{number:03d}.png")
    assert errors(root) == [refused(root)]
    assert "the class 'dark' has 1 image (in 12 copies) that can be used" in errors(root)[0]


def test_what_another_kind_of_problem_says_is_not_said_twice(make_images: MakeImages) -> None:
    table = write(make_images(count=COUNT), "group,split", "g{number}", "train")
    text = table.read_text().replace("dark/002.png,dark,g2,train", "dark/002.png,dark,g2,test")
    table.write_text(text)
    assert {one.kind for one in check(table).problems if one.severity == "error"} == {
        "divided_group", "class_too_small",
    }  # fmt: skip


def test_a_gap_in_a_column_of_channels_is_one_complaint(make_images: MakeImages) -> None:
    root = make_images(count=COUNT)
    rows = [
        f"{label}/{n:03d}.png,{label}/{n:03d}.png,{label},p{n}" for label in ("dark", "light") for n in range(COUNT)
    ]
    rows[3] = "dark/003.png,,dark,p3"
    table = root / "channels.csv"
    table.write_text("\n".join(["path:dna,path:er,label,patient", *rows]) + "\n")
    found = check(table, batch="patient")
    assert [one.message for one in found.problems if one.severity == "error"] == [f"{table}: row 5 has no path:er"]
    assert found.summary.images == 2 * COUNT - 1
    assert refused(table) == f"{table}: row 5 has no path:er"


def test_the_columns_belong_to_the_channels_that_a_classifier_has(make_images: MakeImages) -> None:
    root = make_images(count=2)
    rows = [
        f"{label}/{n:03d}.png,{'' if n else 'gone.png'},{label},{label}{n}"
        for label in ("dark", "light")
        for n in range(2)
    ]
    (root / "channels.csv").write_text("\n".join(["path:dna,path:er,label,patient", *rows]) + "\n")
    groups = scan(root / "channels.csv", channel_names=("dna",), group="patient").table["group"].to_list()
    assert groups == ["dark0", "dark1", "light0", "light1"]
