"""`make torture` kills what it says that it kills, and finds what a resumed training gets wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "torture.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork")
def test_a_killed_training_and_a_killed_experiment_end_as_undisturbed_ones(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    asked = [sys.executable, str(SCRIPT), "--minutes", "0.5", "--only", "averaging", "lab", "--out", str(counts)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(count["kills"] and not count["failures"] for count in json.loads(counts.read_text()).values())
