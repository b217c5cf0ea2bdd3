"""How threads wait for each other, decided before torch is imported; it changes no bit of a result."""

import os
import time
from contextlib import suppress
from pathlib import Path

SAMPLE = 0.15  # seconds for which the other programs are watched
BUSY = 0.35  # cores that they use


def wait_politely_beside_others() -> None:
    """Where other programs compute, let threads that wait sleep: spinning ones take the cores from each other.

    On a quiet machine it is the other way round, so there they spin. What a person has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ and _busy_cores() > BUSY:
        os.environ["OMP_WAIT_POLICY"] = "passive"


def _busy_cores() -> float:
    """How many cores other programs use now; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        before = _ticks()
        time.sleep(SAMPLE)
        after = _ticks()
        passed = sum(after) - sum(before)
        idle = sum(after[3:5]) - sum(before[3:5])  # waiting for a disk is no work
        return (os.cpu_count() or 1) * (passed - idle) / passed if passed > 0 else 0.0
    return 0.0


def _ticks() -> list[int]:
    """Of all cores since the start: user, nice, system, idle, waiting for a disk, … (proc_stat(5))."""
    return [int(value) for value in Path("/proc/stat").read_text("utf-8").splitlines()[0].split()[1:9]]
