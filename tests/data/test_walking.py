"""Folders are walked in order, through links, and never in a circle."""

from pathlib import Path

import pytest

from leadline.data.audit.files import overlooked
from leadline.data.sources import scan

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


def test_a_circle_by_way_of_another_folder_ends(make_images: MakeImages, tmp_path: Path) -> None:
    root = make_images("data/cells", count=3)
    (tmp_path / "elsewhere").mkdir()
    (root / "dark" / "000.png").rename(tmp_path / "elsewhere" / "000.png")
    (root / "dark" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(root / "dark")
    labels = scan(root).table["label"].to_list()
    assert (labels.count("dark"), labels.count("light")) == (3, 3)
