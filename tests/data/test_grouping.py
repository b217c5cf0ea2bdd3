"""A value per image from a column, a level of folders or an expression."""

import polars as pl
import pytest

from leadline.data.grouping import values_of
from leadline.errors import UsageError

TABLE = pl.DataFrame(
    {
        "path": ["plate1/a/x_3.png", "plate2/b/y_4.png", "z.png"],
        "label": ["a", "b", "b"],
        "split": ["train", None, "test"],
    }
)


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("label", ["a", "b", "b"]),
        ("split", ["train", None, "test"]),
        ("folder:1", ["plate1", "plate2", None]),
        ("folder:2", ["a", "b", None]),
        ("folder:-1", ["a", "b", None]),
        ("folder:-2", ["plate1", "plate2", None]),
        (r"_(\d)", ["3", "4", None]),
        (r"plate\d", ["plate1", "plate2", None]),
    ],
)
def test_a_value_per_row_or_none(selector: str, values: list[str | None]) -> None:
    assert values_of(TABLE, selector) == values


def test_a_column_of_the_persons_own_table_is_joined_by_the_path() -> None:
    own = pl.DataFrame({"path": ["z.png", "plate1/a/x_3.png"], "day": [4, 5]})
    assert values_of(TABLE, "day", columns=own) == ["5", None, "4"]


@pytest.mark.parametrize(
    ("selector", "words"), [("folder:0", "counted from 1"), ("(", "no regular"), ("day", "no path")]
)
def test_what_is_none_of_them_is_refused_by_its_name(selector: str, words: str) -> None:
    with pytest.raises(UsageError, match="--batch") as refused:
        values_of(TABLE, selector)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
