"""Tables as spreadsheets of all systems save them: every one gives the same rows, or is refused with the way out."""

import re
from pathlib import Path

import polars as pl
import pytest

from leadline.data.sources.scan import image_table, scan
from leadline.data.sources.tables import ROW, TABLE_READERS
from leadline.data.sources.text_tables import read_text_table
from leadline.errors import LeadlineError

from ...conftest import MakeImages

ROWS = [("path", "label"), ("a/1.png", "grün, hell"), ("a/2.png", "rot"), ("a/3.png", "")]


def written(separator: str = ",", end: str = "\n") -> str:
    return end.join(separator.join(f'"{value}"' if "," in value else value for value in row) for row in ROWS) + end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_every_way_of_saving_gives_the_same_rows(
    tmp_path: Path, end: str, separator: str, encoding: str, suffix: str
) -> None:
    file = tmp_path / f"table{suffix}"
    file.write_bytes(written(separator, end).encode(encoding))
    table = TABLE_READERS[suffix](file)
    assert table.columns == [ROW, "path", "label"]
    assert table.rows() == [(number, path, label or None) for number, (path, label) in enumerate(ROWS[1:], start=2)]


def test_what_spreadsheets_and_hands_add_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"

    def rows(text: str) -> list[tuple[object, ...]]:
        file.write_text(text)
        return read_text_table(file, separator=",", row="row").rows()

    assert rows("sep=;\npath;label\na,b;c\n") == [(3, "a,b", "c")], "Excel's first line counts as a row"
    assert rows("path, label\na, b\n") == [(2, "a", "b")]
    assert rows("path,label\n a,b \n") == [(2, " a", "b ")], "blanks of a name are the name's own"
    assert rows('path,label\n"a\n1",b\nc,d\n') == [(2, "a\n1", "b"), (3, "c", "d")]
    assert rows("path,label,note\na,b\nc,d,,,\n") == [(2, "a", "b", None), (3, "c", "d", None)]
    assert rows("path,note,note\na,b,c\n") == [(2, "a", "b", "c")]


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (b"path,label\na.png,x\nb.png,y,z\n", ["row 3", "3 values"]),
        (b'path,label\na.png,"x\nb.png,y\n', ["row 2", "quotation mark"]),
        (b'path,label\na.png,x\nb.png,"y" z\n', ["row 3", "quotation mark"]),
        (b"path,label\na.png,gr\xfcn\n", ["row 2", "UTF-8"]),
        ("path,label\na.png,x\n".encode("utf-16-le"), ["UTF-8"]),
        (b"# made by hand\npath,label\na.png,x\n", ["row 2", "# made by hand"]),
        (b"path,label,label\na.png,x,y\n", ["two columns label"]),
        (b"path,path,label\na.png,b.png,y\n", ["two columns path"]),
        (b"path:dna,path:dna,label\na.png,b.png,y\n", ["two columns path:dna"]),
        (b"a.png,x\nb.png,y\n", ["no column path and label", "a.png", "first row"]),
        (b"", ["no column path and label"]),
        (",".join(f"column {number}" for number in range(3000)).encode(), ["no column path and label", "column 1"]),
        (b'path,label\na.png,"' + b"x" * 200_000 + b'"\n', ["row 2"]),
        (b"path,label,split\na.png,x," + b"x" * 5000 + b"\n", ["row 2", "split"]),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_in_one_short_line(
    tmp_path: Path, content: bytes, facts: list[str]
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(LeadlineError) as refused:
        scan(file)
    message = str(refused.value)
    assert message.startswith(str(file))
    assert all(fact in message for fact in facts), message
    assert len(message) < len(str(file)) + 500
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_label_that_is_missing_in_a_data_frame_is_no_class(
    make_images: MakeImages, tmp_path: Path, missing: float | None
) -> None:
    make_images(count=2)
    paths = [f"images/{label}/00{number}.png" for label in ("dark", "light") for number in range(2)]
    pl.DataFrame({"path": paths, "label": [0.0, 1.0, 1.0, missing]}).write_parquet(tmp_path / "table.parquet")
    told: list[str] = []
    assert scan(tmp_path / "table.parquet", refuse=told.append).classes == ("0.0", "1.0")
    assert told == [f"{tmp_path / 'table.parquet'}: row 5 has no label"]


@pytest.mark.parametrize("word", ["NaN", "nan", "NA", "<NA>", "#N/A"])
def test_a_word_for_a_missing_value_is_no_class(make_images: MakeImages, tmp_path: Path, word: str) -> None:
    make_images(count=1)
    file = tmp_path / "table.csv"
    file.write_text(f"path,label\nimages/dark/000.png,dark\nimages/light/000.png,{word}\n")
    with pytest.raises(LeadlineError, match=rf"row 3 has no label.*{re.escape(word)}"):
        scan(file)


def test_a_list_of_labels_is_refused_and_other_lists_are_passed_over(make_images: MakeImages, tmp_path: Path) -> None:
    make_images(count=1)
    file = tmp_path / "table.parquet"
    table = pl.DataFrame({"path": ["images/dark/000.png", "images/light/000.png"], "label": ["a", "b"]})
    table.with_columns(features=pl.Series([[1.0], [2.0]])).write_parquet(file)
    assert scan(file).classes == ("a", "b")
    table.with_columns(label=pl.Series([["a"], ["b"]])).write_parquet(file)
    with pytest.raises(LeadlineError, match="label holds List"):
        scan(file)


@pytest.mark.skipif(Path("a\\b").name != "a\\b", reason="a backslash separates folders there")
def test_paths_of_windows_get_a_hint(make_images: MakeImages, tmp_path: Path) -> None:
    make_images(count=1)
    file = tmp_path / "table.csv"
    file.write_text("path,label\nimages\\dark\\000.png,dark\nimages\\light\\000.png,light\n")
    with pytest.raises(LeadlineError, match=r"none of its 2 files.*Windows"):
        scan(file)
    with pytest.raises(LeadlineError, match=r"none of its 2 files.*Windows"):
        image_table(file, channel_names=())
