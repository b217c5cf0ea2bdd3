"""Features of images, computed once by a network's body and kept under the cache folder, block by block."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leadline.data.cache import ImageCache
from leadline.data.cache_folder import CACHE_WAY_OUT, made_in_cache
from leadline.data.loader import cached_images
from leadline.data.preprocessing import Preprocessing
from leadline.inference.engine import BATCH_SIZE, Engine
from leadline.inference.hardware import Hardware
from leadline.ranks import ALONE, Group
from leadline.writing import in_one_piece
from leadline.zoo.last_layer import Body, last_layer

# Raise it when the same network would give other features of the same images.
FORMAT = 1
BLOCK = 4 * BATCH_SIZE  # images whose features are in one file: what an interruption costs at most


@dataclass(frozen=True)
class Features:
    """The features of all images of a cache, (images, width), float32; NaN where an image could not be read.

    The files are keyed by the network's weights below its last layer, the images' contents, what is done to them, and
    the hardware, so that a training from them gives the same bits whether they were kept or computed.
    """

    engine: Engine  # whose network is the body
    width: int
    cache: ImageCache
    folder: Path

    @staticmethod
    def of(body: Body, cache: ImageCache, preprocessing: Preprocessing, hardware: Hardware) -> "Features":
        """Those that `body`, on its device already, makes of the images in `cache`."""
        digest = hashlib.sha256()
        how = [FORMAT, preprocessing.to_dict(), asdict(hardware), cache.folder.name]
        digest.update(json.dumps(how, sort_keys=True).encode())
        new = (last_layer(body.network), *getattr(body.network, "heads", {}).values())  # which no feature depends on
        for name, values in sorted(body.network.state_dict().items()):
            if not name.startswith(tuple(f"{layer}." for layer in new)):
                digest.update(name.encode())
                digest.update(values.detach().cpu().contiguous().numpy().tobytes())
        folder = made_in_cache("features", digest.hexdigest()[:24])
        return Features(Engine(body, body.width, preprocessing, hardware), body.width, cache, folder)

    @property
    def images(self) -> int:
        return len(self.cache.names)

    def blocks(self, group: Group = ALONE) -> Iterator[NDArray[np.float32]]:
        """The features in the images' order; what is not kept yet is computed. The processes of a `group` compute a
        block each, and all are given all of them."""
        rows = [np.arange(start, min(start + BLOCK, self.images)) for start in range(0, self.images, BLOCK)]
        for number in range(0, len(rows), group.size):
            together = rows[number : number + group.size]
            if group.size == 1:
                yield self._block(together[0])
                continue
            own = together[group.rank : group.rank + 1]
            for content in group.gather(partial(self._blocks_sent, own))[: len(together)]:
                yield np.frombuffer(content, dtype=np.float32).reshape(-1, self.width)

    def _blocks_sent(self, rows: list[NDArray[np.int64]]) -> bytes:
        return b"".join(self._block(own).tobytes() for own in rows)

    def _block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        file, shape = self.folder / f"{rows[0]}.npy", (len(rows), self.width)
        try:
            kept: NDArray[np.float32] = np.load(file, allow_pickle=False)
            if kept.shape == shape and kept.dtype == np.float32:
                return kept
        except (OSError, ValueError, EOFError):
            pass  # not there yet, or damaged
        found = np.full(shape, np.nan, dtype=np.float32)
        self.engine.network.eval()
        position, whole = 0, True
        for batch in cached_images(self.cache, rows, batch_size=BATCH_SIZE):
            readable = np.array([not error for error in batch.errors], dtype=bool)
            if readable.any():
                found[position + np.flatnonzero(readable)] = self.engine.outputs(batch.pixels).numpy()
            position, whole = position + len(readable), whole and bool(readable.all())
        if not whole and self.cache.passing:
            return found
        with in_one_piece(file, way_out=CACHE_WAY_OUT, shared=True) as temporary, temporary.open("wb") as opened:
            np.save(opened, found, allow_pickle=False)
        return found
