"""One function over many images, by all cores: in order, in chunks, and with little in memory at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Handing work to a thread takes as long as reading the header of a small image, so a thread takes so many at once.
CHUNK = 16
# Chunks per core that are worked on or wait, and chunks per core that there should be at least.
WAITING, FEWEST = 2, 4


def in_threads(function: Callable[[T], R], items: Sequence[T], *, ahead: int = 2048) -> Iterator[R]:
    """`function(item)` of each item, in their order; what it raises is raised in its turn.

    At most about `ahead` results wait in memory, however many items there are. Where the iterator is closed, what has
    not begun is not done.
    """
    cores = os.cpu_count() or 1
    chunk = max(1, min(CHUNK, ahead // (WAITING * cores), len(items) // (FEWEST * cores)))
    waiting: deque[Future[list[R]]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        try:
            for start in range(0, len(items), chunk):
                waiting.append(pool.submit(_each, function, items[start : start + chunk]))
                if len(waiting) == WAITING * cores:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _each(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    return [function(item) for item in items]
