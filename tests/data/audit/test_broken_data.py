"""What a training refuses, a check describes; and it changes nothing."""

import hashlib
import shutil
from pathlib import Path

import pytest

from leadline.errors import LeadlineError, UsageError
from leadline.verbs.check import check

from .conftest import COUNT, Kinds


def test_one_class_only(clean: Path, kinds_in: Kinds) -> None:
    shutil.rmtree(clean / "square")
    found = kinds_in(clean)
    assert set(found) == {"single_class", "source"}
    assert found["single_class"][0].severity == "error"


def test_the_folder_above_the_one_that_was_meant(clean: Path, kinds_in: Kinds) -> None:
    found = kinds_in(clean.parent)
    assert f"did you mean {clean}" in found["source"][0].message
    assert found["nested_folders"][0].advice.endswith(f"name the folder above them: {clean}")


def test_images_in_no_class_folder(clean: Path, kinds_in: Kinds) -> None:
    found = kinds_in(clean / "round")
    assert "found no images in class folders" in found["source"][0].message
    assert set(found) == {"source", "single_class", "overlooked_image"} - {"overlooked_image"}


def test_no_image_can_be_read(clean: Path) -> None:
    for file in clean.glob("*/*.png"):
        file.write_bytes(b"")
    found = check(clean)
    assert found.unreadable == found.summary.images == 2 * COUNT
    assert set(found.summary.kinds) == {"unreadable_file", "class_too_small"}


def test_splits_and_other_folders_beside_them(clean: Path, kinds_in: Kinds) -> None:
    for split in ("train", "test"):
        shutil.copytree(clean, clean / split)
    found = kinds_in(clean)
    assert "has splits, and beside them round, square" in found["source"][0].message
    assert len(found["overlooked_image"][0].paths) == 2 * COUNT


def test_a_table_with_everything_wrong(clean: Path, kinds_in: Kinds) -> None:
    rows = ["path,label,split", "round/000.png,a,train", "round/000.png,b,test", ",a,train", "round/001.png,,train"]
    rows += ["gone.png,b,train", "square/000.png,b,holdout"]
    (clean / "table.csv").write_text("\n".join(rows))
    found = kinds_in(clean / "table.csv")
    said = "\n".join(one.message for one in found["source"])
    for words in (
        "row 4 has no path",
        "row 5 has no label",
        "lists round/000.png more than once",
        "row 7 has the split 'holdout'",
    ):
        assert words in said
    assert found["unreadable_file"][0].message == "gone.png: no such file"


def test_where_there_is_nothing_to_look_at_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty" / "class").mkdir(parents=True)
    (tmp_path / "empty.csv").write_text("path,label\n,cat\n")
    for name, message in (("absent", "no such folder"), ("empty", "found no images"), ("empty.csv", "lists no image")):
        data = tmp_path / name
        with pytest.raises(LeadlineError, match=message):
            check(data)


def test_an_option_that_finds_nothing_is_named(clean: Path) -> None:
    for option in ("group", "batch"):
        with pytest.raises(UsageError, match=f"--{option} well: is no column, and as an expression it matches no path"):
            check(clean, **{option: "well"})
    (problem,) = [one for one in check(clean, group=r"round/00(\d)").problems if one.kind == "source"]
    assert "54 images, such as round/010.png, do not match --group" in problem.message


def test_nothing_is_changed_moved_or_written(clean: Path, tmp_path: Path) -> None:
    def tree() -> dict[str, tuple[str, int, int]]:
        return {
            str(path.relative_to(clean)): (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
                path.stat().st_mtime_ns,
                path.stat().st_mode,
            )
            for path in sorted(clean.rglob("*"))
        }

    shutil.copy(clean / "round" / "004.png", clean / "square" / "copy.png")
    (clean / "round" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    before = tree()
    check(clean, out=tmp_path / "check.json", batch="folder:1")
    assert tree() == before
    assert (tmp_path / "check.json").is_file()
