"""In which order an epoch visits the images of shards: arithmetic on counts alone, so that it is known before any is
read, and a resumed training reads what it lacks and no more.

The shards of an epoch, shuffled, are dealt to lanes that are read side by side; each lane passes a shuffle buffer, from
which every next image pushes out another; and the lanes take turns. Image i of the order comes from lane i % lanes,
until the lanes run out, so that of several processes each needs few lanes.
"""

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

LANES = 8  # shards that are open at a time; processes that divide it share the reading without overlap
BUFFER = 4096  # images that wait in all lanes together


def lanes_of(counts: NDArray[np.int64], *, seed: int, epoch: int) -> list[list[int]]:
    """The shards of each lane in the order in which it reads them, from the images of each shard."""
    order = [int(shard) for shard in generator("shards", seed, epoch).permutation(len(counts)) if counts[shard]]
    lanes: list[list[int]] = [[] for _ in range(min(LANES, len(order)))]
    images = [0] * len(lanes)
    for shard in order:  # the lane with the fewest images so far, so that they end together
        lane = images.index(min(images))
        lanes[lane].append(shard)
        images[lane] += int(counts[shard])
    return lanes


def order_of(counts: NDArray[np.int64], *, seed: int, epoch: int, buffer: int = BUFFER) -> NDArray[np.int64]:
    """The numbers of all images, from 0 shard after shard, in the order in which `epoch` visits them.

    An image is visited after at most `buffer` more than those before it have been read.
    """
    first = np.concatenate([[0], np.cumsum(counts)])
    lanes = lanes_of(counts, seed=seed, epoch=epoch)
    room = max(1, buffer // max(1, len(lanes)))
    shuffled = []
    for number, shards in enumerate(lanes):
        read = np.concatenate([np.arange(first[shard], first[shard + 1]) for shard in shards])
        shuffled.append(_through_buffer(read, room, generator("buffer", seed, epoch, number)))
    if not shuffled:
        return np.empty(0, dtype=np.int64)
    turn = np.concatenate([np.arange(len(lane)) for lane in shuffled])
    return np.concatenate(shuffled)[np.argsort(turn, kind="stable")]


def _through_buffer(read: NDArray[np.int64], room: int, random: np.random.Generator) -> NDArray[np.int64]:
    waiting, arriving = read[:room].tolist(), read[room:].tolist()
    shuffled = []
    for place, image in zip(random.integers(len(waiting), size=len(arriving)).tolist(), arriving, strict=True):
        shuffled.append(waiting[place])
        waiting[place] = image
    return np.array([*shuffled, *random.permutation(waiting).tolist()], dtype=np.int64)
