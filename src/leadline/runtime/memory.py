"""The most memory that a piece of work took."""

import sys
from pathlib import Path

import torch


class PeakMemory:
    """Bytes at the peak since it was made: of the accelerator where one is used, else of the process.

    None where the system does not let a process reset its peak (all but Linux).
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._known = True
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        elif sys.platform == "linux":
            try:
                Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, proc_pid_clear_refs(5)
            except OSError:
                self._known = False
        else:
            self._known = False

    def bytes(self) -> int | None:
        if not self._known:
            return None
        if self._device == "cuda":
            return torch.cuda.max_memory_allocated()
        status = Path("/proc/self/status").read_text("utf-8")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
