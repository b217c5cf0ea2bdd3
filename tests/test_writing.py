"""A file is written in one piece, or not at all; where the system refuses, a line names it."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from leadline.errors import LeadlineError
from leadline.training.checkpoint import NAME, State, load, save
from leadline.writing import in_one_piece

BIG = torch.zeros(200_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_what_is_not_written_to_its_end_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text("old")

    def break_off(error: BaseException) -> None:
        with in_one_piece(file) as temporary:
            temporary.write_text("half")
            raise error

    for error in (KeyboardInterrupt(), ValueError("a defect")):
        with pytest.raises(type(error)):
            break_off(error)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write_bytes(bytes(800_000)),
        lambda file: save(State(network={"weight": BIG}), file.parent),
        lambda file: save_file({"weight": BIG}, file),
        lambda file: pl.DataFrame({"p": torch.rand(100_000).numpy()}).write_parquet(file),
        lambda file: pl.DataFrame({"p": torch.rand(100_000).numpy()}).write_csv(file),
    ],
    ids=["bytes", "torch", "safetensors", "parquet", "csv"],
)
def test_a_full_disk_is_a_line_whoever_writes_and_nothing_half_made_stays(small_disk: Path, write: object) -> None:
    with pytest.raises(LeadlineError, match="No space left") as refusal, in_one_piece(small_disk / "file") as temporary:
        write(temporary)  # type: ignore[operator]
    assert str(small_disk) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not list(small_disk.iterdir())


def test_a_checkpoint_for_which_there_is_no_room_leaves_the_one_before(small_disk: Path) -> None:
    save(State(step=1), small_disk)
    with pytest.raises(LeadlineError, match=r"make room .* --resume"):
        save(State(step=2, network={"weight": BIG}), small_disk)
    found = load(small_disk)
    assert found is not None
    assert found.step == 1
    assert [file.name for file in small_disk.iterdir()] == [NAME]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_what_the_system_says_is_passed_on(tmp_path: Path, number: int) -> None:
    with pytest.raises(LeadlineError, match=os.strerror(number)), in_one_piece(tmp_path / "file"):
        raise OSError(number, os.strerror(number))
