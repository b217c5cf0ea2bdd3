"""Uploaded bytes to pixels, in processes of their own: a decoder that crashes costs one image, not the server."""

import asyncio
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from leadline.data.image import LARGEST, ImageError
from leadline.data.preprocessing import Preprocessing
from leadline.drawing.screen import visible

PROCESSES = 2
PREVIEW_SIDE = 512  # pixels of a preview's longer side
CRASHED = "the decoder ended without a word: the file is damaged, or made to do harm"


@dataclass(frozen=True)
class Upload:
    """An image as the network takes it and, where asked for, as a screen shows it; or why it cannot be read."""

    pixels: NDArray[Any] | None = None  # (size, size, channels)
    preview: NDArray[np.uint8] | None = None  # (height, width) or (height, width, 3)
    error: str = ""


def decode(content: bytes, how: Preprocessing, preview: bool) -> Upload:
    """The content is written under a name of our own, so that no name of an upload reaches the file system."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload"
        file.write_bytes(content)
        try:
            return Upload(how.read(file), _preview(how.read(file, whole=LARGEST)) if preview else None)
        except (ImageError, OSError) as error:
            return Upload(error=str(error).replace(f"{file}: ", "").replace(str(file), "the file"))
        except MemoryError:
            return Upload(error="there is not enough memory for it")


def _preview(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Small enough to travel between processes, whatever was sent."""
    shown, _ = visible(np.moveaxis(pixels, -1, 0))
    image = Image.fromarray(shown)
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return np.asarray(image)


class Decoders:
    """The processes, made anew after a crash. The network's process loads no decoder."""

    def __init__(self, how: Preprocessing) -> None:
        self.how = how
        self._pool = self._made()

    @staticmethod
    def _made() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))

    async def decoded(self, content: bytes, *, preview: bool = False) -> Upload:
        """As `decode`. An image whose neighbour crashed the process is tried once more, by itself."""
        for _ in range(2):
            pool = self._pool
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, decode, content, self.how, preview)
            except BrokenProcessPool:
                if self._pool is pool:
                    pool.shutdown(wait=False)
                    self._pool = self._made()
        return Upload(error=CRASHED)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
