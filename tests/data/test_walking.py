"""Folders are walked in order, through links, and never in a circle."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadline.data.audit.files import overlooked
from leadline.data.sources import image_files, scan
from leadline.errors import LeadlineError

from ..conftest import MakeImages

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


def test_links_that_lead_nowhere_are_passed_over(make_images: MakeImages) -> None:
    root = make_images(count=3)
    before = scan(root).table
    for home in (root, root / "dark"):
        (home / "itself").symlink_to(home / "itself")
        (home / "gone").symlink_to(home / "nothing")
    assert scan(root).table.equals(before)


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


@pytest.mark.parametrize("folder", ["train", "train/n01440764"])
def test_so_it_is_in_an_imagenet_root(make_images: MakeImages, deny: Deny, folder: str) -> None:
    root = make_images("root/train", count=3, classes=("n01440764", "n02012849")).parent
    deny(root / folder)
    with pytest.raises(LeadlineError, match=f"{folder}: cannot be listed"):
        scan(root)
