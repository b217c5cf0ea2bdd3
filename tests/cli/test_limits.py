"""Too small a limit on memory is said, before a library ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

resource = pytest.importorskip("resource")


@pytest.mark.parametrize(("verb", "gigabytes"), [("train", 3.0), ("check", 0.9)])
def test_a_small_limit_is_one_line_that_says_what_to_raise(tmp_path: Path, verb: str, gigabytes: float) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * 1e9),) * 2)

    done = subprocess.run(
        [sys.executable, "-m", "leadline", verb, "digits"],
        cwd=tmp_path, preexec_fn=limited, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"{gigabytes:.1f} GB" in line
    assert "ulimit -v" in line
