"""Uploaded bytes to pixels, in processes of their own: a decoder that crashes costs one image, not the server."""

import asyncio
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from leadline.data.image import ImageError
from leadline.data.preprocessing import Preprocessing

PROCESSES = 2
CRASHED = "the decoder ended without a word: the file is damaged, or made to do harm"


def decode(content: bytes, how: Preprocessing, whole: bool) -> tuple[NDArray[Any] | None, str]:
    """The pixels as the network takes them, or with `whole` all of the image; and why it cannot be read, or "".

    The content is written under a name of our own, so that no name of an upload reaches the file system."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload"
        file.write_bytes(content)
        try:
            return how.read(file, whole=2**31 if whole else None), ""
        except (ImageError, OSError) as error:
            return None, str(error).replace(f"{file}: ", "").replace(str(file), "the file")
        except MemoryError:
            return None, "there is not enough memory for it"


class Decoders:
    """The processes, made anew after a crash. The network's process loads no decoder."""

    def __init__(self, how: Preprocessing) -> None:
        self.how = how
        self._pool = self._made()

    @staticmethod
    def _made() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))

    async def decoded(self, content: bytes, *, whole: bool = False) -> tuple[NDArray[Any] | None, str]:
        """As `decode`. An image whose neighbour crashed the process is tried once more, by itself."""
        for _ in range(2):
            pool = self._pool
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, decode, content, self.how, whole)
            except BrokenProcessPool:
                if self._pool is pool:
                    pool.shutdown(wait=False)
                    self._pool = self._made()
        return None, CRASHED

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
