import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.errors import LeadlineError, UsageError
from leadline.evaluation import predictions as module
from leadline.evaluation.metrics import measure
from leadline.evaluation.predictions import Predictions

SUFFIXES = [".csv", ".tsv", ".parquet", ".jsonl"]

# Names that a format could take for something else: a column, a number, a separator, a pattern, nothing at all.
ODD_CLASSES = ["error", "007", 'quoted "a", b', "tab\there", "line\nbreak", "^p.*$", "*", "null", "Ω µ", " space "]


def a_small_table() -> Predictions:
    return Predictions.from_arrays(
        paths=["a.png", "b.png", "broken.png", "c.png"],
        probabilities=[[0.7, 0.3], [0.5, 0.5], [np.nan, np.nan], [1e-300, 1.0]],
        classes=["yeast", "bacteria"],
        labels=["yeast", "bacteria", "yeast", None],
        groups=["p1", None, "p1", "p2"],
        splits=["test", "test", "test", "train"],
        errors=["", "", "truncated file", ""],
    )


def test_the_columns_are_those_that_programs_rely_on() -> None:
    table = a_small_table().table
    assert table.columns == [
        "path", "group", "split", "label", "predicted", "probability", "p:yeast", "p:bacteria", "error",
    ]  # fmt: skip
    assert table["predicted"].to_list() == ["yeast", "yeast", None, "bacteria"]
    assert table["probability"].to_list() == [0.7, 0.5, None, 1.0]
    assert table["error"].to_list() == ["", "", "truncated file", ""]


