"""Reading an image file, the one way used by everything: what is in it, and its pixels, or a line that says why not."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from leadline.data.formats import jpeg, pillow, png, tiff
from leadline.data.formats.axes import Projection
from leadline.data.formats.header import LARGEST, MOST_CHANNELS, Header, ImageError, memory_is_short

__all__ = [
    "IMAGE_SUFFIXES",
    "LARGEST",
    "MOST_CHANNELS",
    "Header",
    "ImageError",
    "Projection",
    "content_of",
    "is_image_name",
    "memory_is_short",
    "read_header",
    "read_image",
]

# How the content begins, by which a format is recognised, and how its files should be named.
FORMATS = {
    "PNG": (re.compile(rb"\x89PNG\r\n\x1a\n"), (".png",)),
    "JPEG": (re.compile(rb"\xff\xd8\xff"), (".jpg", ".jpeg", ".jpe", ".jfif")),
    "GIF": (re.compile(rb"GIF8[79]a"), (".gif",)),
    "BMP": (re.compile(rb"BM"), (".bmp",)),
    "WebP": (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), (".webp",)),
    "TIFF": (re.compile(rb"II[*+]\0|MM\0[*+]"), (".tif", ".tiff", ".btf", ".tf8")),
}
# What may be called as an image file is and be none.
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
IMAGE_SUFFIXES = frozenset(suffix for _, suffixes in FORMATS.values() for suffix in suffixes)


def is_image_name(name: str) -> bool:
    """Whether the suffix of a file's name is that of an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122  (a path object takes ten times as long)


def content_of(path: Path) -> bytes:
    """The bytes of an image file. Raises ImageError where it has more than LARGEST, and, caused by the error of the
    system, where it cannot be read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe, or a link to a device, is never read to its end
            raise ImageError(f"{path}: is {KINDS.get(stat.S_IFMT(found.st_mode), 'no file')}, not a file; remove it")
        if found.st_size > LARGEST:  # of a file that is no image, nothing is read in vain
            raise ImageError(f"{path}: the file is larger than {LARGEST / 2**30:g} GiB; cut it into tiles")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL, which no name of a file has
        raise ImageError(f"{path}: is no name of a file ({error}); correct it") from error


def read_header(path: str | Path, *, content: bytes | None = None, project: Projection | None = None) -> Header:
    """What `read_image` would return for the file, found without decoding a pixel; raises ImageError where it would.

    (Some damage shows only in decoding.) `content` is the bytes of the file, if they have been read already.
    """
    path = Path(path)
    content = content_of(path) if content is None else content
    format = _format(path, content)
    try:
        header = _header(content, format, path.name, project)
    except Exception as error:
        raise _refused(path, format, error) from error
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES and suffix not in FORMATS[format][1]:
        return replace(header, notes=(f"named {path.suffix}, but is a {format}", *header.notes))
    return header


def read_image(
    path: str | Path,
    *,
    content: bytes | None = None,
    channels: tuple[int, ...] | None = None,
    project: Projection | None = None,
    reduce_to: int | None = None,
) -> NDArray[Any]:
    """The pixels of the file, (channels, height, width), uint8, uint16, int16 or float32; it may be a read-only view.

    `channels` selects and orders channels, numbered from 0. `project` makes one plane of a stack in depth. With
    `reduce_to`, a JPEG may come at a half, a quarter or an eighth of its size, its short side no smaller than that:
    large photographs decode several times as fast. `content` is as in `read_header`. Raises ImageError.
    """
    path = Path(path)
    content = content_of(path) if content is None else content
    format = _format(path, content)
    try:
        header, pixels = _image(content, format, path.name, project, reduce_to)
    except Exception as error:
        raise _refused(path, format, error) from error
    size = pixels.shape[1:] if reduce_to and format == "JPEG" else (header.height, header.width)
    if pixels.shape != (header.channels, *size) or pixels.dtype != header.dtype:
        raise _refused(path, format, ValueError("its pixels are not what its header says"))
    if channels is None:
        return pixels
    if not channels or not set(channels) <= set(range(header.channels)):
        wanted = ",".join(map(str, channels))
        raise ImageError(f"{path}: has {header.channels} channels, numbered from 0; choose among them, not {wanted!r}")
    return pixels[list(channels)]


def _format(path: Path, content: bytes) -> str:
    if not content:
        raise ImageError(f"{path}: is empty (0 bytes); copy it again from its source, or remove it")
    for format, (beginning, _) in FORMATS.items():
        if beginning.match(content):
            return format
    raise ImageError(
        f"{path}: is none of {', '.join(FORMATS)}: it begins with {content[:16]!r}; "
        "convert it to one of them, or remove it"
    )


def _header(content: bytes, format: str, name: str, project: Projection | None) -> Header:
    if format == "PNG":
        return png.header(content)
    if format == "JPEG":
        return jpeg.header(content)
    if format == "TIFF":
        return tiff.header(content, name=name, project=project)
    return pillow.header(content, format=format)


def _image(
    content: bytes, format: str, name: str, project: Projection | None, reduce_to: int | None
) -> tuple[Header, NDArray[Any]]:
    if format == "PNG":
        return png.image(content)
    if format == "JPEG":
        return jpeg.image(content, reduce_to=reduce_to)
    if format == "TIFF":
        return tiff.image(content, name=name, project=project)
    return pillow.image(content, format=format)


def _refused(path: Path, format: str, error: Exception) -> ImageError:
    """Decoders raise whatever a damaged file leads them to; to a person all of it means the same."""
    if isinstance(error, ImageError):
        return ImageError(f"{path}: {error}")
    if memory_is_short(error):
        return ImageError(f"{path}: there is not enough memory to decode it; free some, or cut it into tiles")
    reason = " ".join(str(error).split()) or type(error).__name__
    return ImageError(f"{path}: is a damaged {format} ({reason}); copy it again from its source, or remove it")
