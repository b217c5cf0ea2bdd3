"""The real torchrun, and its processes."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# `leadline` in fp32 also where the processor has bf16, whose rounding is too coarse to compare a sum in another order.
FP32 = """
import sys
from leadline.cli import main
from leadline.inference import hardware
hardware._has_bf16 = lambda device: False
sys.argv[0] = "leadline"
main()
"""


def torchrun(
    *arguments: str | Path, restarts: int = 0, script: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Two processes of `leadline ARGUMENTS`, or of a script in its place."""
    started = ["--nproc-per-node", "2", "--max-restarts", str(restarts), "--master-port", "0", "--standalone"]
    program = [str(script)] if script else ["-m", "leadline"]
    command = [sys.executable, "-m", "torch.distributed.run", *started, *program, *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**(environment or os.environ), "OMP_NUM_THREADS": "1"},
    )


def process_of(launcher: subprocess.Popen[str], rank: int) -> int:
    """The id of the process number `rank` that torchrun has started."""
    return next(pid for pid in _children(launcher.pid) if _rank_of(pid) == str(rank))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _rank_of(pid: int) -> str:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((one[5:].decode() for one in environment if one.startswith(b"RANK=")), "")
