"""A checkpoint is whole or the one before it is there."""

from pathlib import Path

import pytest
import torch

from leadline.errors import LeadlineError
from leadline.training import checkpoint
from leadline.training.checkpoint import NAME, PREVIOUS, State


def state(step: int) -> State:
    return State(step=step, history=[{"loss": 0.5}], network={"weight": torch.full((3,), float(step))})


def test_a_state_is_read_as_it_was_saved(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None
    checkpoint.save(state(7), tmp_path)
    found = checkpoint.load(tmp_path)
    assert found is not None
    assert (found.step, found.history, found.network["weight"].tolist()) == (7, [{"loss": 0.5}], [7.0] * 3)


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "text"])
def test_a_damaged_checkpoint_falls_back_on_the_one_before(tmp_path: Path, damage: str) -> None:
    checkpoint.save(state(1), tmp_path)
    checkpoint.save(state(2), tmp_path)
    newest = tmp_path / NAME
    if damage == "missing":  # killed between the two renames
        newest.unlink()
    else:
        newest.write_bytes({"truncated": newest.read_bytes()[:500], "empty": b"", "text": b"not a checkpoint"}[damage])
    found = checkpoint.load(tmp_path)
    assert found is not None
    assert found.step == 1


def test_without_a_whole_checkpoint_both_are_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"x")
    (tmp_path / PREVIOUS).write_bytes(b"")
    with pytest.raises(LeadlineError, match=rf"{NAME} .*{PREVIOUS}"):
        checkpoint.load(tmp_path)


def test_a_pickle_that_runs_code_is_not_opened(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"format": 1, "step": Evil()}, tmp_path / NAME)
    with pytest.raises(LeadlineError, match="damaged"):
        checkpoint.load(tmp_path)
    assert not (tmp_path / "ran").exists()
