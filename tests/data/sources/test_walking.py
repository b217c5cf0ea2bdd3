"""Folders are walked in order, through links, and never in a circle."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.data.audit.files import overlooked
from leadline.data.sources.scan import image_files, scan
from leadline.errors import LeadlineError

from ...conftest import MakeImages

CIRCLES = [(link, target) for link in ("again", "dark/again", "dark/deep/again") for target in (".", "..", "dark")]
CIRCLES.remove(("again", "dark"))  # that is another name for a class


@pytest.mark.parametrize(("link", "target"), CIRCLES)
def test_a_link_back_to_a_folder_above_it_gives_no_image_twice(make_images: MakeImages, link: str, target: str) -> None:
    root = make_images("data/cells", count=3)
    before = scan(root).table
    (root / "dark" / "deep").mkdir()
    (root / link).symlink_to((root / target).resolve(), target_is_directory=True)
    assert scan(root).table.equals(before)
    assert not list(overlooked(scan(root)))


def test_links_in_a_class_that_lead_nowhere_are_passed_over_and_named(make_images: MakeImages) -> None:
    root = make_images(count=3)
    before = scan(root).table
    (root / "dark" / "itself").symlink_to(root / "dark" / "itself")
    (root / "dark" / "gone").symlink_to(root / "dark" / "nothing")
    manifest = scan(root)
    assert manifest.table.equals(before)
    assert "dark/gone, dark/itself" in " ".join(manifest.notes)


SIDE = ("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "__MACOSX", "lost+found", ".Trash-1000",
        ".AppleDouble", ".@__thumb")  # fmt: skip


@pytest.mark.parametrize("home", [".", "dark", "dark/patient 1"])
def test_side_folders_of_systems_are_passed_over_and_counted(make_images: MakeImages, home: str) -> None:
    root = make_images(count=3)
    (root / "dark" / "patient 1").mkdir()
    before = scan(root)
    for name in SIDE:
        (root / home / name / "000.png").mkdir(parents=True)
        shutil.copy(root / "light" / "000.png", root / home / name / "000.png" / "thumbnail.png")
    manifest = scan(root)
    assert manifest.table.equals(before.table)
    assert manifest.classes == before.classes
    assert list(image_files(root)) == manifest.paths()
    (note,) = set(manifest.notes) - set(before.notes)
    assert str(len(SIDE)) in note
    assert any(name in note for name in SIDE)
    assert not list(overlooked(manifest))


def test_a_side_folder_that_cannot_be_listed_is_no_obstacle(
    make_images: MakeImages, deny: Callable[[Path], None]
) -> None:
    root = make_images(count=3)
    (root / "lost+found").mkdir()
    deny(root / "lost+found")
    assert len(scan(root).table) == 6


def test_a_circle_by_way_of_another_folder_ends(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images("data/cells", count=3)
    (tmp_path / "elsewhere").mkdir()
    (root / "dark" / "000.png").rename(tmp_path / "elsewhere" / "000.png")
    (root / "dark" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(root / "dark")
    labels = scan(root).table["label"].to_list()
    assert (labels.count("dark"), labels.count("light")) == (3, 3)


Deny = Callable[[Path], None]


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Deny:
    """Makes a folder one that cannot be listed, for root too."""
    scandir, listdir, denied = os.scandir, os.listdir, set[str]()

    def unless_denied(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(path: Any) -> Any:
            if str(path) in denied:
                raise PermissionError(13, "Permission denied", str(path))
            return function(path)

        return called

    monkeypatch.setattr(os, "scandir", unless_denied(scandir))
    monkeypatch.setattr(os, "listdir", unless_denied(listdir))
    return lambda folder: denied.add(str(folder))


@pytest.mark.parametrize("folder", [".", "dark", "dark/deep"])
def test_a_folder_that_cannot_be_listed_is_named(make_images: MakeImages, deny: Deny, folder: str) -> None:
    root = make_images(count=3)
    (root / "dark" / "deep").mkdir()
    deny(root / folder)
    message = f"^{re.escape(str(root / folder))}: cannot be listed \\(Permission denied\\); get the right to read it"
    with pytest.raises(LeadlineError, match=message):
        scan(root)
    with pytest.raises(LeadlineError, match=message):
        list(image_files(root))


def test_side_folders_hide_no_imagenet_root(make_images: MakeImages) -> None:
    make_images("root/train", count=3, classes=("n01440764", "n02012849"))
    root = make_images("root/val", count=1, classes=("n01440764", "n02012849")).parent
    before = scan(root)
    for home in ("train", "val", "val/n01440764"):
        make_images(f"root/{home}/@eaDir", count=1, classes=("thumbnails",))
    manifest = scan(root)
    assert manifest.table.equals(before.table)
    assert any("3 images" in note and "@eaDir" in note for note in manifest.notes)


@pytest.mark.parametrize("folder", ["train", "train/n01440764"])
def test_so_it_is_in_an_imagenet_root(make_images: MakeImages, deny: Deny, folder: str) -> None:
    root = make_images("root/train", count=3, classes=("n01440764", "n02012849")).parent
    deny(root / folder)
    with pytest.raises(LeadlineError, match=f"{folder}: cannot be listed"):
        scan(root)
