"""No class and no split vanishes: folders without images are refused by name, and names of splits are no classes."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.manifest import Manifest
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError
from leadline.verbs.check import check
from leadline.verbs.compare import plan_comparison
from leadline.verbs.train import train

from ...conftest import MakeImages

Fill = Callable[[Path], object]


def files(*names: str) -> Fill:
    """Fills a folder with files that are no images by their suffix, or hidden."""

    def fill(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"something")

    return fill


def dead_link(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("/mnt/drive/owl")


WITHOUT_IMAGES: dict[str, tuple[Fill, str]] = {
    "empty": (files(), "empty"),
    "empty patients": (lambda folder: (folder / "patient 1").mkdir(), "empty"),
    "HEIC": (files("1.HEIC", "2.HEIC"), "2 .HEIC files"),
    "microscope": (files("a.czi", "b.lif", "c.nd2"), ".czi"),
    "archive": (files("owl.zip"), "1 .zip file"),
    "hidden": (files(".1.png", ".2.png", ".DS_Store"), "3 hidden files"),
    "hidden folder": (files(".thumbnails/1.png"), "1 hidden file"),
    "side folder": (files("@eaDir/1.png"), "1 hidden file"),
    "link inside": (lambda folder: (folder / "all").symlink_to("/mnt/drive/owl"), "1 link to nowhere"),
    "dead link": (dead_link, "/mnt/drive/owl"),
}


@pytest.mark.parametrize(("fill", "held"), WITHOUT_IMAGES.values(), ids=WITHOUT_IMAGES)
@pytest.mark.parametrize("layout", ["flat", "split", "imagenet"])
def test_a_class_folder_without_images_is_refused_by_name(
    make_images: MakeImages, layout: str, fill: Fill, held: str
) -> None:
    classes, lost = (("n01440764", "n02012849"), "n09999999") if layout == "imagenet" else (("cat", "dog"), "owl")
    if layout == "flat":
        root = make_images("data", count=3, classes=classes)
    else:
        make_images("data/train", count=3, classes=(*classes, lost))
        root = make_images("data/val", count=2, classes=classes).parent
    path = lost if layout == "flat" else f"val/{lost}"
    (root / path).mkdir()
    fill(root / path)
    with pytest.raises(LeadlineError, match=f"{path}.*{re.escape(held)}") as refused:
        scan(root)
    assert "\n" not in str(refused.value)
    found = check(root)
    assert [one.severity for one in found.problems if path in one.paths] == ["error"]
    if fill is not dead_link:  # which may have led to anything
        assert 0 in found.summary.classes.values() or layout != "flat"


def test_neither_train_nor_compare_begins(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images("data", count=4, classes=("cat", "dog"))
    (root / "owl").mkdir()
    with pytest.raises(LeadlineError, match="owl"):
        train(root, model="lenet5", epochs=1, out=tmp_path / "run")
    with pytest.raises(LeadlineError, match="owl"):
        plan_comparison(root, models=["lenet5"], recipe=None)
    assert not (tmp_path / "run").exists()


def test_all_lost_classes_are_named_at_once(make_images: MakeImages) -> None:
    root = make_images("data", count=3, classes=("cat", "dog"))
    lost = [f"empty {number}" for number in range(5)]
    for name in lost:
        (root / name).mkdir()
    with pytest.raises(LeadlineError) as refused:
        scan(root)
    assert all(name in str(refused.value) for name in lost)


def test_images_to_judge_need_not_be_of_every_class(make_images: MakeImages) -> None:
    root = make_images("data", count=2, classes=("cat", "dog"))
    (root / "owl").mkdir()
    manifest = scan(root, classes=("cat", "dog", "owl"))
    assert len(manifest.table) == 4
    assert any("owl" in note for note in manifest.notes)
    assert scan(root, classes=("cat", "dog")).classes == ("cat", "dog")


@pytest.mark.parametrize("name", ["train", "val", "test", "Validation"])
@pytest.mark.parametrize("fill", [files(), files("1.HEIC"), files(".1.png"), files("cat/.1.png"), dead_link])
def test_no_split_is_taken_for_one_without_images(make_images: MakeImages, name: str, fill: Fill) -> None:
    make_images("data/valid" if name == "train" else "data/training", count=8)
    root = make_images("data/testing" if name != "test" else "data/dev", count=3).parent
    (root / name).mkdir()
    fill(root / name)
    with pytest.raises(LeadlineError, match=f"no image that can be read in the folder '{name}"):
        scan(root)
    assert any(path.startswith(name) for one in check(root).problems for path in one.paths if one.severity == "error")


def table_of(root: Path, rows: list[tuple[str, str, str]]) -> Path:
    file = root / "table.csv"
    file.write_text("path,label,split\n" + "".join(f"{','.join(row)}\n" for row in rows))
    return file


def rows_of(root: Path, divide: Callable[[int], str]) -> list[tuple[str, str, str]]:
    images = sorted(root.rglob("*.png"))
    return [(f"{file.parent.name}/{file.name}", file.parent.name, divide(int(file.stem))) for file in images]


def halves(number: int) -> str:
    return "train" if number < 4 else "val"


def thirds(number: int) -> str:
    return halves(number) if number < 6 else "test"


def test_a_table_whose_class_or_split_loses_all_its_images_is_refused(make_images: MakeImages) -> None:
    root = make_images("data", count=8, classes=("cat", "dog", "owl"))
    rows = rows_of(root, halves)
    assert split(scan(table_of(root, rows))).usable.filter(split="validation").height == 12
    shutil.rmtree(root / "owl")
    for divide in (halves, thirds, lambda _: ""):
        file = table_of(root, [(path, label, divide(int(Path(path).stem))) for path, label, _ in rows])
        with pytest.raises(LeadlineError, match=r"'owl' has no image that can be used \(owl/000.png: no such file\)"):
            split(scan(file))
    gone = [(path if part == "train" else f"gone {path}", label, part) for path, label, part in rows if label != "owl"]
    with pytest.raises(LeadlineError, match=r"none of its validation images can be used \(gone cat/004.png"):
        split(scan(table_of(root, gone)))


def test_a_class_that_is_missing_from_validation_alone_is_told(make_images: MakeImages) -> None:
    make_images("data/train", count=4, classes=("cat", "dog", "owl"))
    root = make_images("data/val", count=2, classes=("cat", "dog")).parent
    notes = split(scan(root)).notes
    assert "the validation split has no image of owl" in notes
    assert any("no test split" in note for note in notes)  # so that one is made of training images


def refused_as_splits(source: Path) -> str:
    with pytest.raises(LeadlineError, match="names of splits") as refused:
        scan(source)
    assert any("names of splits" in one.message for one in check(source).problems if one.severity == "error")
    return str(refused.value)


@pytest.mark.parametrize(
    "names",
    [("train", "val", "test"), ("Train", "TEST"), ("training", "testing", "valid"), ("train", "dev"), ("train",),
     ("training_set", "test_set"), ("train images", "eval"), ("validation", "test"), ("train", "test1")],
)  # fmt: skip
def test_splits_that_hold_images_are_no_classes(make_images: MakeImages, names: tuple[str, ...]) -> None:
    message = refused_as_splits(make_images("data", count=2, classes=names))
    assert all(name in message for name in names)
    assert "/CLASS/IMAGE" in message


def test_nor_are_they_in_a_table(make_images: MakeImages) -> None:
    root = make_images("data", count=2)
    file = root / "table.csv"
    file.write_text("path,label\ndark/000.png,train\nlight/000.png,test\n")
    refused_as_splits(file)


@pytest.mark.parametrize("names", [("bus", "train", "tram"), ("train", "trainer"), ("testis", "test"), ("dev", "prod")])
def test_a_class_beside_others_may_be_called_as_a_split(make_images: MakeImages, names: tuple[str, ...]) -> None:
    manifest = scan(make_images("data", count=2, classes=names))
    assert manifest.classes == tuple(sorted(names))
    assert manifest.table["split"].null_count() == len(manifest.table)


def test_splits_are_recognised_as_people_name_them(make_images: MakeImages) -> None:
    for name, count in (("Training_Set", 4), ("dev", 2), ("test-images", 3)):
        root = make_images(f"data/{name}", count=count).parent
    counts: Manifest = scan(root)
    assert dict(counts.table.group_by("split").len().iter_rows()) == {"train": 8, "validation": 4, "test": 6}


def test_a_class_called_test_with_patients_in_it_gets_both_ways_out(make_images: MakeImages) -> None:
    make_images("data/control", count=2, classes=("P1", "P2"))
    root = make_images("data/test", count=2, classes=("P3", "P4")).parent
    with pytest.raises(LeadlineError, match=r"test holds folders.* beside it lies control.* table"):
        scan(root)
    assert check(root).summary.classes == {"control": 4, "test": 4}
    (root / "test").rename(root / "my test")
    assert scan(root).classes == ("control", "my test")


def test_the_suffixes_that_are_read_are_named(make_images: MakeImages) -> None:
    root = make_images("data", count=1, classes=("cat", "dog"))
    files("1.heic")(root / "owl")
    with pytest.raises(LeadlineError) as refused:
        scan(root)
    assert all(suffix in str(refused.value) for suffix in IMAGE_SUFFIXES)
