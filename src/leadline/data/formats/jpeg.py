"""JPEG, decoded by libjpeg-turbo; a large photograph at a half, a quarter or an eighth of its size if asked."""

import io
import struct
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from leadline.data.formats.header import INKS, Header, ImageError, header_of
from leadline.data.formats.samples import channels_first, exif_orientation, from_inks, upright

EXIF, START_OF_SCAN, END_OF_IMAGE = 0xE1, 0xDA, b"\xff\xd9"
# Every kind of frame header: C0 to CF without the Huffman tables, the extension and the arithmetic conditioning.
START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Escaped and fill bytes, restart markers, the start: no length follows them.
WITHOUT_LENGTH = {0x00, 0x01, *range(0xD0, 0xDA)}
# Before the pixels; photographs have dozens, and hundreds with a large colour profile.
MOST_SEGMENTS = 2**16


class _Quiet(JpegImageFile):
    """Pillow reads the resolution from the EXIF block and warns when the block is damaged; no pixel depends on it."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


def header(content: bytes) -> Header:
    return _stored(content)[0]


def image(content: bytes, *, reduce_to: int | None) -> tuple[Header, NDArray[Any]]:
    header, orientation = _stored(content)
    if reduce_to and min(header.height, header.width) < 2 * reduce_to:
        reduce_to = None
    samples = channels_first(_reduced(content, reduce_to) if reduce_to else imagecodecs.jpeg8_decode(content))
    if INKS in header.notes:
        samples = from_inks(255 - samples)  # stored as Adobe does it: 255 is no ink
    return header, upright(samples, orientation)


def _reduced(content: bytes, reduce_to: int) -> NDArray[Any]:
    """What libjpeg makes at a fraction of the size, the short side at least `reduce_to`; only Pillow offers it."""
    photograph = _Quiet(io.BytesIO(content))
    photograph.draft(None, (reduce_to, reduce_to))
    decoded = np.asarray(photograph)
    return 255 - decoded if photograph.mode == "CMYK" else decoded  # Pillow has turned Adobe's inks round


def _stored(content: bytes) -> tuple[Header, int]:
    """The header and the orientation, from a walk over the segments before the pixels; and that the end is there."""
    frame, exif, marker, position, walked = b"", b"", 0, 2, 0
    while marker != START_OF_SCAN:
        walked += 1
        if walked > MOST_SEGMENTS:
            raise ValueError(f"no pixels after {MOST_SEGMENTS:,} segments")
        position = content.find(b"\xff", position) + 1
        if position == 0 or position + 3 > len(content):
            raise ImageError("is cut off before its pixels begin; copy it again from its source, or remove it")
        marker = content[position]
        if marker == 0xFF:
            continue
        position += 1
        if marker in WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", content, position)
        segment = content[position + 2 : position + length]
        if marker in START_OF_FRAME:
            frame = segment
        elif marker == EXIF and segment.startswith(b"Exif\0\0"):
            exif = exif or segment
        position += length
    # Compressed pixels never look like the end marker, so one after the start of the scan is the end.
    if content.rfind(END_OF_IMAGE) < position:
        raise ImageError("is cut off: its end is missing; copy it again from its source, or remove it")
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    if bits != 8 or components not in (1, 3, 4):
        raise ImageError(
            f"is a JPEG of {components} components of {bits} bits, and only 1, 3 or 4 of 8 bits are read; "
            "save it as PNG or TIFF"
        )
    orientation = exif_orientation(exif)
    return header_of(
        width=width,
        height=height,
        stored=components,
        channels=min(components, 3),
        dtype="uint8",
        format="JPEG",
        orientation=orientation,
        notes={INKS: components == 4},
    ), orientation
