"""The files of one image: most have one, some a file for each channel, which are read together or not at all."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.image import Header, ImageError, Projection, content_of, read_header, read_image
from leadline.data.in_threads import in_threads

# The one file of an image, or a file for each of its channels, in their order.
Files = tuple[Path, ...]


def files_of(image: Path | Files) -> Files:
    """All files of an image that may be named by its only one."""
    return (image,) if isinstance(image, Path) else image


def read_files(files: Files, *, project: Projection | None = None, reduce_to: int | None = None) -> NDArray[Any]:
    """The pixels of one image, (channels, height, width). `project` and `reduce_to` are those of `read_image`, the
    latter for an image in one file only.

    Raises ImageError, which names the file, where one cannot be read or is not like the first.
    """
    if len(files) == 1:
        return read_image(files[0], project=project, reduce_to=reduce_to)
    planes = [read_image(file, project=project) for file in files]
    _refuse_unlike(files, [(len(plane), *plane.shape[:0:-1], str(plane.dtype)) for plane in planes])
    return np.concatenate(planes)


def examine_files(files: Files, *, project: Projection | None = None) -> tuple[Header, str]:
    """What `read_files` would return, as a header, and a SHA-256 of the content of all files; ImageError likewise."""
    contents = [content_of(file) for file in files]
    headers = [
        read_header(file, content=content, project=project) for file, content in zip(files, contents, strict=True)
    ]
    if len(files) == 1:
        return headers[0], _hash(contents)
    _refuse_unlike(files, [(one.channels, one.width, one.height, one.dtype) for one in headers])
    notes = tuple(dict.fromkeys(note for header in headers for note in header.notes))
    return replace(headers[0], channels=len(files), notes=notes), _hash(contents)


def content_hash(files: Files) -> str:
    """The SHA-256 that `examine_files` gives; ImageError where a file cannot be read."""
    return _hash([content_of(file) for file in files])


def changes(images: Sequence[Files], hashes: Sequence[str]) -> dict[int, str]:
    """Number of an image → what is the matter, where its content is no longer that of its SHA-256 in `hashes`."""

    def change(number: int) -> str:
        try:
            return "" if content_hash(images[number]) == hashes[number] else "has changed"
        except ImageError as error:
            return reason(error, images[number])

    return {number: text for number, text in enumerate(in_threads(change, range(len(images)))) if text}


def _hash(contents: list[bytes]) -> str:
    """Of a single file its own, as every other program computes it; of several, that of theirs."""
    if len(contents) == 1:
        return hashlib.sha256(contents[0]).hexdigest()
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


def reason(error: Exception, files: Files) -> str:
    """Why the image cannot be used: without the path where it is one file, with the name of the file among several."""
    text = str(error)
    if len(files) == 1:
        return text.removeprefix(f"{files[0]}: ")
    try:
        common = os.path.commonpath([file.parent for file in files])
    except ValueError:  # they have none
        return text
    return text.removeprefix(f"{common}{os.sep}")


def _refuse_unlike(files: Files, kinds: list[tuple[int, int, int, str]]) -> None:
    """`kinds` are channels, width, height and type of each file."""
    _, *first = kinds[0]
    for file, (channels, *kind) in zip(files, kinds, strict=True):
        if channels != 1:
            raise ImageError(
                f"{file}: has {channels} channels, and the file of one channel is expected to have one; save it as grey"
            )
        if kind != first:
            found, expected = ("{} × {} pixels of {}".format(*each) for each in (kind, first))
            raise ImageError(f"{file}: has {found}, but the file of the image's first channel has {expected}")
