"""Requests that come at the same time go through the network together."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOGETHER = 64  # images
WAITING = 256  # images that may wait; more are refused


class Full(Exception):  # noqa: N818  (it is a state of the queue)
    """So many images wait that another one would wait too long."""


class Answered(NamedTuple):
    """The answer for one image."""

    probabilities: Floats  # (classes,)
    novelty: float | None  # above 1: unlike the training images; None where that is not known
    unlike: str  # why


class Batcher:
    """One image in, its answer out; a task gathers what waits, and `predict` runs in a thread."""

    def __init__(self, predict: Callable[[NDArray[Any]], Sequence[Answered]]) -> None:
        self._predict = predict
        self._waiting: asyncio.Queue[tuple[NDArray[Any], asyncio.Future[Answered]]] = asyncio.Queue()
        self._admitted = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """What waits is answered before."""
        await self._waiting.join()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @contextmanager
    def admitted(self, images: int) -> Iterator[None]:
        """The time in which so many images are decoded and answered; Full where too many are already."""
        if self._admitted + images > WAITING:
            raise Full
        self._admitted += images
        try:
            yield
        finally:
            self._admitted -= images

    async def answer(self, pixels: NDArray[Any]) -> Answered:
        """For an image (size, size, channels)."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((pixels, answer))
        return await answer

    async def _work(self) -> None:
        while True:
            jobs = [await self._waiting.get()]
            while len(jobs) < TOGETHER and not self._waiting.empty():
                jobs.append(self._waiting.get_nowait())
            try:
                found = await asyncio.to_thread(self._predict, np.stack([pixels for pixels, _ in jobs]))
                for row, (_, answer) in zip(found, jobs, strict=True):
                    if not answer.done():  # whoever asked may have gone
                        answer.set_result(row)
            except Exception as error:  # of these images; the server goes on
                for _, answer in jobs:
                    if not answer.done():
                        answer.set_exception(error)
            finally:
                for _ in jobs:
                    self._waiting.task_done()
