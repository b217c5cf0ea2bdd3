"""Reading an image file, the one way used by everything: what is in it, and its pixels, or a line that says why not."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from leadline.data.formats import jpeg, pillow, png, tiff
from leadline.data.formats.header import LARGEST, MOST_CHANNELS, Header, ImageError
from leadline.data.formats.tiff import Projection

__all__ = [
    "IMAGE_SUFFIXES",
    "LARGEST",
    "MOST_CHANNELS",
    "Header",
    "ImageError",
    "Projection",
    "read_header",
    "read_image",
]

SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff", ".btf", ".tf8"),
}
IMAGE_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


def read_header(path: str | Path, *, content: bytes | None = None, project: Projection | None = None) -> Header:
    """What `read_image` would return, found without decoding pixels.

    `content` are the bytes of the file, for those who have read it already. Raises ImageError.
    """
    path = Path(path)
    content = _content(path, content)
    format = _format(path, content)
    try:
        header = _header(content, format, project)
    except Exception as error:
        raise _image_error(path, format, error) from error
    if path.suffix.lower() in IMAGE_SUFFIXES and path.suffix.lower() not in SUFFIXES[format]:
        note = f"named {path.suffix}, but is a {format}"
        header = Header(**{**vars(header), "notes": (note, *header.notes)})
    return header


def read_image(
    path: str | Path,
    *,
    content: bytes | None = None,
    channels: tuple[int, ...] | None = None,
    project: Projection | None = None,
    reduce_to: int | None = None,
) -> NDArray[Any]:
    """The pixels at `path`, (channels, height, width), of the type, channels and size that `read_header` says.

    `channels` selects and orders them, counted from 0. `project` makes one plane of a stack in depth. With `reduce_to`
    a JPEG may come at a half, a quarter or an eighth of its size, its short side no smaller than that: decoding a large
    photograph is then several times as fast. The array may be a read-only view. Raises ImageError.
    """
    path = Path(path)
    content = _content(path, content)
    format = _format(path, content)
    try:
        header = _header(content, format, project)
        pixels = _pixels(content, format, project, reduce_to)
    except Exception as error:
        raise _image_error(path, format, error) from error
    size = pixels.shape[1:] if format == "JPEG" and reduce_to else (header.height, header.width)
    if pixels.shape != (header.channels, *size) or pixels.dtype != header.dtype:
        raise ImageError(f"{path}: its header does not fit its pixels; copy it again from its source, or remove it")
    if channels is not None:
        if not channels or not all(0 <= channel < len(pixels) for channel in channels):
            raise ImageError(
                f"{path}: has {len(pixels)} channels, numbered from 0, and channels {','.join(map(str, channels))} "
                "were asked for"
            )
        pixels = pixels[list(channels)]
    return pixels


def _content(path: Path, content: bytes | None) -> bytes:
    try:
        if content is None:
            if path.stat().st_size > LARGEST:
                raise ImageError(f"{path}: the file is larger than {LARGEST / 2**30:.0f} GiB; cut it into tiles")
            content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from error
    if not content:
        raise ImageError(f"{path}: is empty (0 bytes); copy it again from its source, or remove it")
    return content


def _format(path: Path, content: bytes) -> str:
    """By content: names are wrong too often."""
    if content.startswith(png.SIGNATURE):
        return "PNG"
    if content.startswith(jpeg.SIGNATURE):
        return "JPEG"
    if content.startswith(tiff.SIGNATURES):
        return "TIFF"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WebP"
    if content.startswith(b"BM"):
        return "BMP"
    raise ImageError(
        f"{path}: is no image that Leadline reads ({', '.join(SUFFIXES)}): it begins with {content[:8]!r}; "
        "convert it, or remove it"
    )


def _header(content: bytes, format: str, project: Projection | None) -> Header:
    if format == "PNG":
        return png.header(content)
    if format == "JPEG":
        return jpeg.header(content)
    if format == "TIFF":
        return tiff.header(content, project=project)
    return pillow.header(content, format=format)


def _pixels(content: bytes, format: str, project: Projection | None, reduce_to: int | None) -> NDArray[Any]:
    if format == "PNG":
        return png.pixels(content)
    if format == "JPEG":
        return jpeg.pixels(content, reduce_to=reduce_to)
    if format == "TIFF":
        return tiff.pixels(content, project=project)
    return pillow.pixels(content, format=format)


def _image_error(path: Path, format: str, error: Exception) -> ImageError:
    """Decoders raise whatever a damaged file leads them to: all of it means the same to the person."""
    if isinstance(error, ImageError):
        return ImageError(f"{path}: {error}")
    reason = " ".join(str(error).split()) or type(error).__name__
    return ImageError(f"{path}: is a damaged {format} ({reason}); copy it again from its source, or remove it")
