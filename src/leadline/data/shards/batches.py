"""Training images from shards as batches: read in the order of the epoch, decoded and augmented as from the cache."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from leadline.data.augment.apply import augment
from leadline.data.augment.papers import Colours
from leadline.data.image import ImageError
from leadline.data.loader import Batch, Decoded, work_ahead
from leadline.data.preprocessing import Preprocessing
from leadline.data.shards.index import ShardIndex
from leadline.data.shards.members import Record, read
from leadline.data.shards.order import lanes_of, order_of
from leadline.errors import DataError

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Stream:
    """The training images of shards, numbered from 0, shard after shard."""

    index: ShardIndex
    decoding: Preprocessing  # at the size that augmentation works on
    errors: dict[int, str] = field(default_factory=dict)  # image → why it could not be decoded, once it was met
    names: dict[int, str] = field(default_factory=dict)  # of those

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Per shard, its training images."""
        return np.array([shard.images.get("train", 0) for shard in self.index.shards], dtype=np.int64)

    def order(self, *, seed: int, epoch: int) -> NDArray[np.int64]:
        """The numbers of all training images as `epoch` visits them."""
        return order_of(self.counts, seed=seed, epoch=epoch)

    def records(self, numbers: NDArray[np.int64], *, seed: int, epoch: int) -> Iterator[Record]:
        """The images of these numbers, a part of `order`, in its order.

        Shards without any of them are not opened; what was read and is not due yet waits in memory.
        """
        needed = np.zeros(int(self.counts.sum()), dtype=bool)
        needed[numbers] = True
        lanes = lanes_of(self.counts, seed=seed, epoch=epoch)
        lane_of = {shard: number for number, shards in enumerate(lanes) for shard in shards}
        first = np.cumsum(self.counts) - self.counts
        shard_of = np.searchsorted(first + self.counts, numbers, side="right")
        reading = [work_ahead(partial(self._lane, shards, first, needed)) for shards in lanes]
        waiting: dict[int, Record] = {}
        try:
            for number, shard in zip(numbers.tolist(), shard_of.tolist(), strict=True):
                while number not in waiting:
                    found, record = next(reading[lane_of[shard]])
                    waiting[found] = record
                yield waiting.pop(number)
        finally:
            for lane in reading:
                lane.close()  # type: ignore[attr-defined]  # it is a generator, whose thread ends so

    def _lane(
        self, shards: list[int], first: NDArray[np.int64], needed: NDArray[np.bool_]
    ) -> Iterator[tuple[int, Record]]:
        for shard in shards:
            start = int(first[shard])
            if needed[start : start + int(self.counts[shard])].any():
                for number, record in enumerate(read(self.index, self.index.shards[shard], "train"), start):
                    if needed[number]:
                        yield number, record

    def decoded(self, numbers: NDArray[np.int64], found: list[Record], pool: ThreadPoolExecutor) -> list[Pixels | None]:
        """Each image, (size, size, channels), or None where it cannot be decoded, which `errors` then has."""

        def decode(item: tuple[int, Record]) -> Pixels | None:
            number, record = item
            try:
                return self.decoding.decode(record.content, Path(record.name))
            except ImageError as error:
                self.names[number], self.errors[number] = record.name, str(error).removeprefix(f"{record.name}: ")
                return None

        return list(pool.map(decode, zip(numbers.tolist(), found, strict=True)))

    def sample(self, count: int) -> tuple[Pixels, NDArray[np.int64]]:
        """Some of the training images, (at most `count`, size, size, channels), and the indices of their classes; the
        same for every seed. DataError where none can be decoded."""
        numbers = self.order(seed=0, epoch=0)[:count]
        found = list(self.records(numbers, seed=0, epoch=0))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            images = self.decoded(numbers, found, pool)
        readable = [(image, record) for image, record in zip(images, found, strict=True) if image is not None]
        if not readable:
            raise DataError(f"{self.index.source}: none of the first {len(numbers):,} training images can be decoded")
        return np.stack([image for image, _ in readable]), self.labels([record for _, record in readable])

    def labels(self, found: list[Record]) -> NDArray[np.int64]:
        """The index of each record's class."""
        position = {name: number for number, name in enumerate(self.index.classes)}
        return np.array([position[record.label or ""] for record in found], dtype=np.int64)


@dataclass(frozen=True)
class StreamedBatches:
    """As data.loader.TrainingBatches, of images that are read from shards while they are trained on."""

    stream: Stream
    batch_size: int
    seed: int
    augment: str
    size: int
    colours: Colours | None = None
    share: tuple[int, int] = (0, 1)

    def __len__(self) -> int:
        """Batches, that is steps, per epoch."""
        return max(1, -(-int(self.stream.counts.sum()) // self.batch_size))

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch`, from number `start` on: shards whose images all came before are not read again."""
        return work_ahead(lambda: self._batches(epoch, start))

    def images_of(self, epoch: int, batch: int) -> list[str]:
        """The numbers of a batch's images, and the shards that they lie in."""
        numbers, ends = self._parts(epoch)[batch], np.cumsum(self.stream.counts)
        shards = np.searchsorted(ends, numbers, side="right")
        return [
            f"{self.stream.index.shards[shard].file} (training image {number - (ends[shard - 1] if shard else 0)})"
            for number, shard in zip(numbers.tolist(), shards.tolist(), strict=True)
        ]

    def _parts(self, epoch: int) -> list[NDArray[np.int64]]:
        return np.array_split(self.stream.order(seed=self.seed, epoch=epoch), len(self))

    def _batches(self, epoch: int, start: int) -> Iterator[Batch]:
        number, count = self.share
        parts = self._parts(epoch)
        passed = sum(map(len, parts[:start]))
        shares = []
        for part in parts[start:]:  # by the place in the epoch, so that a process reads few lanes
            shares.append(part[(number - passed) % count :: count])
            passed += len(part)
        if not shares:
            return
        records = self.stream.records(np.concatenate(shares), seed=self.seed, epoch=epoch)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            try:
                for part, numbers in zip(parts[start:], shares, strict=True):
                    yield self._batch(numbers, [next(records) for _ in numbers], len(part), epoch, pool)
            finally:
                records.close()  # type: ignore[attr-defined]

    def _batch(
        self, numbers: NDArray[np.int64], found: list[Record], whole: int, epoch: int, pool: ThreadPoolExecutor
    ) -> Batch:
        if not found:  # the last images of an epoch may be fewer than the processes
            return Batch(torch.empty(0), torch.empty(0, dtype=torch.int64), whole)
        images = self.stream.decoded(numbers, found, pool)
        readable = np.array([image is not None for image in images], dtype=bool)
        if not readable.any():
            raise DataError(
                f"{self.stream.index.source}: none of {len(found)} training images in a row can be decoded "
                f"({found[0].name}: {self.stream.errors[int(numbers[0])]})"
            )
        pixels = augment(
            np.stack([image for image in images if image is not None]), self.augment, seed=self.seed, epoch=epoch,
            rows=numbers[readable], size=self.size, colours=self.colours,
        )  # fmt: skip
        labels = self.stream.labels([record for record, good in zip(found, readable, strict=True) if good])
        whole = len(labels) if self.share[1] == 1 else whole
        return Batch(torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(labels), whole)


def decoded_batches(images: NDArray[Any], *, batch_size: int) -> Iterator[Decoded]:
    """Images that are decoded already, as an engine takes them."""
    for start in range(0, len(images), batch_size):
        part = images[start : start + batch_size]
        yield Decoded(part, [""] * len(part))
