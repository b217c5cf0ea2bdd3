"""The benchmarks still do what they measure: the two loops of training train."""

import subprocess
import sys
from pathlib import Path

import pytest

import training_speed


@pytest.mark.slow
@pytest.mark.parametrize("way", ["plain", "ours"])
def test_both_loops_train(way: str, tmp_path: Path) -> None:
    training_speed.write_images(tmp_path, count=60, size=32)
    command = [sys.executable, training_speed.__file__, "--one", way, "--folder", tmp_path, "--models", "nin_small"]
    finished = subprocess.run([*command, "--size", "32", "--batch-size", "16"], capture_output=True, text=True)
    assert float(finished.stdout.splitlines()[-1]) > 0
