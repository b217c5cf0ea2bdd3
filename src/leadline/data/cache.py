"""Decoded images in a memory-mapped file: every image is decoded once, in its own type, while training already runs."""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.channel_files import content_hash, reason
from leadline.data.folders import cache_folder
from leadline.data.image import ImageError
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError

# Raise it when the same file would be decoded to other pixels.
FORMAT = 1
CHUNK = 32
PENDING, READY, UNREADABLE = 0, 1, 2
COMPLETE = "complete.json"  # says that all is decoded, and what could not be


class ImageCache:
    """The usable images of a manifest as one array, (images, size, size, channels), filled in the background.

    The file is keyed by the contents of the images and by how they are decoded, and lies under `cache_folder()`. Two
    processes may fill the same file: they write the same bytes.
    """

    def __init__(self, manifest: Manifest, preprocessing: Preprocessing) -> None:
        table = manifest.usable
        self.names: list[str] = table["path"].to_list()
        self._files = manifest.files(table)
        self._hashes: list[str] = table["sha256"].to_list()
        self._preprocessing = preprocessing
        self._state = np.zeros(len(table), dtype=np.uint8)
        self._progress = threading.Condition()
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._passing = False  # whether an image may be readable another time: then nothing is called complete
        self._filler: threading.Thread | None = None
        self.errors: dict[int, str] = {}  # row → why it could not be decoded

        how = f"{FORMAT} {preprocessing.decoding}\n"
        digest = hashlib.sha256((how + "\n".join(table["sha256"])).encode()).hexdigest()[:24]
        self.folder = cache_folder() / "images" / digest
        shape = (len(table), preprocessing.size, preprocessing.size, preprocessing.channels)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.images = self._map(self.folder / "images.bin", shape, np.dtype(preprocessing.dtype))
        self._complete = self.folder / COMPLETE
        if self._complete.is_file():
            self.errors = {int(row): error for row, error in json.loads(self._complete.read_text("utf-8")).items()}
            self._state[:] = READY
            self._state[list(self.errors)] = UNREADABLE

    @staticmethod
    def _map(file: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = int(np.prod(shape)) * dtype.itemsize
        if not file.exists() or file.stat().st_size != size:
            free = shutil.disk_usage(file.parent).free
            if size > free:
                raise LeadlineError(
                    f"{file.parent}: the decoded images need {size / 1e9:.1f} GB, but {free / 1e9:.1f} GB are free; "
                    "set LEADLINE_CACHE to a folder on a larger disk, or choose a smaller --size"
                )
            (file.parent / COMPLETE).unlink(missing_ok=True)  # of a file that is lost
            with file.open("ab") as handle:  # which empties nothing that another process may be filling
                handle.truncate(size)
        return np.memmap(file, dtype=dtype, mode="r+", shape=shape)

    @property
    def complete(self) -> bool:
        """Whether every image has been decoded."""
        return bool((self._state != PENDING).all())

    @property
    def passing(self) -> bool:
        """Whether an image that could not be read may be readable another time."""
        return self._passing

    def fill(self, order: Sequence[int] | NDArray[np.int64] = ()) -> None:
        """Start decoding in the background: the rows of `order` first, then all others."""
        if self._filler or self.complete:
            return
        rows = np.concatenate([np.asarray(order, dtype=np.int64), np.arange(len(self._state))])
        rows = rows[np.sort(np.unique(rows, return_index=True)[1])]
        self._filler = threading.Thread(target=self._fill, args=(rows,), daemon=True, name="decoding")
        self._filler.start()

    def _fill(self, rows: NDArray[np.int64]) -> None:
        try:
            chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for _ in pool.map(self._decode, chunks):
                    pass
            if not self._stopping.is_set() and not self._passing:
                self.images.flush()  # type: ignore[attr-defined]  # a memmap
                temporary = self._complete.with_name(f"complete.{os.getpid()}.json")
                temporary.write_text(json.dumps(self.errors), encoding="utf-8")
                temporary.replace(self._complete)
        except BaseException as failure:
            with self._progress:
                self._failure = failure
                self._progress.notify_all()

    def _decode(self, rows: NDArray[np.int64]) -> None:
        for row in rows:
            if self._stopping.is_set():
                return
            if self._state[row] != PENDING:
                continue
            try:
                self.images[row] = self._as_examined(row)
                state = READY
            except (ImageError, OSError) as error:
                self._passing = self._passing or not isinstance(error, ImageError) or error.passing
                self.errors[int(row)] = reason(error, self._files[row])
                state = UNREADABLE
            self._state[row] = state
        with self._progress:
            self._progress.notify_all()

    def _as_examined(self, row: int) -> NDArray[Any]:
        files = self._files[row]
        if content_hash(files) != self._hashes[row]:
            self._passing = True  # what lies there now must not be found under the old content's name
            raise ImageError(f"{files[0]}: has changed since the data were examined; train anew, into a new folder")
        return self._preprocessing.read(files)

    def take(self, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Copies of the images at `rows`, (len(rows), size, size, channels), and which of them could be read.

        Waits until the background threads have decoded them.
        """
        with self._progress:
            self._progress.wait_for(lambda: self._failure is not None or bool((self._state[rows] != PENDING).all()))
        if self._failure is not None:
            raise self._failure
        return np.asarray(self.images[rows]), self._state[rows] == READY

    def decode_now(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The readable ones among `rows`, decoded by this call."""
        self._decode(rows)
        return np.asarray(self.images[rows[self._state[rows] == READY]])

    def close(self) -> None:
        """Stop the background threads; what they had decoded of an incomplete cache is decoded again next time."""
        self._stopping.set()
        if self._filler:
            self._filler.join()
