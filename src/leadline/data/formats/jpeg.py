"""JPEG, decoded by libjpeg-turbo through Pillow; a large photograph at a half, a quarter or an eighth if asked."""

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from leadline.data.formats.colour import INKS, TURNED, exif_orientation, upright
from leadline.data.formats.header import Header, ImageError, check_size

SIGNATURE = b"\xff\xd8\xff"
START_OF_SCAN, END_OF_IMAGE = 0xDA, b"\xff\xd9"
# Every kind of frame header: C0 to CF without the Huffman tables, the extension and the arithmetic conditioning.
START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}


class _Quiet(JpegImageFile):
    """Pillow reads the resolution from the EXIF block and warns when the block is damaged; no pixel depends on it."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


@dataclass(frozen=True)
class _Stored:
    width: int
    height: int
    bits: int
    components: int
    orientation: int


def _stored(content: bytes) -> _Stored:
    """Walk over the segments before the compressed pixels."""
    frame, exif, position = b"", b"", 2
    while True:
        position = content.find(b"\xff", position) + 1
        if not position or position + 3 > len(content):
            raise ImageError("is cut off before its pixels begin; copy it again from its source, or remove it")
        marker = content[position]
        if marker in (0x00, 0xFF) or marker in WITHOUT_LENGTH:
            position += marker != 0xFF
            continue
        (length,) = struct.unpack_from(">H", content, position + 1)
        segment = content[position + 3 : position + 1 + length]
        if marker in START_OF_FRAME:
            frame = segment
        elif marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            exif = exif or segment
        elif marker == START_OF_SCAN:
            break
        position += 1 + length
    # No two bytes of compressed pixels look like the end marker, so one after the start of the scan is the end.
    if content.rfind(END_OF_IMAGE) < position:
        raise ImageError("is cut off: its end is missing; copy it again from its source, or remove it")
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    return _Stored(width, height, bits, components, exif_orientation(exif))


def header(content: bytes) -> Header:
    stored = _stored(content)
    if stored.bits != 8 or stored.components not in (1, 3, 4):
        raise ImageError(
            f"is a JPEG of {stored.components} components of {stored.bits} bits, and only 1, 3 or 4 of 8 bits are "
            "read; save it as PNG or TIFF"
        )
    check_size(width=stored.width, height=stored.height, values=stored.components, itemsize=1)
    turned = stored.orientation >= 5
    notes = {INKS: stored.components == 4, TURNED: stored.orientation > 1}
    return Header(
        width=stored.height if turned else stored.width,
        height=stored.width if turned else stored.height,
        channels=min(stored.components, 3),
        dtype="uint8",
        format="JPEG",
        notes=tuple(note for note, applies in notes.items() if applies),
    )


def pixels(content: bytes, *, reduce_to: int | None) -> NDArray[Any]:
    orientation = _stored(content).orientation
    image: Image.Image = _Quiet(io.BytesIO(content))
    if reduce_to is not None:
        image.draft(None, (reduce_to, reduce_to))
    if image.mode == "CMYK":
        image = image.convert("RGB")
    decoded = np.asarray(image)
    return upright(decoded[np.newaxis] if decoded.ndim == 2 else decoded.transpose(2, 0, 1), orientation)
