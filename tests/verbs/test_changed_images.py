"""Images that are no longer those of the manifest, or that only decoding shows to be unusable: said, never used."""

import shutil
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.training.run_folder import Run
from leadline.verbs.evaluate import evaluate
from leadline.verbs.train import resume, train

from ..conftest import MakeImages, Notes
from ..data.test_cache_and_loader import damage


@pytest.fixture
def run(make_images: MakeImages, tmp_path: Path) -> Run:
    return train(make_images(count=10, size=64), model="lenet5", out=tmp_path / "run", epochs=1)


def of_split(run: Run, name: str) -> list[Path]:
    manifest = run.manifest
    return manifest.paths(manifest.usable.filter(split=name))


def test_a_test_split_that_was_exported_anew_is_refused_with_the_number_and_costs_no_look(run: Run) -> None:
    first, second, *_ = of_split(run, "test")
    first.write_bytes(of_split(run, "train")[0].read_bytes())
    second.unlink()
    with pytest.raises(LeadlineError, match=r"2 of the 4 test images") as refusal:
        evaluate(run.folder)
    assert first.name in str(refusal.value)
    assert second.name in str(refusal.value)
    assert run.metrics.looks_at_test == 1
    assert not (run.folder / "evaluations").exists()
    assert evaluate(run.folder, run.manifest.root).metrics.accuracy.n == 19, "as new images they are judged"


def test_a_run_whose_images_are_gone_is_not_resumed_on_what_is_left(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run.predictions.table
    (run.folder / "metrics.json").unlink()  # as if it had been interrupted
    shutil.move(run.manifest.root / "light", tmp_path / "elsewhere")
    assert resume(run.folder).predictions.table.equals(before), "what is decoded already is enough"
    (run.folder / "metrics.json").unlink()
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cold"))
    for _ in range(2):
        with pytest.raises(LeadlineError, match=r"10 of the 20 images .*light"):
            resume(run.folder)
    assert not run.finished
    shutil.move(tmp_path / "elsewhere", run.manifest.root / "light")
    assert resume(run.folder).predictions.table.equals(before)


def test_a_run_and_its_data_that_moved_go_on_as_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, root = run.predictions.table, run.manifest.root
    (run.folder / "metrics.json").unlink()
    moved = Path(shutil.move(run.folder, tmp_path / "another place"))
    shutil.move(root, tmp_path / "moved")
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cold"))
    with pytest.raises(LeadlineError, match=rf"{root}: no such folder.* put a link to its new place there"):
        resume(moved)
    root.symlink_to(tmp_path / "moved")
    assert resume(moved).predictions.table.equals(before)


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_split_of_the_persons_own_that_cannot_be_decoded_is_refused_and_no_other_taken(
    make_images: MakeImages, tmp_path: Path, part: str
) -> None:
    for name in ("train", "val", "test"):
        make_images(f"data/{name}", count=4, size=64)
    for image in (tmp_path / "data" / part).rglob("*.png"):
        damage(image)
    with pytest.raises(LeadlineError, match=rf"none of its {part}.*{part}/dark/000.png: is a damaged PNG"):
        train(tmp_path / "data", model="lenet5", out=tmp_path / "run", epochs=1)
    assert not (tmp_path / "run").exists()


def test_what_only_decoding_shows_is_named_before_the_split_which_has_only_the_others(
    make_images: MakeImages, tmp_path: Path
) -> None:
    data = make_images(count=12, size=64)
    broken = sorted(data.rglob("*.png"))[::3]
    for image in broken:
        damage(image)
    progress = Notes()
    run = train(data, model="lenet5", out=tmp_path / "run", epochs=1, progress=progress)
    for image in broken:
        assert any(image.name in note and image.parent.name in note for note in progress.notes)
    assert set(run.manifest.unusable["path"]) == {image.relative_to(data).as_posix() for image in broken}
    assert run.metrics.test.accuracy.n == 2
    assert len(run.metrics.left_out) == len(broken)
