"""Several processes of one command, as torchrun starts them."""

import os

from leadline.errors import UsageError


def started_by_torchrun() -> bool:
    """Whether this is one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def first_process() -> bool:
    """Whether this process speaks for all of them."""
    return not started_by_torchrun() or os.environ.get("RANK") == "0"


def refuse_beside_torchrun(what: str) -> None:
    """UsageError for what each of the processes would do, one beside the other."""
    if started_by_torchrun():
        raise UsageError(f"torchrun: several processes share train alone; start {what} by itself")