def test_columns_that_do_not_apply_are_absent() -> None:
    table = Predictions.from_arrays(paths=["a"], probabilities=[[0.4, 0.6]], classes=["x", "y"]).table
    assert table.columns == ["path", "predicted", "probability", "p:x", "p:y", "error"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_is_read_back_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    written = a_small_table()
    written.write(tmp_path / f"predictions{suffix}")
    found = Predictions.read(tmp_path / f"predictions{suffix}")
    assert found.classes == written.classes
    assert found.table.equals(written.table, null_equal=True)
    assert [file.name for file in tmp_path.iterdir()] == [f"predictions{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_metrics_are_the_same_bits_after_reading_back(
    tmp_path: Path, suffix: str, made_up: Callable[..., Predictions]
) -> None:
    written = made_up(groups=9)
    written.write(tmp_path / f"predictions{suffix}")
    assert measure(Predictions.read(tmp_path / f"predictions{suffix}")) == measure(written)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_classes_and_paths_may_be_called_anything(tmp_path: Path, suffix: str) -> None:
    count = len(ODD_CLASSES)
    written = Predictions.from_arrays(
        paths=[f"{name}/1.png" for name in ODD_CLASSES],
        probabilities=np.eye(count) * 0.5 + 0.5 / count,
        classes=ODD_CLASSES,
        labels=ODD_CLASSES,
        groups=["1", "01", "1e0", "true", "2024-01-01", "NaN", "-", "a,b", "\ttab", "#"],
    )
    written.write(tmp_path / f"odd{suffix}")
    found = Predictions.read(tmp_path / f"odd{suffix}")
    assert found.classes == tuple(ODD_CLASSES)
    assert found.table.equals(written.table, null_equal=True)
    assert found.predicted_indices.tolist() == list(range(count))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_any_row_or_with_only_unreadable_ones_is_read_back(tmp_path: Path, suffix: str) -> None:
    for paths in ([], ["a.png", "b.png"]):
        written = Predictions.from_arrays(
            paths=paths,
            probabilities=np.full((len(paths), 2), np.nan),
            classes=["x", "y"],
            errors=["no such file"] * len(paths),
        )
        written.write(tmp_path / f"none{suffix}")
        if not paths and suffix == ".jsonl":
            continue  # lines without a line cannot say which columns there would be
        found = Predictions.read(tmp_path / f"none{suffix}")
        assert found.table.equals(written.table, null_equal=True)
        assert len(found.readable) == 0


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    for act in (a_small_table().write, Predictions.read):
        with pytest.raises(UsageError, match=r"\.parquet, \.csv, \.tsv, \.jsonl"):
            act(tmp_path / "predictions.xlsx")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text("the old one")

    def half(table: pl.DataFrame, path: Path) -> None:
        path.write_text("half of the n")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(module.FORMATS, ".csv", (module.FORMATS[".csv"][0], half))
    with pytest.raises(LeadlineError, match=r"predictions\.csv.*No space left"):
        a_small_table().write(file)
    assert file.read_text() == "the old one"
    assert [found.name for found in tmp_path.iterdir()] == ["predictions.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace a file that is being read")
def test_who_is_reading_the_old_file_goes_on_reading_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text("the old one")
    with file.open() as reader:
        a_small_table().write(file)
        assert reader.read() == "the old one"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "predictions.csv"),
        ("path,predicted\na,x\n", "at least two"),
        ("path,probability,p:x,p:y,error\na,1,1,0,\n", "no column 'predicted'"),
        ("path,predicted,probability,p:x,p:y,error\na,z,1,1,0,\n", "a: not one of the classes: predicted='z'"),
        ("path,label,predicted,probability,p:x,p:y,error\na,z,x,1,1,0,\n", "a: not one of the classes: label='z'"),
        ("path,predicted,probability,p:x,p:y,error\na,x,1,1.5,-0.5,\n", "a: not probabilities between 0 and 1"),
        ("path,predicted,probability,p:x,p:y,error\na,x,1,NaN,0,\n", "a: not probabilities between 0 and 1"),
        ("path,predicted,probability,p:x,p:y,error\na,x,1,,1,\n", "a: not probabilities between 0 and 1"),
        ("path,predicted,probability,p:x,p:y,error\na,x,0.9,0.9,0.9,\n", "a: probabilities that do not add up to 1"),
        ("path,predicted,probability,p:x,p:y,error\na,x,1,1,0,truncated\n", "a: a prediction for an image that could"),
        ("path,predicted,probability,p:x,p:y,error\na,x,high,1,0,\n", "predictions.csv"),
        ("path,predicted,probability,p:x,p:y,error\na,x,1,1,0,,,,extra\n", "predictions.csv"),
        ("path,predicted,probability,p:x,p:x,error\na,x,1,1,0,\n", "predictions.csv"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line_that_names_the_file(
    tmp_path: Path, content: str, complaint: str
) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text(content)
    with pytest.raises(LeadlineError, match=r"predictions\.csv") as error:
        Predictions.read(file)
    assert complaint in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"noise{suffix}"
    file.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(LeadlineError, match="noise"):
        Predictions.read(file)
    with pytest.raises(LeadlineError, match="no such file"):
        Predictions.read(tmp_path / f"absent{suffix}")


def test_a_spreadsheet_that_adds_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "excel.csv"
    a_small_table().write(file)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert Predictions.read(file).table.equals(a_small_table().table, null_equal=True)


def test_a_network_that_answers_nan_is_caught_by_the_image() -> None:
    with pytest.raises(LeadlineError, match=r"bad\.png: not probabilities"):
        Predictions.from_arrays(
            paths=["good.png", "bad.png"], probabilities=[[0.5, 0.5], [np.nan, np.nan]], classes=["x", "y"]
        )


def test_a_label_outside_the_classes_is_named() -> None:
    with pytest.raises(LeadlineError, match=r"a\.png.*label='mould'.*yeast, bacteria"):
        Predictions.from_arrays(
            paths=["a.png"], probabilities=[[0.5, 0.5]], classes=["yeast", "bacteria"], labels=["mould"]
        )


@pytest.mark.parametrize("column", ["labels", "groups", "splits", "errors"])
def test_a_column_of_another_length_is_refused(column: str) -> None:
    arguments = {"paths": ["a", "b"], "probabilities": [[0.5, 0.5]] * 2, "classes": ["x", "y"], column: [""]}
    with pytest.raises(LeadlineError):
        Predictions.from_arrays(**arguments)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (4,), (1, 2, 2)])
def test_probabilities_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(LeadlineError, match=r"shape .* expected \(images, classes\) = \(2, 2\)"):
        Predictions.from_arrays(paths=["a", "b"], probabilities=np.full(shape, 0.5), classes=["x", "y"])


