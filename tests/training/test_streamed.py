"""A training on shards ends as one on files does: a classifier, a report, and the same bits when it is resumed."""

import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from leadline.cli import app
from leadline.errors import LeadlineError, UsageError
from leadline.training import loop
from leadline.training.loop import Interrupted
from leadline.verbs.compare import compare
from leadline.verbs.shard import shard
from leadline.verbs.train import resume, train

from ..conftest import MakeImages, Notes

pytest.importorskip("datasets")


@pytest.fixture
def shards(make_images: MakeImages, tmp_path: Path) -> Path:
    shard(make_images(count=40), tmp_path / "shards", megabytes=0.02)
    return tmp_path / "shards"


def test_a_network_learns_from_shards_and_resumes_to_the_same_bits(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Augmentation and momentum; interrupted in the middle of the second of three epochs of seven steps."""
    settings = {"model": "lenet5", "epochs": 3, "batch_size": 8, "augment": "dihedral", "balance": "weights"}
    whole = train(shards, out=tmp_path / "whole", **settings)  # type: ignore[arg-type]
    metrics = whole.metrics
    assert metrics.test is not None
    assert metrics.test.of("accuracy").n == 12
    assert metrics.left_out == ()
    assert "| 56 | 12 | 12 | 80 |" in (whole.folder / "MODEL_CARD.md").read_text()
    real, calls, asked = loop.update, [], threading.Event()  # signals themselves are test_resume.py's

    def interrupting(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 11:
            asked.set()
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "update", interrupting)
    monkeypatch.setattr("leadline.verbs.train.write_run_report", lambda folder: None)  # which takes seconds
    with monkeypatch.context() as stopping:
        stopping.setattr(loop, "stop_between_steps", lambda: nullcontext(asked))
        with pytest.raises(Interrupted):
            train(shards, out=tmp_path / "interrupted", **settings)  # type: ignore[arg-type]
    resumed = resume(tmp_path / "interrupted")
    assert len(calls) == 21
    file = "classifier/model.safetensors"
    assert (resumed.folder / file).read_bytes() == (whole.folder / file).read_bytes()
    assert resumed.predictions.table.equals(whole.predictions.table)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"folds": 3}, "--folds"),
        ({"group": "folder:-1"}, "--group: was decided when the shards were written"),
        ({"test_group": ("a",)}, "--test-group"),
        ({"balance": "sampling"}, "--balance"),
    ],
)
def test_what_shards_cannot_do_is_said(shards: Path, settings: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        train(shards, model="lenet5", **settings)  # type: ignore[arg-type]


def test_other_verbs_say_who_reads_shards(shards: Path) -> None:
    with pytest.raises(UsageError, match="these are shards"):
        compare(shards)
    with pytest.raises(LeadlineError, match="these are shards, which train, evaluate and predict read"):
        app(["check", str(shards)], exit_on_error=False)


def test_shard_writes_a_new_folder_beside_the_data(
    make_images: MakeImages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_images(count=20)
    (data / "dark" / "003.png").write_bytes(b"no image")
    assert app(["shard", str(data), str(tmp_path / "out")], result_action="return_value", exit_on_error=False) == 0
    assert "3 shards of 2 classes (27 train, 6 validation, 6 test images)" in capsys.readouterr().out
    for out, said in ((tmp_path / "out", "exists already"), (data / "out", "lies in the data")):
        with pytest.raises(UsageError, match=said):
            shard(data, out)
    notes = Notes()
    shard(data, tmp_path / "other", progress=notes)
    assert any("left out dark/003.png" in note for note in notes.notes)
