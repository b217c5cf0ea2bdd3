"""Folders and tables become manifests; what cannot be used is named, and nothing in the data folder is touched."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from leadline.data.manifest import Manifest, digest_of
from leadline.data.sources.scan import image_table, scan
from leadline.errors import LeadlineError
from leadline.verbs.check import check

from ...conftest import TEST_DATA, MakeImages


def not_utf8(file: Path) -> Path:
    """Renamed as on a disk from a Windows of 1995."""
    renamed = Path(os.fsdecode(os.fsencode(file.parent) + b"/Zelle_\xe4" + os.fsencode(file.suffix)))
    file.rename(renamed)
    return renamed


def test_a_folder_of_class_folders(make_images: MakeImages) -> None:
    manifest = scan(make_images(count=3))
    assert manifest.classes == ("dark", "light")
    assert manifest.table["path"].to_list() == [f"{label}/00{n}.png" for label in ("dark", "light") for n in range(3)]
    assert manifest.table.select("label", "split", "width", "height", "channels", "dtype", "error").row(0) == (
        "dark", None, 32, 32, 1, "uint8", "",
    )  # fmt: skip
    assert all(path.is_file() for path in manifest.paths())


def test_a_manifest_is_the_same_whatever_number_of_images_is_examined_together(
    make_images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_images(count=7)
    (root / "dark" / "003.png").write_bytes(b"no image")
    for name in ("000", "005"):
        (root / "light" / f"{name}.png").rename(root / "light" / f"{name}.jpg")
    whole = scan(root)
    assert [note for note in whole.notes if note.startswith("2 images: named .jpg")]
    for block in (1, 3, 14):
        monkeypatch.setattr("leadline.data.manifest.BLOCK", block)
        again = scan(root)
        assert again.table.equals(whole.table)
        assert again.notes == whole.notes


def test_split_folders_above_class_folders(make_images: MakeImages) -> None:
    make_images("data/train")
    make_images("data/valid", count=4)
    root = make_images("data/test", count=5).parent
    counts = dict(scan(root).table.group_by("split").len().iter_rows())
    assert counts == {"train": 24, "validation": 8, "test": 10}


def test_a_class_may_be_called_train_but_splits_stand_alone(make_images: MakeImages) -> None:
    assert scan(make_images("vehicles", count=3, classes=("bus", "train"))).classes == ("bus", "train")
    make_images("mixed/train")
    root = make_images("mixed/notes", count=1).parent
    with pytest.raises(LeadlineError, match="train holds folders, as a split does, and beside it lies notes"):
        scan(root)
    make_images("mixed/test")
    with pytest.raises(LeadlineError, match="has splits, and beside them notes"):
        scan(root)


def test_a_split_whose_images_have_no_labels_is_passed_over_and_named(make_images: MakeImages) -> None:
    root = make_images("data/train", count=4).parent
    (root / "test").mkdir()
    shutil.copy(root / "train" / "dark" / "000.png", root / "test" / "1.png")
    manifest = scan(root)
    assert set(manifest.table["split"]) == {"train"}
    assert len(manifest.table) == 8
    assert manifest.notes == ("passed over test/, whose images have no labels",)
    (root / "train").rename(root / "valid")  # without a labelled training split, nothing is left out in silence
    (root / "test").rename(root / "train")
    with pytest.raises(LeadlineError, match="has splits, and beside them train"):
        scan(root)


def test_images_in_subfolders_belong_to_their_class(make_images: MakeImages) -> None:
    root = make_images(count=4)
    (root / "dark" / "patient 1").mkdir()
    (root / "dark" / "000.png").rename(root / "dark" / "patient 1" / "000.png")
    assert scan(root).table["label"].to_list().count("dark") == 4


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_table(make_images: MakeImages, suffix: str) -> None:
    root = make_images(count=2)
    table = pl.DataFrame(
        {"path": ["dark/000.png", "light/001.png"], "label": [7, 11], "group": ["a", "b"], "split": ["train", "val"]}
    )
    file = root / f"table{suffix}"
    {".csv": table.write_csv, ".tsv": lambda f: table.write_csv(f, separator="\t"), ".parquet": table.write_parquet}[
        suffix
    ](file)
    manifest = scan(file)
    assert manifest.classes == ("11", "7")  # text, whatever it looks like
    assert manifest.table.select("label", "group", "split").rows() == [("7", "a", "train"), ("11", "b", "validation")]


def test_a_group_is_what_its_expression_finds_in_the_path(make_images: MakeImages) -> None:
    manifest = scan(make_images(count=2), group=r"/0(\d)")
    assert manifest.table["group"].to_list() == ["0"] * 4
    with pytest.raises(LeadlineError, match=r"light/000\.png: does not match --group"):
        scan(make_images(count=2), group=r"dark/(\d+)")


def test_unreadable_files_keep_their_row_and_say_why(make_images: MakeImages) -> None:
    root = make_images(count=3)
    (root / "dark" / "empty.png").touch()
    (root / "dark" / "text.png").write_text("not an image")
    (root / "light" / "notes.txt").write_text("passed over")
    manifest = scan(root)
    assert set(manifest.unusable["path"]) == {"dark/empty.png", "dark/text.png"}
    assert all(manifest.unusable["error"])
    assert len(manifest.usable) == 6
    assert manifest.notes == ("passed over 1 file that are no images by their suffix: notes.txt",)


def test_the_same_image_in_two_classes_is_left_out_and_named(make_images: MakeImages) -> None:
    root = make_images(count=3)
    (root / "dark" / "copy.png").write_bytes((root / "light" / "001.png").read_bytes())
    unusable = scan(root).unusable
    assert unusable["path"].to_list() == ["dark/copy.png", "light/001.png"]
    assert unusable["error"][0] == "the same image is labelled dark and light: dark/copy.png, light/001.png"


def test_a_contradiction_names_one_image_of_each_class_however_many_copies_there_are(make_images: MakeImages) -> None:
    root = make_images(count=3, classes=("a", "b", "c", "d"))
    for label in "abcd":
        for number in range(50):
            shutil.copy(root / "a" / "001.png", root / label / f"copy {number:02d}.png")
    unusable = scan(root).unusable
    assert len(unusable) == 201
    assert set(unusable["error"]) == {
        "the same image is labelled a and b and c and 1 more: a/001.png, b/copy 00.png, c/copy 00.png, … (201 files)"
    }


def test_copies_without_a_label_take_part_in_no_contradiction(make_images: MakeImages) -> None:
    root = make_images(count=2)
    shutil.copy(root / "dark" / "000.png", root / "copy.png")
    (root / "table.csv").write_text("path,label\ndark/000.png,x\ncopy.png,\nlight/000.png,y\n")
    assert scan(root / "table.csv", refuse=lambda _: None).unusable.is_empty()


def test_a_manifest_is_read_as_it_was_written(make_images: MakeImages, tmp_path: Path) -> None:
    manifest = scan(make_images(count=2))
    manifest.write(tmp_path / "manifest.parquet")
    again = Manifest.read(tmp_path / "manifest.parquet")
    assert again.table.equals(manifest.table)
    assert (again.classes, again.root, again.source, again.notes) == (
        manifest.classes, manifest.root, manifest.source, manifest.notes,
    )  # fmt: skip
    assert again.fingerprint == manifest.fingerprint


STRANGE_NAMES = ("a\nb", "t\tq", 'say "x"', "\U0001f9eb", "\u05d0\u200fx", "\\", " lead", "[]", "z" * 255)


def test_every_name_of_a_class_survives_the_manifest(make_images: MakeImages, tmp_path: Path) -> None:
    manifest = scan(not_utf8(make_images(count=1, classes=STRANGE_NAMES)))
    assert set(manifest.classes) == set(manifest.table["label"]) == set(STRANGE_NAMES)
    manifest.write(tmp_path / "manifest.parquet")
    again = Manifest.read(tmp_path / "manifest.parquet")
    assert again.classes == manifest.classes
    assert (again.root, again.source) == (manifest.root, manifest.source)
    assert all(path.is_file() for path in again.paths())


def test_a_manifest_whose_brackets_are_too_deep_is_refused(make_images: MakeImages, tmp_path: Path) -> None:
    file = tmp_path / "manifest.parquet"
    scan(make_images(count=1)).table.write_parquet(file, metadata={"version": "2", "notes": "[" * 100_000})
    with pytest.raises(LeadlineError, match="too deep"):
        Manifest.read(file)


def test_manifests_of_other_versions_are_read_or_refused_by_name(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images(count=1)
    file, table = tmp_path / "manifest.parquet", scan(root).table
    first = {"classes": "dark\nlight", "root": str(root), "source": "images", "notes": "", "channel_names": ""}
    table.write_parquet(file, metadata=first)
    old = Manifest.read(file)
    assert (old.classes, old.root, old.notes, old.channel_names) == (("dark", "light"), root, (), ())
    table.write_parquet(file, metadata={**first, "version": "3"})
    with pytest.raises(LeadlineError, match=r"manifest\.parquet: .* version 3"):
        Manifest.read(file)


@pytest.mark.parametrize("rows", [0, 1, 7, 8])
def test_a_digest_is_of_the_whole_table_whatever_is_in_memory_at_a_time(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadline.data.manifest.BLOCK", 4)
    table = pl.DataFrame({"path": [f'a "{n}", b' for n in range(rows)], "error": [None] * rows})
    expected = hashlib.sha256(f"head{table.write_csv()}tail".encode()).hexdigest()
    assert digest_of(table, head="head", tail="tail") == expected


def test_the_fingerprint_changes_with_a_pixel(make_images: MakeImages) -> None:
    root = make_images(count=2)
    before = scan(root).fingerprint
    (root / "dark" / "000.png").write_bytes((root / "dark" / "001.png").read_bytes())
    assert scan(root).fingerprint != before


def test_scanning_writes_nothing_into_the_data(make_images: MakeImages) -> None:
    root = make_images(count=3)
    before = {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}
    scan(root)
    assert {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))} == before


def folder(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_bad_sources_are_named_with_a_way_out(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images(count=2)
    table = tmp_path / "table.csv"

    def refused(source: Path | str, message: str) -> None:
        with pytest.raises(LeadlineError, match=message) as caught:
            scan(source)
        assert "\n" not in str(caught.value)

    refused(tmp_path / "absent", "no such folder or table")
    refused(root / "dark", "no images in class folders.*000.png")
    refused(folder(tmp_path, "empty/a", "empty/b") / "empty", "found no images")
    refused(root / "dark" / "000.png", "neither a folder nor a table")
    folder(tmp_path, "above")
    root.rename(tmp_path / "above" / "images")
    root = tmp_path / "above" / "images"
    refused(tmp_path / "above", re.escape(f"found one class only, 'images'; did you mean {root}"))
    for text, message in (
        ("file,label\na,b\n", "has no column path; it has file, label"),
        ("path\na\n", "has no column label"),
        ("path,label\nabsent.png,x\nabsent2.png,y\n", "none of its 2 files exists, such as absent.png"),
        ("path,label,split\nabove/images/dark/000.png,x,holdout\n", "row 2 has the split 'holdout'"),
        ("path,label\nabove/images/dark/000.png,\n", "row 2 has no label"),
        (
            "path,label\nabove/images/dark/000.png,x\nabove/images/dark/000.png,y\n",
            "lists above/images/dark/000.png more than once",
        ),
        ("path,label\nabove/images/dark/000.png,x\nabove/images/dark/001.png,x\n", "found one class only, 'x'"),
    ):
        table.write_text(text)
        refused(table, message)


def test_a_missing_file_of_a_table_is_an_unusable_row(make_images: MakeImages) -> None:
    root = make_images(count=2)
    (root / "table.csv").write_text("path,label\ndark/000.png,x\nlight/000.png,y\ngone.png,y\n")
    assert scan(root / "table.csv").unusable.select("path", "error").rows() == [("gone.png", "no such file")]


def test_blank_rows_of_a_table_are_no_images_but_count_as_rows(make_images: MakeImages) -> None:
    root = make_images(count=2)
    file = root / "table.csv"
    file.write_text("path,label\ndark/000.png,x\n\nlight/000.png,y\n,\n\n")
    assert scan(file).table["path"].to_list() == ["dark/000.png", "light/000.png"]
    assert len(image_table(file, channel_names=())) == 2
    file.write_text("path,label\ndark/000.png,x\n,\nlight/000.png,\n")
    with pytest.raises(LeadlineError, match="row 4 has no label"):
        scan(file)


def test_a_table_that_is_a_link_lists_what_lies_beside_the_link(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images(count=2)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "object").write_text("path,label\ndark/000.png,x\nlight/000.png,y\n")
    (root / "table.csv").symlink_to(tmp_path / "store" / "object")
    manifest = scan(root / "table.csv")
    assert manifest.unusable.is_empty()
    assert [(path,) for path in manifest.paths()] == image_table(root / "table.csv", channel_names=())


def test_names_of_no_file_in_a_table_are_unusable_rows(make_images: MakeImages) -> None:
    root = make_images(count=2)
    pl.DataFrame(
        {"path": ["dark/000.png", "light/000.png", "long" * 100 + ".png", "n\0l.png"], "label": ["x", "y", "x", "y"]}
    ).write_parquet(root / "table.parquet")
    assert scan(root / "table.parquet").unusable["error"].to_list() == [
        "File name too long", "is no name of a file (embedded null byte); correct it",
    ]  # fmt: skip


def test_names_that_are_no_utf8_are_passed_over_and_named(make_images: MakeImages) -> None:
    root = make_images(count=5)
    not_utf8(root / "dark" / "002.png")
    (root / "notes.txt").touch()
    not_utf8(root / "notes.txt")
    manifest = scan(root)
    assert len(manifest.table) == 9
    assert manifest.notes == (
        r"passed over 1 image whose name is no UTF-8, such as dark/Zelle_\udce4.png; rename it",
        r"passed over 1 file that are no images by their suffix: Zelle_\udce4.txt",
    )
    assert {"source", "overlooked_image"} & set(check(root).summary.kinds) == {"source"}
    not_utf8(root / "light")
    with pytest.raises(LeadlineError, match=r"Zelle_\\udce4: the name of this class is no UTF-8; rename the folder"):
        scan(root)
    assert check(root).summary.images == 4


def test_a_name_written_in_two_ways_is_told(make_images: MakeImages) -> None:
    composed, decomposed = "caf\xe9", "cafe\u0301"
    root = make_images(count=4, classes=(composed, decomposed, "tea"))
    (found,) = [one for one in check(root).problems if one.kind == "similar_class_names"]
    assert found.message == r"'cafe\u0301' and 'caf\xe9' are counted as different classes"
    with pytest.raises(LeadlineError, match=r"'cafe\\u0301' and 'caf\\xe9' are one name written in two ways"):
        scan(root, classes=(composed, "tea"))


def test_so_is_a_character_of_no_width(make_images: MakeImages) -> None:
    root = make_images(count=4, classes=("cat", "cat\u200b", "dog"))
    (found,) = [one for one in check(root).problems if one.kind == "similar_class_names"]
    assert (found.severity, "'cat'" in found.message, r"cat\u200b" in found.message) == ("warning", True, True)
    with pytest.raises(LeadlineError, match=r"'cat\\u200b' and 'cat' are one name written in two ways"):
        scan(root, classes=("cat", "dog"))


def test_a_class_that_the_classifier_does_not_know_is_refused(make_images: MakeImages) -> None:
    root = make_images(count=2)
    assert scan(root, classes=("dark", "light", "other")).classes == ("dark", "light", "other")
    with pytest.raises(LeadlineError, match="has the class 'light', which the classifier does not know"):
        scan(root, classes=("dark", "other"))


@pytest.mark.skipif(not TEST_DATA.is_dir(), reason=f"no {TEST_DATA} (LEADLINE_TEST_DATA)")
def test_nothing_is_written_next_to_the_test_data() -> None:
    assert not os.access(TEST_DATA, os.W_OK) or not list(TEST_DATA.glob("*.parquet"))
