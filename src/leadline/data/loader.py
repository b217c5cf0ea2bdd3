"""From the cache to batches: the keyed order of an epoch, augmentation, and one thread that works ahead."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leadline.data.augment.apply import augment
from leadline.data.augment.papers import Colours
from leadline.data.balance import balanced_order, occurrence
from leadline.data.cache import ImageCache
from leadline.data.channel_files import Files, files_of, reason
from leadline.data.image import ImageError
from leadline.data.in_threads import in_threads
from leadline.data.keyed import generator
from leadline.data.preprocessing import Preprocessing

T = TypeVar("T")
AHEAD = 3


@dataclass(frozen=True)
class Batch:
    images: Tensor  # (batch, size, size, channels) in the cache's type
    labels: Tensor  # (batch,) int64 indices of classes
    whole: int  # images of the batch in all processes


@dataclass(frozen=True)
class TrainingBatches:
    """The training images as batches of nearly equal size, in an order that depends on (seed, epoch) alone."""

    cache: ImageCache
    rows: NDArray[np.int64]  # of the cache
    labels: NDArray[np.int64]  # per row of the cache, the index of its class
    batch_size: int
    seed: int
    augment: str
    balance: str = "none"  # data.balance.METHODS
    size: int | None = None  # pixels of what augmentation makes of the images; None: of the cache's own
    colours: Colours | None = None  # of the training images, where a paper's augmentation needs them
    share: tuple[int, int] = (0, 1)  # number and count of the processes among which each batch is divided

    def __len__(self) -> int:
        """Batches, that is steps, per epoch."""
        return max(1, -(-len(self.rows) // self.batch_size))

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The rows in the order in which `epoch` (from 0) visits them."""
        if self.balance == "sampling":
            return balanced_order(self.rows, self.labels[self.rows], seed=self.seed, epoch=epoch)
        return generator("order", self.seed, epoch).permutation(self.rows)

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch`, from number `start` on. Unreadable images are missing from theirs."""
        parts = self.parts(epoch)[start:]
        return work_ahead(lambda: (self._batch(rows, visits, epoch) for rows, visits in parts))

    def parts(self, epoch: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Per batch of `epoch` its rows, and the numbers by which their augmentation is keyed."""
        order = self.order(epoch)
        # An image that comes again in an epoch is changed in another way: as if it were another image.
        visits = order + occurrence(order) * len(self.labels)
        return list(zip(np.array_split(order, len(self)), np.array_split(visits, len(self)), strict=True))

    def _batch(self, rows: NDArray[np.int64], visits: NDArray[np.int64], epoch: int) -> Batch:
        number, count = self.share
        if count > 1:  # all processes know by now what cannot be read
            known = np.array([int(row) not in self.cache.errors for row in rows], dtype=bool)
            rows, visits = rows[known], visits[known]
        whole = len(rows)
        rows, visits = rows[number::count], visits[number::count]
        images, readable = self.cache.take(rows)
        if not readable.all():
            images, rows, visits = images[readable], rows[readable], visits[readable]
        whole = len(rows) if count == 1 else whole
        images = augment(
            images, self.augment, seed=self.seed, epoch=epoch, rows=visits, size=self.size, colours=self.colours
        )
        return Batch(torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(self.labels[rows]), whole)


@dataclass(frozen=True)
class Decoded:
    """A stretch of the images that a prediction is asked for."""

    pixels: NDArray[Any]  # (readable images, size, size, channels)
    errors: list[str]  # per image, readable or not: why it could not be read, or ""


def cached_images(cache: ImageCache, rows: NDArray[np.int64], *, batch_size: int) -> Iterator[Decoded]:
    """The cached images at `rows`, in order."""

    def batch(part: NDArray[np.int64]) -> Decoded:
        images, readable = cache.take(part)
        return Decoded(images[readable], [cache.errors.get(int(row), "") for row in part])

    parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return work_ahead(lambda: (batch(part) for part in parts))


def files(images: Sequence[Path | Files], preprocessing: Preprocessing, *, batch_size: int) -> Iterator[Decoded]:
    """The images in these files, in order, decoded by all cores; a few batches are in memory at a time."""

    def decode(image: Path | Files) -> tuple[NDArray[Any] | None, str]:
        try:
            return preprocessing.read(image), ""
        except (ImageError, OSError) as error:
            return None, reason(error, files_of(image))

    def batches() -> Iterator[Decoded]:
        shape = (0, preprocessing.size, preprocessing.size, preprocessing.channels)
        decoded = in_threads(decode, images, ahead=batch_size)
        while results := list(islice(decoded, batch_size)):
            pixels = [image for image, _ in results if image is not None]
            stacked = np.stack(pixels) if pixels else np.empty(shape, dtype=preprocessing.dtype)
            yield Decoded(stacked, [error for _, error in results])

    return work_ahead(batches)


def work_ahead(produce: Callable[[], Iterator[T]]) -> Iterator[T]:
    """The items of `produce()`, made in a thread that stays at most AHEAD items in front of whoever uses them."""
    items: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(AHEAD)
    abandoned = threading.Event()

    def put(item: T | None, error: BaseException | None) -> bool:
        while not abandoned.is_set():
            try:
                items.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in produce():
                if not put(item, None):
                    return
            put(None, None)
        except BaseException as error:  # handed to whoever waits for the item
            put(None, error)

    threading.Thread(target=work, daemon=True, name="batches").start()
    try:
        while True:
            item, error = items.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        abandoned.set()
