"""Decoded images in a memory-mapped file: every image is decoded once, in its own type, at the size its use needs."""

import hashlib
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.cache_folder import CACHE_WAY_OUT, made_in_cache
from leadline.data.channel_files import content_hash, reason
from leadline.data.image import ImageError
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress
from leadline.writing import in_one_piece, written

# Raise it when the same file would be decoded to other pixels.
FORMAT = 1
CHUNK = 32
PENDING, READY, UNREADABLE = 0, 1, 2
PIXELS, RECORD = "images.bin", "decoded.json"  # and which images of it are decoded, or cannot be


class ImageCache:
    """The usable images of a manifest as one array, (images, size, size, channels), of which `fill` decodes some.

    The file is keyed by the contents of the images and by how they are decoded, and lies under `cache_folder()`. What
    is not decoded takes no room in it, where the file system knows holes. Two processes may fill the same file: they
    write the same bytes.
    """

    def __init__(self, manifest: Manifest, preprocessing: Preprocessing) -> None:
        table = manifest.usable
        self.names: list[str] = table["path"].to_list()
        self._files = manifest.files(table)
        self._hashes: list[str] = table["sha256"].to_list()
        self._preprocessing = preprocessing
        self.size = preprocessing.size
        self._filling = threading.Lock()
        self.errors: dict[int, str] = {}  # row → why it could not be decoded
        self.passing: set[int] = set()  # those of them that may be readable another time, or have changed

        how = f"{FORMAT} {preprocessing.decoding}\n"
        digest = hashlib.sha256((how + "\n".join(self._hashes)).encode()).hexdigest()[:24]
        self.folder = made_in_cache("images", digest)
        self._shape = (preprocessing.size, preprocessing.size, preprocessing.channels)
        self._bytes = int(np.prod(self._shape)) * np.dtype(preprocessing.dtype).itemsize  # of an image
        self._pixels, self._record = self.folder / PIXELS, self.folder / RECORD
        if _size(self._pixels) != len(table) * self._bytes:  # lost, cut off, or not made yet
            with written(self._pixels, way_out=CACHE_WAY_OUT):
                self._record.unlink(missing_ok=True)
                with self._pixels.open("ab") as file:  # which empties nothing that another process may be filling
                    file.truncate(len(table) * self._bytes)
        self._state, self.errors = self._recorded()

    @property
    def complete(self) -> bool:
        """Whether every image has been decoded, or cannot be."""
        return bool((self._state != PENDING).all())

    def fill(self, rows: NDArray[np.int64], *, progress: Progress = SILENT) -> None:
        """Decode the images at `rows` that are not decoded yet, by all cores.

        An interruption keeps what is decoded. Raises LeadlineError where there is no room for the pixels.
        """
        with self._filling:
            pending = rows[self._state[rows] == PENDING]
            progress.advance(len(rows) - len(pending))
            if not len(pending):
                return
            try:
                self._refuse_small_disk(len(pending))
                with written(self._pixels, way_out=CACHE_WAY_OUT):
                    file = self._pixels.open("r+b", buffering=0)
                with file:
                    try:
                        self._decode_all(file, pending, progress)
                    finally:  # the pixels are on the disk before it is recorded that they are
                        with written(self._pixels, way_out=CACHE_WAY_OUT):
                            os.fsync(file.fileno())
                        self._write_record()
            except LeadlineError:
                if not self._record.is_file():  # nothing half made is left behind
                    shutil.rmtree(self.folder, ignore_errors=True)
                raise

    def take(self, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Copies of the images at `rows`, (len(rows), size, size, channels), and which of them could be read.

        Those that are not decoded yet are decoded now.
        """
        self.fill(rows)
        return np.asarray(self._images[rows]), self._state[rows] == READY

    @cached_property
    def _images(self) -> NDArray[Any]:
        dtype = np.dtype(self._preprocessing.dtype)
        return np.memmap(self._pixels, dtype=dtype, mode="r", shape=(len(self.names), *self._shape))

    def _decode_all(self, file: FileIO, rows: NDArray[np.int64], progress: Progress) -> None:
        stopping, writing = threading.Event(), threading.Lock()

        def decode(chunk: NDArray[np.int64]) -> int:
            for row in map(int, chunk):
                if stopping.is_set():
                    break
                try:
                    pixels = self._as_examined(row).tobytes()
                except (ImageError, OSError) as error:
                    if not isinstance(error, ImageError) or error.passing:
                        self.passing.add(row)
                    self.errors[row] = reason(error, self._files[row])
                    self._state[row] = UNREADABLE
                    continue
                with writing, written(self._pixels, way_out=CACHE_WAY_OUT):
                    file.seek(row * self._bytes)
                    _write(file, memoryview(pixels))
                self._state[row] = READY
            return len(chunk)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            try:
                for count in pool.map(decode, [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]):
                    progress.advance(count)
            finally:
                stopping.set()

    def _as_examined(self, row: int) -> NDArray[Any]:
        files = self._files[row]
        if content_hash(files) != self._hashes[row]:
            self.passing.add(row)  # what lies there now must not be found under the old content's name
            raise ImageError(f"{files[0]}: has changed since the data were examined; train anew, into a new folder")
        return self._preprocessing.read(files)

    def _recorded(self) -> tuple[NDArray[np.uint8], dict[int, str]]:
        """The state of each image as the record has it, and the errors; none is decoded where it is damaged."""
        state = np.zeros(len(self.names), dtype=np.uint8)
        try:
            kept = json.loads(self._record.read_text("utf-8"))
            ready = np.unpackbits(np.frombuffer(bytes.fromhex(kept["ready"]), np.uint8), count=len(state))
            errors = {int(row): str(error) for row, error in kept["errors"].items()}
            state[ready == 1] = READY
            state[list(errors)] = UNREADABLE
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):  # not there yet, or damaged
            return np.zeros(len(self.names), dtype=np.uint8), {}
        return state, errors

    def _write_record(self) -> None:
        """What is decoded by now, here or by another process."""
        others, errors = self._recorded()
        ready = (self._state == READY) | (others == READY)
        errors |= {row: error for row, error in self.errors.items() if row not in self.passing}
        with in_one_piece(self._record, way_out=CACHE_WAY_OUT, shared=True) as file:
            file.write_text(json.dumps({"ready": np.packbits(ready).tobytes().hex(), "errors": errors}), "utf-8")

    def _refuse_small_disk(self, pending: int) -> None:
        found = self._pixels.stat()
        # Of what is pending, an interruption may have left some in the file.
        written_to = getattr(found, "st_blocks", found.st_size / 512) * 512
        size = pending * self._bytes - max(0, written_to - np.count_nonzero(self._state == READY) * self._bytes)
        free = shutil.disk_usage(self.folder).free
        if size > free:
            raise LeadlineError(
                f"{self.folder}: the decoded images need {size / 1e6:,.1f} MB, but {free / 1e6:,.1f} MB are free; "
                "set LEADLINE_CACHE to a folder on a larger disk, or choose a smaller --size"
            )


def _write(file: FileIO, content: memoryview) -> None:
    while content:
        content = content[file.write(content) :]


def _size(file: Path) -> int:
    """In bytes; -1 of a file that is not there."""
    return file.stat().st_size if file.is_file() else -1
