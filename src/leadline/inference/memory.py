"""The most memory that a piece of work took, and what is said where there is not enough of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from leadline.data.image import memory_is_short
from leadline.errors import LeadlineError


@contextmanager
def enough_memory(*, way_out: str) -> Iterator[None]:
    """LeadlineError, with the `way_out`, where memory runs short inside, of the computer or of the accelerator.

    Other errors, also of the kinds that torch raises for it, stay what they are.
    """
    try:
        yield
    except LeadlineError:
        raise
    except Exception as error:
        if not memory_is_short(error):
            raise
        reason = " ".join(str(error).split())[:200] or "no more can be had"
        raise LeadlineError(f"memory is short ({reason}); {way_out}") from error


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
