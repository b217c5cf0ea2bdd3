"""An ImageNet root in every layout that people have gives the same images, classes and splits; a miniature of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from leadline.data.manifest import Manifest
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError

# Synset → ILSVRC2012_ID and words, as in the development kit: its numbers are not in the order of the synsets.
CLASSES = {
    "n01440764": (449, "tench, Tinca tinca"),
    "n02012849": (134, "crane"),
    "n03126707": (517, "crane"),
    "n03995372": (3, "power drill"),
}
NAMES = ("n01440764 tench", "n02012849 crane", "n03126707 crane", "n03995372 power drill")
# The synset of each validation image, from number 1 on.
VALIDATION = ["n03995372", "n01440764", "n02012849", "n03126707", "n01440764", "n03995372"]


def jpeg(file: Path, number: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 255, (40, 52, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, format="JPEG")


def train_images(home: Path) -> None:
    for position, synset in enumerate(CLASSES):
        for number in range(5):
            jpeg(home / synset / f"{synset}_{number}.JPEG", 100 * position + number)


def flat_validation(home: Path) -> None:
    for number in range(len(VALIDATION)):
        jpeg(home / f"ILSVRC2012_val_{number + 1:08d}.JPEG", 1000 + number)


def devkit(home: Path) -> None:
    """meta.mat as MATLAB wrote it: a struct array, with the groups of classes behind the classes themselves."""
    home.mkdir(parents=True)
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"), ("num_children", "O")]
    rows = [(number, synset, words, "a gloss", 0) for synset, (number, words) in CLASSES.items()]
    rows += [(1001, "n00001740", "entity", "a gloss", 2)]
    savemat(home / "meta.mat", {"synsets": np.array(rows, dtype=fields).reshape(-1, 1)})
    truth = "".join(f"{CLASSES[synset][0]}\n" for synset in VALIDATION)
    (home / "ILSVRC2012_validation_ground_truth.txt").write_text(truth)


def as_unpacked(root: Path) -> Path:
    train_images(root / "ILSVRC2012_img_train")
    flat_validation(root / "ILSVRC2012_img_val")
    devkit(root / "ILSVRC2012_devkit_t12" / "data")
    return root


def renamed_with_devkit(root: Path) -> Path:
    train_images(root / "train")
    flat_validation(root / "val")
    devkit(root / "devkit" / "data")
    return root


def sorted_into_folders(root: Path) -> Path:
    train_images(root / "train")
    for number, synset in enumerate(VALIDATION):
        jpeg(root / "val" / synset / f"ILSVRC2012_val_{number + 1:08d}.JPEG", 1000 + number)
    devkit(root / "ILSVRC2012_devkit_t12" / "data")
    return root


def from_kaggle(root: Path) -> Path:
    images = root / "ILSVRC" / "Data" / "CLS-LOC"
    train_images(images / "train")
    flat_validation(images / "val")
    jpeg(images / "test" / "ILSVRC2012_test_00000001.JPEG", 5000)
    lines = [f"{synset} {words}" for synset, (_, words) in CLASSES.items()]
    (root / "LOC_synset_mapping.txt").write_text("\n".join(lines) + "\n")
    boxes = [f"ILSVRC2012_val_{n:08d},{synset} 1 2 3 4 {synset} 5 6 7 8 " for n, synset in enumerate(VALIDATION, 1)]
    (root / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "\n".join(reversed(boxes)) + "\n")
    (root / "LOC_train_solution.csv").write_text("ImageId,PredictionString\n")
    return root


LAYOUTS: list[Callable[[Path], Path]] = [as_unpacked, renamed_with_devkit, sorted_into_folders, from_kaggle]


def labels_of(manifest: Manifest) -> dict[str, tuple[str, str]]:
    """File name → (class, split)."""
    rows = manifest.table.select("path", "label", "split").iter_rows()
    return {path.rpartition("/")[2]: (label, split) for path, label, split in rows}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_images_classes_and_splits(layout: Callable[[Path], Path], tmp_path: Path) -> None:
    manifest = scan(layout(tmp_path / "imagenet"))
    name_of = dict(zip(CLASSES, NAMES, strict=True))
    expected = {f"{synset}_{n}.JPEG": (name_of[synset], "train") for synset in CLASSES for n in range(5)}
    expected |= {f"ILSVRC2012_val_{n:08d}.JPEG": (name_of[s], "test") for n, s in enumerate(VALIDATION, 1)}
    assert labels_of(manifest) == expected
    assert manifest.classes == NAMES  # in the order of synsets, which is that of every trained network's outputs
    assert len(manifest.unusable) == 0
    assert all(path.is_file() for path in manifest.paths())
    assert any("are the test split" in note for note in manifest.notes)


def test_kaggles_inner_folder_finds_the_tables_above_it(tmp_path: Path) -> None:
    root = from_kaggle(tmp_path / "imagenet")
    inner = scan(root / "ILSVRC" / "Data" / "CLS-LOC")
    assert labels_of(inner) == labels_of(scan(root))
    assert "passed over test/, whose images have no labels" in inner.notes


def test_validation_images_for_training_come_from_the_training_images(tmp_path: Path) -> None:
    table = split(scan(as_unpacked(tmp_path / "imagenet"))).table
    of_validation = table.filter(split="validation")["path"]
    assert len(of_validation) == 4
    assert all("img_train" in path for path in of_validation)
    assert table.filter(split="test").height == len(VALIDATION)


def test_one_split_alone_is_read_without_opening_the_others(tmp_path: Path) -> None:
    root = as_unpacked(tmp_path / "imagenet")
    for file in (root / "ILSVRC2012_img_train").rglob("*.JPEG"):
        file.write_bytes(b"")  # would be unusable
    manifest = scan(root, split="test")
    assert len(manifest.table) == len(manifest.usable) == len(VALIDATION)
    assert manifest.classes == NAMES


def test_labelled_test_folders_leave_validation_what_it_is(tmp_path: Path) -> None:
    root = sorted_into_folders(tmp_path / "imagenet")
    jpeg(root / "test" / "n01440764" / "one.JPEG", 7)
    manifest = scan(root)
    assert set(manifest.table.filter(split="test")["path"]) == {"test/n01440764/one.JPEG"}
    assert manifest.table.filter(split="validation").height == len(VALIDATION)


def test_without_a_table_of_names_the_synset_is_the_name(tmp_path: Path) -> None:
    root = sorted_into_folders(tmp_path / "imagenet")
    shutil.rmtree(root / "ILSVRC2012_devkit_t12")
    assert scan(root).classes == tuple(CLASSES)


def test_a_thousand_classes_have_torchvisions_names(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / "train" / f"n{number:08d}").mkdir(parents=True)
        (tmp_path / "train" / f"n{number:08d}" / "a.JPEG").touch()
    classes = scan(tmp_path).classes
    assert (classes[0], classes[999]) == ("n00000000 tench", "n00000999 toilet tissue")


def test_flat_validation_images_without_their_table_are_refused_with_what_is_needed(tmp_path: Path) -> None:
    root = as_unpacked(tmp_path / "imagenet")
    (root / "ILSVRC2012_devkit_t12" / "data" / "meta.mat").unlink()
    with pytest.raises(LeadlineError, match=r"img_val: .* ILSVRC2012_validation_ground_truth\.txt and meta\.mat"):
        scan(root)
    (root / "ILSVRC2012_devkit_t12" / "data" / "meta.mat").write_bytes(b"no MATLAB file")
    with pytest.raises(LeadlineError, match=r"meta\.mat: cannot be read"):
        scan(root)


def test_an_image_that_the_table_does_not_know_is_named(tmp_path: Path) -> None:
    root = as_unpacked(tmp_path / "imagenet")
    jpeg(root / "ILSVRC2012_img_val" / "ILSVRC2012_val_00000007.JPEG", 9)
    with pytest.raises(LeadlineError, match=r"val_00000007\.JPEG: has no class in .*ground_truth\.txt"):
        scan(root)


def test_archives_that_were_not_unpacked_are_named(tmp_path: Path) -> None:
    root = as_unpacked(tmp_path / "imagenet")
    (root / "ILSVRC2012_img_train" / "n04515003.tar").touch()
    with pytest.raises(LeadlineError, match=r"n04515003\.tar: is an archive; unpack"):
        scan(root)


def test_nothing_is_written_into_it(tmp_path: Path) -> None:
    root = from_kaggle(tmp_path / "imagenet")
    before = {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}
    scan(root)
    assert {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))} == before


def test_other_folders_are_what_they_were(tmp_path: Path) -> None:
    for folder in ("train/cat", "train/n01440764", "val/cat", "val/n01440764"):
        jpeg(tmp_path / folder / "a.jpeg", len(folder))
    table = scan(tmp_path).table
    assert set(table["split"]) == {"train", "validation"}
    assert set(table["label"]) == {"cat", "n01440764"}


def test_the_words_of_a_class_do_not_make_it_another_one(tmp_path: Path) -> None:
    train_images(tmp_path / "bare" / "train")
    bare = scan(tmp_path / "bare")
    assert bare.classes == tuple(CLASSES)
    named = scan(tmp_path / "bare", classes=NAMES)
    assert named.classes == NAMES
    assert set(named.table["label"]) == set(NAMES)
    assert [label.split()[0] for label in named.table["label"]] == bare.table["label"].to_list()
    assert scan(as_unpacked(tmp_path / "full"), classes=tuple(CLASSES)).table["label"].unique().sort().to_list() == [
        *CLASSES
    ]
    with pytest.raises(LeadlineError, match="has the class 'n03995372', which the classifier does not know"):
        scan(tmp_path / "bare", classes=NAMES[:3])
