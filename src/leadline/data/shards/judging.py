"""The images of shards in their order, decoded for a prediction; a few batches are in memory at a time."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.image import ImageError
from leadline.data.loader import Decoded, work_ahead
from leadline.data.preprocessing import Preprocessing
from leadline.data.shards.members import Record, records


@dataclass(frozen=True)
class Read:
    """A stretch of the images of shards."""

    paths: list[str]  # the shard and the member
    records: list[Record]
    decoded: Decoded


def decoded_records(urls: Sequence[str], preprocessing: Preprocessing, *, batch_size: int) -> Iterator[Read]:
    """All images of the shards at `urls`; one that cannot be decoded has its reason in `decoded.errors`."""

    def decode(record: Record) -> tuple[NDArray[Any] | None, str]:
        try:
            return preprocessing.decode(record.content, Path(record.name)), ""
        except ImageError as error:
            return None, str(error).removeprefix(f"{record.name}: ")

    def batches() -> Iterator[Read]:
        everything = ((f"{url}/{record.name}", record) for url in urls for record in records(url))
        shape = (0, preprocessing.size, preprocessing.size, preprocessing.channels)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            while part := list(islice(everything, batch_size)):
                paths, found = map(list, zip(*part, strict=True))
                results = list(pool.map(decode, found))
                pixels = [image for image, _ in results if image is not None]
                stacked = np.stack(pixels) if pixels else np.empty(shape, dtype=preprocessing.dtype)
                yield Read(paths, found, Decoded(stacked, [error for _, error in results]))

    return work_ahead(batches)
