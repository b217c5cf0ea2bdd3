"""One look at each image: decoded whole, once, and reduced to a thumbnail and a few figures."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from leadline.data.cache_folder import cache_folder, made_in_cache
from leadline.data.channel_files import Files, examine_files, read_files, reason
from leadline.data.image import MOST_CHANNELS, ImageError, Projection, content_of, read_header, read_image
from leadline.data.manifest import Manifest, digest_of
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress
from leadline.writing import in_one_piece

# Raise it when the same image would be seen otherwise.
FORMAT = 1
CHUNK = 32
# Height and width of a thumbnail: enough to tell photographs apart, too little for what a new encoding changes.
SIDE = 16
# A JPEG is decoded at no more than about this short side. (It is still read to its end.)
LARGE = 256
TEXT = ("errors", "notes", "formats")


@dataclass(frozen=True)
class Looks:
    """A row per row of the manifest's table; what could not be decoded has a reason in `errors`, and zeros."""

    errors: list[str]
    notes: list[str]  # what a person should know about how the file was read, "; " between
    formats: list[str]  # what the content is: "PNG", "JPEG", …
    thumbnails: NDArray[np.float32]  # (images, SIDE, SIDE): the mean of the channels, the whole image, stretched
    mean: NDArray[np.float32]  # (images, channels), NaN beyond an image's own channels
    std: NDArray[np.float32]  # likewise
    lowest: NDArray[np.float32]  # of any pixel and channel
    highest: NDArray[np.float32]
    at_lowest: NDArray[np.float32]  # the share of all values that are the lowest
    at_highest: NDArray[np.float32]

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        return np.array([not error for error in self.errors], dtype=bool)

    def write(self, file: Path) -> None:
        """Replace `file` in one piece."""
        text = {name: getattr(self, name) for name in TEXT}
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in TEXT}
        with in_one_piece(file, shared=True) as temporary, temporary.open("wb") as opened:
            np.savez(opened, text=np.frombuffer(json.dumps(text).encode(), np.uint8), **arrays)

    @staticmethod
    def read(file: Path) -> "Looks":
        """What `write` wrote; OSError, ValueError, TypeError or KeyError where it did not."""
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        return Looks(**json.loads(arrays.pop("text").tobytes()), **arrays)


def look_at(manifest: Manifest, *, project: Projection | None = None, progress: Progress = SILENT) -> Looks:
    """Looks at every image of `manifest`, kept under `cache_folder()` by the images' names and contents.

    `project` is that of `read_image`.
    """
    # A file without a hash is known by what is wrong with it.
    contents = manifest.table.select("path", pl.coalesce("sha256", "error"))
    digest = digest_of(contents, head=f"{FORMAT} {project}\n")
    try:
        kept = Looks.read(cache_folder() / "looks" / f"{digest[:24]}.npz")
        if len(kept.errors) == len(manifest.table):
            return kept
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile, LeadlineError):
        pass  # not there yet, damaged, or there is no cache: look again
    found, lasting = _look(manifest, project, progress)
    if lasting:
        with suppress(LeadlineError):  # without a cache, the next look takes its time again
            found.write(made_in_cache("looks") / f"{digest[:24]}.npz")
    return found


def decoded(manifest: Manifest, *, project: Projection | None = None, progress: Progress = SILENT) -> Manifest:
    """`manifest` with those marked as unusable of which only decoding shows that they are."""
    found = pl.Series(look_at(manifest, project=project, progress=progress).errors, dtype=pl.String)
    known = pl.col("error") != ""
    return manifest.with_table(manifest.table.with_columns(error=pl.when(known).then("error").otherwise(found)))


def _look(manifest: Manifest, project: Projection | None, progress: Progress) -> tuple[Looks, bool]:
    """What is seen, and whether another look would show the same: not where a disk or a network failed."""
    images, known = manifest.files(), manifest.table["sha256"].is_not_null().to_list()
    errors = manifest.table["error"].to_list()
    channels = min(MOST_CHANNELS, int(manifest.table["channels"].fill_null(1).max() or 1))  # type: ignore[arg-type]
    count = len(images)
    text: dict[str, list[str]] = {
        "errors": ["" if readable else error for readable, error in zip(known, errors, strict=True)],
        "notes": [""] * count,
        "formats": [""] * count,
    }
    figures = {
        "thumbnails": np.zeros((count, SIDE, SIDE), np.float32),
        "mean": np.full((count, channels), np.nan, np.float32),
        "std": np.full((count, channels), np.nan, np.float32),
        **{name: np.zeros(count, np.float32) for name in ("lowest", "highest", "at_lowest", "at_highest")},
    }

    failures: list[Exception] = []

    def chunk(rows: range) -> int:
        for row in rows:
            if not known[row]:
                continue
            try:
                text["formats"][row], text["notes"][row], pixels = _decoded(images[row], project)
            except (ImageError, OSError) as error:
                text["errors"][row] = reason(error, images[row])
                if not isinstance(error, ImageError) or error.passing:
                    failures.append(error)
                continue
            for name, value in seen_in(pixels).items():
                figures[name][row, ...] = _padded(value, figures[name].shape[1:])
        return len(rows)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for count_looked in pool.map(
            chunk, [range(start, min(count, start + CHUNK)) for start in range(0, count, CHUNK)]
        ):
            progress.advance(count_looked)
    return Looks(**text, **figures), not failures  # type: ignore[arg-type]


def _decoded(files: Files, project: Projection | None) -> tuple[str, str, NDArray[Any]]:
    if len(files) == 1:
        content = content_of(files[0])
        header = read_header(files[0], content=content, project=project)
        pixels = read_image(files[0], content=content, project=project, reduce_to=LARGE)
    else:
        header, pixels = examine_files(files, project=project)[0], read_files(files, project=project)
    return header.format, "; ".join(header.notes), pixels


def seen_in(pixels: NDArray[Any]) -> dict[str, Any]:
    """Of one image (channels, height, width)."""
    flat = pixels.reshape(len(pixels), -1)
    lowest, highest = flat.min(), flat.max()
    mean = flat.mean(axis=1, dtype=np.float64)
    grey = flat[0] if len(flat) == 1 else flat.mean(axis=0, dtype=np.float32)
    image = Image.fromarray(np.ascontiguousarray(grey.reshape(pixels.shape[1:]), dtype=np.float32))
    return {
        "thumbnails": np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)),
        "mean": mean,
        "std": flat.std(axis=1, dtype=np.float64),
        "lowest": lowest,
        "highest": highest,
        "at_lowest": np.count_nonzero(flat == lowest) / flat.size,
        "at_highest": np.count_nonzero(flat == highest) / flat.size,
    }


def _padded(value: Any, shape: tuple[int, ...]) -> Any:
    """`value` with NaN for the channels that this image lacks."""
    if len(shape) != 1:
        return value
    return np.concatenate([value, np.full(shape[0] - len(value), np.nan)])
