"""PNG, 1 to 16 bits a sample, decoded by libpng. (Pillow would cut 16-bit colour down to 8.)"""

import struct
from typing import Any

import imagecodecs
from numpy.typing import NDArray

from leadline.data.formats.complaints import complaints
from leadline.data.formats.header import ALPHA, Header, ImageError, header_of
from leadline.data.formats.samples import channels_first, exif_orientation, on_white, upright

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Colour type → channels of colour (PNG specification, 11.2.1): grey, RGB, palette, grey and alpha, RGB and alpha.
COLOURS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}
MOST_CHUNKS = 2**20


def header(content: bytes) -> Header:
    return _stored(content)[0]


def image(content: bytes) -> tuple[Header, NDArray[Any]]:
    header, orientation = _stored(content)
    with complaints():  # of chunks that no pixel depends on; damaged pixels raise
        samples = channels_first(imagecodecs.png_decode(content))
    return header, upright(on_white(samples) if ALPHA in header.notes else samples, orientation)


def _stored(content: bytes) -> tuple[Header, int]:
    """The header and the orientation, from a walk over all chunks: the last one has to be there."""
    chunks: dict[bytes, bytes] = {}
    position, walked = len(SIGNATURE), 0
    while b"IEND" not in chunks:
        walked += 1
        if walked > MOST_CHUNKS:
            raise ValueError(f"no end after {MOST_CHUNKS:,} chunks")
        if position + 12 > len(content):
            raise ImageError("is cut off: its end is missing; copy it again from its source, or remove it")
        length, kind = struct.unpack_from(">I4s", content, position)
        chunks.setdefault(kind, b"" if kind == b"IDAT" else content[position + 8 : position + 8 + length])
        position += 12 + length
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    transparent = colour in (4, 6) or b"tRNS" in chunks
    frames = struct.unpack_from(">I", chunks[b"acTL"])[0] if b"acTL" in chunks else 1
    orientation = exif_orientation(chunks.get(b"eXIf", b""))
    return header_of(
        width=width,
        height=height,
        stored=COLOURS[colour] + transparent,
        channels=COLOURS[colour],
        dtype="uint16" if bits == 16 else "uint8",
        format="PNG",
        orientation=orientation,
        notes={ALPHA: transparent, f"the still image of an animation of {frames} frames": frames > 1},
    ), orientation
