"""The check is the first step of train and compare: told in a few lines, kept in the folder, not needed again."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import leadline.verbs.train as train_module
from leadline.data.audit import pixels as looks
from leadline.data.sources.scan import scan
from leadline.progress import Progress
from leadline.verbs.check import check
from leadline.verbs.compare import compare
from leadline.verbs.train import resume, train

from ..conftest import MakeImages


class Notes(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def with_copies(root: Path, *, count: int) -> Path:
    """Images that were saved again as JPEGs."""
    for number in range(count):
        Image.open(root / "dark" / f"{number:03d}.png").save(root / "dark" / f"copy {number:03d}.jpg", quality=80)
    return root


def test_a_training_says_what_it_found_in_a_line_per_kind_and_keeps_all_of_it(
    make_images: MakeImages, tmp_path: Path
) -> None:
    root, notes = with_copies(make_images(count=12), count=8), Notes()
    run = train(root, model="lenet5", epochs=1, out=tmp_path / "run", progress=notes)
    kept = json.loads((run.folder / "check.json").read_text())
    copies = [one["message"] for one in kept["problems"] if one["kind"] == "near_duplicates"]
    assert len(copies) == 8
    assert not any("different splits" in message for message in copies)  # the split kept them together
    assert sum(one["kind"] == "class_too_small" for one in kept["problems"]) == 2
    assert sum("too few images of a class" in line for line in notes.lines) == 1
    assert not any("hint" in line for line in notes.lines)
    assert "What was found in these images" in (run.folder / "report.html").read_text()
    assert (run.folder / "suspects.csv").is_file()


def test_a_training_is_resumed_without_another_look(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "train_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(make_images(count=20), model="lenet5", epochs=1, out=tmp_path / "run")
    monkeypatch.undo()
    monkeypatch.setattr(looks, "_look", interrupted)
    (tmp_path / "run" / "check.json").unlink()
    assert resume(tmp_path / "run").finished


def test_a_comparison_keeps_its_check_above_the_runs(make_images: MakeImages, tmp_path: Path) -> None:
    compared = compare(make_images(count=20), models=["lenet5"], epochs=1, out=tmp_path / "compared")
    assert json.loads((compared.folder / "check.json").read_text())["summary"]["images"] == 40
    assert not (compared.folder / "lenet5" / "check.json").exists()
    assert "What was found in these images" in (compared.folder / "report.html").read_text()


def test_an_image_is_decoded_only_the_first_time(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_images(count=30)
    first = check(root)
    monkeypatch.setattr(looks, "_look", lambda *_: pytest.fail("looked again"))
    assert check(root) == first
    shutil.copy(root / "dark" / "000.png", root / "dark" / "again.png")
    with pytest.raises(pytest.fail.Exception, match="looked again"):
        check(root)
    monkeypatch.undo()
    for file in (looks.cache_folder() / "looks").glob("*.npz"):
        file.write_bytes(file.read_bytes()[:100])  # a damaged cache is no answer
    assert check(root).summary.kinds == {"exact_duplicates": 1}


def test_what_failed_with_the_disk_is_looked_at_again(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_images(count=30)
    read = looks.read_image

    def failing(path: Path, **options: object) -> object:
        if path.name == "007.png":
            raise OSError(5, "Input/output error")
        return read(path, **options)

    monkeypatch.setattr(looks, "read_image", failing)
    assert check(root).unreadable == 2
    monkeypatch.undo()
    assert check(root).unreadable == 0


def test_a_failing_disk_is_told_from_a_damaged_file(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_images(count=30)
    cut = root / "dark" / "007.png"
    cut.write_bytes(cut.read_bytes()[:-40])
    read, failing = Path.read_bytes, set[str]()

    def read_bytes(path: Path) -> bytes:
        if path.name in failing:
            raise OSError(5, "Input/output error")
        return read(path)

    manifest = scan(root)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    failing.add("008.png")
    seen = looks.look_at(manifest)
    assert [bool(error) for error in seen.errors] == [
        path in ("dark/007.png", "dark/008.png", "light/008.png") for path in manifest.table["path"]
    ]
    failing.clear()
    assert sum(map(bool, looks.look_at(manifest).errors)) == 1
    monkeypatch.setattr(looks, "_look", lambda *_: pytest.fail("looked again"))
    assert sum(map(bool, looks.look_at(manifest).errors)) == 1  # damage lasts
