"""Several processes of one command, as torchrun starts them: which one this is, and how they share work.

The first one reads what was asked, says what there is to say, and writes; the others do their part of the work. PyTorch
is imported only where there are several.
"""

import atexit
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from leadline.errors import LeadlineError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

PATIENCE = timedelta(days=1)  # the others wait while the first one decodes or validates; torchrun ends them if it dies
# What gloo and NCCL say in the processes that are left when one of them has ended.
CUT_OFF = re.compile(
    r"gloo|NCCL|Connection (closed|reset|refused)|Broken pipe|Socket|TCPStore|recvValue", re.IGNORECASE
)


class OtherProcessError(LeadlineError):
    """Another process has failed, which says why itself, or was killed."""


@dataclass(frozen=True)
class Group:
    """The processes of a command, this one being number `rank` of `size`; a process by itself is a group of one.

    What they do together, all of them must call, in the same order. Raises OtherProcessError where one has ended.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def block(self, count: int, *, whole: int = 1) -> slice:
        """This process's part of `count` items in order, in batches of `whole` items that stay together."""
        batches = -(-count // whole)
        start, stop = (number * batches // self.size * whole for number in (self.rank, self.rank + 1))
        return slice(min(start, count), min(stop, count))

    def broadcast(self, message: bytes = b"") -> bytes:
        """The `message` of the first process, in all of them."""
        return self._sent_by(0, message) if self.size > 1 else message

    def gather(self, work: Callable[[], bytes]) -> list[bytes]:
        """What `work` returns in each process, in their order, in all of them.

        A LeadlineError in one of them is raised in all, as OtherProcessError that says in which.
        """
        if self.size == 1:
            return [work()]
        error, part = "", b""
        try:
            part = work()
        except LeadlineError as raised:
            error = str(raised) or type(raised).__name__
        errors = [self._sent_by(rank, error.encode("utf-8", "surrogateescape")) for rank in range(self.size)]
        for rank, text in enumerate(errors):
            if text:
                said = text.decode("utf-8", "surrogateescape")
                raise OtherProcessError(f"process {rank + 1} of {self.size}: {said}")
        return [self._sent_by(rank, part) for rank in range(self.size)]

    def barrier(self) -> None:
        """Wait until all have come so far."""
        self.any(False)

    @contextmanager
    def after_first(self) -> Iterator[None]:
        """The others wait until the first process has been through the block: what is wrong there, it says alone."""
        if not self.first:
            self.barrier()
        yield
        if self.first:
            self.barrier()

    def total(self, values: "Tensor") -> "Tensor":
        """The sum over all processes, in each of them."""
        if self.size > 1:
            import torch.distributed as dist

            with _together():
                dist.all_reduce(values)
        return values

    def any(self, asked: bool) -> bool:
        """Whether it is so in one of the processes."""
        if self.size == 1:
            return asked
        import torch

        return bool(self.total(torch.tensor([int(asked)]))[0])

    def _sent_by(self, rank: int, message: bytes) -> bytes:
        import torch
        import torch.distributed as dist

        sends = rank == self.rank
        length = torch.tensor([len(message) if sends else 0])
        with _together():
            dist.broadcast(length, src=rank)
            if not int(length):
                return b""
            content = torch.frombuffer(bytearray(message), dtype=torch.uint8) if sends else None
            content = torch.empty(int(length), dtype=torch.uint8) if content is None else content
            dist.broadcast(content, src=rank)
        return message if sends else content.numpy().tobytes()


ALONE = Group()


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if not cut_off(error):
            raise
        raise OtherProcessError(ENDED) from error


ENDED = "another of the processes that torchrun started has ended, so this one cannot go on; torchrun says which"


def cut_off(error: Exception) -> bool:
    """Whether this is what PyTorch raises in the processes that are left when another has ended."""
    return isinstance(error, RuntimeError) and CUT_OFF.search(str(error)) is not None


def started_by_torchrun() -> bool:
    """Whether this process is one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def first_process() -> bool:
    """Whether this process speaks for all of them."""
    return not started_by_torchrun() or os.environ.get("RANK") == "0"


def _leave() -> None:
    """Without this a process may abort at its very end, in the threads that wait for the others."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def joined() -> bool:
    """Whether this process works together with others by now."""
    if "torch.distributed" not in sys.modules:
        return False
    import torch.distributed as dist

    return dist.is_initialized()


def restarted() -> bool:
    """Whether torchrun has started these processes again, because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def launched() -> Group:
    """The processes that torchrun started together with this one, which joins them; ALONE where it started none."""
    if not started_by_torchrun():
        return ALONE
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        backend = "gloo"
        if torch.cuda.is_available():
            local = int(os.environ["LOCAL_RANK"])
            if local >= torch.cuda.device_count():
                raise UsageError(f"torchrun: --nproc-per-node is more than the {torch.cuda.device_count()} GPUs here")
            torch.cuda.set_device(local)
            backend = "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, timeout=PATIENCE)
        atexit.register(_leave)
    return Group(dist.get_rank(), dist.get_world_size())
