"""How the threads of a computation wait for each other, which is decided before PyTorch is loaded."""

import os
import time
from pathlib import Path

LONG = ("compare", "train", "evaluate", "predict", "explain", "lab", "serve")
LOOKED = 0.05  # seconds for which others' work is watched
BUSY = 0.5  # cores that other programs keep busy


def wait_politely(verb: str) -> None:
    """Let threads sleep while they wait, where other programs keep a core busy.

    By default they wait by running, which is faster alone, and much slower beside a busy program. Where the processor
    has bf16, sleeping is slower there, too (both in docs/results.md). It changes no result. A person's own
    OMP_WAIT_POLICY stays.
    """
    if verb in LONG and "OMP_WAIT_POLICY" not in os.environ and not has_bf16() and busy_cores(LOOKED) > BUSY:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def has_bf16(*, file: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether networks will be computed in bf16 (inference.hardware), as far as that is known before PyTorch is."""
    try:
        flags = next(line for line in file.read_text("utf-8").splitlines() if line.startswith("flags")).split()
    except (OSError, StopIteration):
        return False
    return "amx_tile" in flags or "avx512_bf16" in flags


def busy_cores(seconds: float, *, file: Path = Path("/proc/stat")) -> float:
    """Cores that were busy in the next `seconds`; 0 where the system does not say, which is elsewhere than on Linux."""
    try:
        before = _ticks(file)
        time.sleep(seconds)
        after = _ticks(file)
    except (OSError, ValueError, IndexError):
        return 0.0
    elapsed = sum(after) - sum(before)
    idle = after[3] + after[4] - before[3] - before[4]
    return (os.cpu_count() or 1) * (1 - idle / elapsed) if elapsed > 0 else 0.0


def _ticks(file: Path) -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq, steal, of all cores together since the start."""
    return [int(number) for number in file.read_text("ascii").splitlines()[0].split()[1:9]]
