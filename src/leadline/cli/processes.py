"""Which verbs the processes that torchrun starts share."""

from collections.abc import Callable

from leadline.errors import UsageError
from leadline.ranks import first_process, started_by_torchrun

SHARED = ("train", "predict", "evaluate", "compare")


def refuse_beside_torchrun(what: str) -> None:
    """UsageError for what each of the processes would do, one beside the other."""
    if started_by_torchrun():
        together = ", ".join(SHARED[:-1]) + f" and {SHARED[-1]}"
        raise UsageError(f"torchrun: several processes share {together}; start {what} by itself")


def told_once(show: Callable[[], int]) -> int:
    """The status of a verb whose processes share the work: the first one shows the result. torchrun takes all but 0 for
    a failure, and some of them are none."""
    status = show() if first_process() else 0
    return 0 if started_by_torchrun() else status
