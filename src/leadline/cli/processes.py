"""Which verbs the processes that torchrun starts share."""

from leadline.errors import UsageError
from leadline.ranks import started_by_torchrun

SHARED = ("train", "predict", "evaluate", "compare")


def refuse_beside_torchrun(what: str) -> None:
    """UsageError for what each of the processes would do, one beside the other."""
    if started_by_torchrun():
        together = ", ".join(SHARED[:-1]) + f" and {SHARED[-1]}"
        raise UsageError(f"torchrun: several processes share {together}; start {what} by itself")
