"""Threads that stand for the processes of a group."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from leadline.errors import LeadlineError
from leadline.ranks import Group

T = TypeVar("T")


@dataclass(frozen=True)
class Thread(Group):
    """A process of a group whose processes are threads."""

    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))
    board: dict[str, bytes] = field(default_factory=dict)

    def _sent_by(self, rank: int, message: bytes) -> bytes:
        if rank == self.rank:
            self.board["message"] = message
        self.meeting.wait(timeout=10)
        found = self.board["message"]
        self.meeting.wait(timeout=10)
        return found


def in_each(size: int, work: Callable[[Group], T]) -> list[T | Exception]:
    """What `work` returns, or raises, in each of so many processes."""
    meeting, board = threading.Barrier(size), dict[str, bytes]()

    def one(rank: int) -> T | Exception:
        try:
            return work(Thread(rank, size, meeting, board))
        except LeadlineError as error:
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(one, range(size)))
