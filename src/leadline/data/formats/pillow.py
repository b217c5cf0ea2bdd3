"""GIF, BMP and WebP, decoded by Pillow."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from leadline.data.formats.header import ALPHA, Header, ImageError, header_of
from leadline.data.formats.samples import channels_first, exif_orientation, on_white, upright

READERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "WebP": WebPImageFile,
}
# Frames are counted by walking over all of them.
COUNTED_WITHIN = 2**26  # bytes
# Pillow's mode → the mode it is decoded to: palettes are expanded, one bit becomes 0 or 255.
DECODED = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGBA"}


def header(content: bytes, *, format: str) -> Header:
    return _opened(content, format)[0]


def image(content: bytes, *, format: str) -> tuple[Header, NDArray[Any]]:
    header, opened, mode = _opened(content, format)
    samples = channels_first(np.asarray(opened.convert(mode)))
    samples = on_white(samples) if ALPHA in header.notes else samples
    return header, upright(samples, exif_orientation(opened.info.get("exif", b"")))


def _opened(content: bytes, format: str) -> tuple[Header, Image.Image, str]:
    """The header, the image before it is decoded, and the mode to decode it to."""
    try:
        opened = READERS[format](io.BytesIO(content))
    except Image.DecompressionBombError as error:
        raise ImageError(f"is too large ({str(error).partition(',')[0]}); cut it into tiles, or remove it") from error
    mode = DECODED[opened.mode]
    if format == "GIF":  # whose greys are a palette that happens to be grey: one kind of image for the whole folder
        # imageio tells Pillow to open them as colour, and then nothing else says that there is transparency.
        mode = "RGBA" if "transparency" in opened.info or opened.mode == "RGBA" else "RGB"
    animated = getattr(opened, "is_animated", False)
    frames = getattr(opened, "n_frames", 1) if animated and len(content) <= COUNTED_WITHIN else "many"
    header = header_of(
        width=opened.width,
        height=opened.height,
        stored=len(mode),
        channels=len(mode.removesuffix("A")),
        dtype="uint8",
        format=format,
        orientation=exif_orientation(opened.info.get("exif", b"")),
        notes={ALPHA: mode.endswith("A"), f"the first of {frames} frames": animated},
    )
    return header, opened, mode
