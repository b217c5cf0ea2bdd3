"""GIF, BMP and WebP, decoded by Pillow."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from leadline.data.formats.colour import ALPHA, TURNED, exif_orientation, on_white, upright
from leadline.data.formats.header import Header, ImageError, check_size

READERS = {"GIF": GifImageFile, "BMP": BmpImageFile, "WebP": WebPImageFile}
# Pillow's mode → the mode that is decoded to: palettes are expanded, one bit becomes 0 or 255.
DECODED = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGBA"}


def _open(content: bytes, format: str) -> tuple[Image.Image, str, int]:
    """The image, not yet decoded, the mode to decode it to, and its orientation."""
    image = READERS[format](io.BytesIO(content))
    if image.mode not in DECODED:
        raise ImageError(f"is a {format} of Pillow's mode {image.mode}, which is not read; save it as PNG")
    mode = DECODED[image.mode]
    if "transparency" in image.info:
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
    return image, mode, exif_orientation(image.info.get("exif", b""))


def header(content: bytes, *, format: str) -> Header:
    image, mode, orientation = _open(content, format)
    check_size(width=image.width, height=image.height, values=len(mode), itemsize=1)
    frames = getattr(image, "n_frames", 1)
    notes = {
        ALPHA: mode.endswith("A"),
        TURNED: orientation > 1,
        f"the first of {frames} frames": frames > 1,
    }
    turned = orientation >= 5
    return Header(
        width=image.height if turned else image.width,
        height=image.width if turned else image.height,
        channels=len(mode.removesuffix("A")),
        dtype="uint8",
        format=format,
        notes=tuple(note for note, applies in notes.items() if applies),
    )


def pixels(content: bytes, *, format: str) -> NDArray[Any]:
    image, mode, orientation = _open(content, format)
    decoded = np.asarray(image.convert(mode))
    samples = decoded[np.newaxis] if decoded.ndim == 2 else decoded.transpose(2, 0, 1)
    return upright(on_white(samples) if mode.endswith("A") else samples, orientation)
