"""A group is a column, a folder or a pattern; what can name none is refused."""

import re
from pathlib import Path

import pytest

from leadline.data.sources.scan import scan
from leadline.data.split.grouping import group_values
from leadline.errors import LeadlineError, UsageError

from ...conftest import MakeImages

PATHS = ["Uninfected/C33P1/cell_7.png", "Parasitized/C33P1/cell_8.png", "Parasitized/C50P11/cell_9.png"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (r"(C\d+)P\d+", ["C33", "C33", "C50"]),
        (r"C\d+P\d+", ["C33P1", "C33P1", "C50P11"]),
        ("folder:-1", ["C33P1", "C33P1", "C50P11"]),
        ("folder:2", ["C33P1", "C33P1", "C50P11"]),
        ("folder:1", ["Uninfected", "Parasitized", "Parasitized"]),
        ("scanner", ["a", "b", "b"]),
    ],
)
def test_a_column_a_folder_or_a_pattern_names_the_group(asked: str, expected: list[str]) -> None:
    assert group_values(asked, paths=PATHS, columns={"scanner": ["a", "b", "b"]}) == expected


def test_a_folder_that_is_counted_from_the_image_upwards_does_not_hang_on_what_lies_above() -> None:
    inside = group_values("folder:-1", paths=[f"train/{path}" for path in PATHS])
    assert inside == group_values("folder:-1", paths=PATHS)


def test_a_column_goes_before_a_pattern_of_the_same_name() -> None:
    assert group_values("cell", paths=PATHS, columns={"cell": ["1", "2", "3"]}) == ["1", "2", "3"]
    assert group_values("cell", paths=PATHS) == ["cell"] * 3


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("folder:0", "--group folder:0: expected folder:-1"),
        ("folder:x", "--group folder:x: expected folder:-1"),
        ("folder:-3", "cell_7.png: lies in 2 folders of the data only"),
        ("(", r"--group (: is not a regular expression"),
        (r"C50P\d+", "Uninfected/C33P1/cell_7.png: does not match --group"),
        (r"(C50)?\d", "Uninfected/C33P1/cell_7.png: does not match --group"),
        ("scaner", "no column of this name (did you mean scanner? there are scanner, plate)"),
        ("plate", "Parasitized/C33P1/cell_8.png: has no value in the column 'plate'"),
    ],
)
def test_what_names_no_group_is_refused_with_the_image_or_the_way_out(asked: str, message: str) -> None:
    columns = {"scanner": ["a", "b", "b"], "plate": ["1", None, "3"]}
    with pytest.raises(LeadlineError, match=re.escape(message)):
        group_values(asked, paths=PATHS, columns=columns)


def test_a_table_is_grouped_by_any_of_its_columns(make_images: MakeImages, tmp_path: Path) -> None:
    make_images(count=4)
    lines = [f"images/{label}/{n:03d}.png,{label},{n % 2}" for label in ("dark", "light") for n in range(4)]
    (tmp_path / "cells.csv").write_text("path,label,plate\n" + "\n".join(lines))
    assert scan(tmp_path / "cells.csv", group="plate").table["group"].to_list() == ["0", "1"] * 4
    assert scan(tmp_path / "cells.csv", group="folder:1").table["group"].to_list() == ["images"] * 8


def test_the_class_is_no_group(make_images: MakeImages) -> None:
    with pytest.raises(UsageError, match="--group folder:1: is the class of every image"):
        scan(make_images(count=2), group="folder:1")
