"""Where the cache lies, and what is said where there is no place for it."""

from pathlib import Path

import numpy as np
import pytest

from leadline.data.audit.pixels import look_at
from leadline.data.cache import ImageCache
from leadline.data.cache_folder import cache_folder, made_in_cache
from leadline.data.preprocessing import geometry
from leadline.data.sources.scan import scan
from leadline.errors import LeadlineError

from ..conftest import MakeImages
from ..test_writing import small_disk as small_disk


def without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("LEADLINE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)


def test_without_a_home_folder_the_way_out_is_named_and_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_home(monkeypatch)
    with pytest.raises(LeadlineError, match="LEADLINE_CACHE"):
        cache_folder()
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "named"))
    assert made_in_cache("looks") == tmp_path / "named" / "looks"


def test_a_cache_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(LeadlineError, match=r"file.cache.*LEADLINE_CACHE"):
        made_in_cache("images")


def test_images_are_looked_at_without_a_cache_too(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = scan(make_images(count=3))
    without_home(monkeypatch)
    assert look_at(manifest).errors == [""] * 6


def test_a_disk_without_room_for_the_pixels_is_named_and_stays_empty(
    make_images: MakeImages, monkeypatch: pytest.MonkeyPatch, small_disk: Path
) -> None:
    manifest = scan(make_images(count=20))
    monkeypatch.setenv("LEADLINE_CACHE", str(small_disk))
    cache = ImageCache(manifest, geometry(manifest, size=128))
    with pytest.raises(LeadlineError, match=r"disk.*LEADLINE_CACHE"):
        cache.fill(np.arange(40))
    assert not [file for file in small_disk.rglob("*") if file.is_file()]
    # Another program takes the room while the images are decoded.
    cache = ImageCache(manifest, geometry(manifest, size=64))
    monkeypatch.setattr(ImageCache, "_refuse_small_disk", lambda *_: None)
    (small_disk / "other").write_bytes(bytes(180 * 1024))
    with pytest.raises(LeadlineError, match=r"No space left.*LEADLINE_CACHE"):
        cache.fill(np.arange(40))
    assert [file.name for file in small_disk.rglob("*") if file.is_file()] == ["other"]