@pytest.mark.parametrize("classes", [[], ["x"], ["x", "x"]])
def test_fewer_than_two_different_classes_are_refused(classes: list[str]) -> None:
    with pytest.raises(LeadlineError, match="at least two"):
        Predictions.from_arrays(paths=["a"], probabilities=np.ones((1, len(classes))), classes=classes)


def test_subsets_keep_the_order_and_the_classes() -> None:
    everything = a_small_table()
    assert everything.readable.table["path"].to_list() == ["a.png", "b.png", "c.png"]
    assert everything.readable.labelled.table["path"].to_list() == ["a.png", "b.png"]
    assert everything.of_split("train").table["path"].to_list() == ["c.png"]
    assert everything.of_split("train").classes == everything.classes
    assert len(everything.of_split("validation")) == 0
    with pytest.raises(LeadlineError, match="split"):
        Predictions.from_arrays(paths=["a"], probabilities=[[1, 0]], classes=["x", "y"]).of_split("test")


def test_indices_and_probabilities_follow_the_rows() -> None:
    everything = a_small_table()
    assert everything.label_indices.tolist() == [0, 1, 0, -1]
    assert everything.predicted_indices.tolist() == [0, 0, -1, 1]
    assert everything.probabilities.shape == (4, 2)
    assert np.isnan(everything.probabilities[2]).all()
    assert everything.probabilities[3].tolist() == [1e-300, 1.0]


def test_an_image_without_a_group_is_a_group_of_its_own() -> None:
    groups = Predictions.from_arrays(
        paths=list("abcde"),
        probabilities=[[0.5, 0.5]] * 5,
        classes=["x", "y"],
        groups=["p1", None, "p2", None, "p1"],
    ).groups
    assert groups is not None
    assert sorted(set(groups.tolist())) == [0, 1, 2, 3]
    assert groups[0] == groups[4]
    assert len({*groups[:4].tolist()}) == 4


def test_an_empty_group_or_label_is_none() -> None:
    table = Predictions.from_arrays(
        paths=["a", "b"], probabilities=[[0.5, 0.5]] * 2, classes=["x", "y"], groups=["", ""], labels=["", "x"]
    )
    assert table.groups is None
    assert table.label_indices.tolist() == [-1, 0]


def test_without_any_group_there_are_none() -> None:
    for groups in (None, [None, None]):
        table = Predictions.from_arrays(
            paths=["a", "b"], probabilities=[[0.5, 0.5]] * 2, classes=["x", "y"], groups=groups
        )
        assert table.groups is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_answers_below_a_probability_are_left_open_and_their_probabilities_stay(tmp_path: Path, suffix: str) -> None:
    whole = a_small_table()
    found = whole.abstaining(0.7)
    assert found.table["predicted"].to_list() == ["yeast", "uncertain", None, "bacteria"]
    assert found.table.drop("predicted").equals(whole.table.drop("predicted"), null_equal=True)
    assert found.answered.table["path"].to_list() == ["a.png", "c.png"]
    found.write(tmp_path / f"open{suffix}")
    assert Predictions.read(tmp_path / f"open{suffix}").table.equals(found.table, null_equal=True)
    assert whole.abstaining(0.0).table.equals(whole.table, null_equal=True)


def test_a_table_with_open_answers_is_not_measured_as_if_they_were_wrong() -> None:
    found = a_small_table().abstaining(0.7)
    with pytest.raises(LeadlineError, match=r"1 of 2 answers are 'uncertain'"):
        measure(found)
    assert measure(found.answered).accuracy.n == 1


def test_a_class_named_uncertain_is_never_taken_for_an_open_answer() -> None:
    table = Predictions.from_arrays(
        paths=["a", "b"], probabilities=[[0.9, 0.1], [0.4, 0.6]], classes=["cell", "uncertain"],
        labels=["cell", "uncertain"],
    )  # fmt: skip
    assert measure(table).accuracy.value == 1.0
    with pytest.raises(UsageError, match="one of the classes is itself named 'uncertain'"):
        table.abstaining(0.5)


@pytest.mark.parametrize("wrong", [-0.1, 90.0, float("nan")])
def test_a_least_confidence_that_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(UsageError, match="--min-confidence"):
        a_small_table().abstaining(wrong)
