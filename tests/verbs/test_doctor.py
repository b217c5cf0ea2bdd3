"""`leadline doctor` says what is there, and changes nothing."""

from pathlib import Path

import pytest
import torch

from leadline.cli import COULD_NOT, DONE
from leadline.cli.doctor import doctor as command
from leadline.verbs import doctor as verbs


def test_it_says_versions_threads_and_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    empty = verbs.doctor()
    assert (empty.cache.bytes, empty.cache.files, empty.cache.problem) == (0, 0, "")
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache" / "images").mkdir(parents=True)
    (tmp_path / "cache" / "images" / "block").write_bytes(bytes(1000))
    found = verbs.doctor()
    assert (found.cache.folder, found.cache.bytes, found.cache.files) == (str(tmp_path / "cache"), 1000, 1)
    assert found.settings["LEADLINE_CACHE"] == str(tmp_path / "cache")
    assert found.environment.hardware.threads == torch.get_num_threads()
    assert set(found.optional) == set(found.extras)


def test_a_package_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(verbs, "OPTIONAL", {"no_such_package": "hub"})
    assert command() == DONE
    assert "no_such_package (leadline[hub])" in capsys.readouterr().out


def test_without_a_place_for_the_cache_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(verbs, "_cache", lambda: verbs.Cache(problem="no folder for the cache"))
    assert command() == COULD_NOT
    assert "no folder for the cache" in capsys.readouterr().out
    assert command(json=True) == COULD_NOT
