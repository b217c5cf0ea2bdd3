"""PNG, 1 to 16 bits a sample, decoded by libpng. (Pillow would cut 16-bit colour down to 8.)"""

import struct
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from leadline.data.formats.colour import ALPHA, TURNED, exif_orientation, on_white, upright
from leadline.data.formats.header import Header, ImageError, check_size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Colour type → channels of colour (PNG specification, 11.2.1): grey, RGB, palette, grey and alpha, RGB and alpha.
COLOURS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}


@dataclass(frozen=True)
class _Stored:
    width: int
    height: int
    bits: int
    colours: int
    transparent: bool
    orientation: int
    frames: int


def _stored(content: bytes) -> _Stored:
    """Walk over all chunks: what they say, and that the last one is there."""
    chunks: dict[bytes, bytes] = {}
    position = len(SIGNATURE)
    while b"IEND" not in chunks:
        if position + 12 > len(content):
            raise ImageError("is cut off: its end is missing; copy it again from its source, or remove it")
        length, kind = struct.unpack_from(">I4s", content, position)
        chunks.setdefault(kind, content[position + 8 : position + 8 + (0 if kind == b"IDAT" else length)])
        position += 12 + length
    if position > len(content):
        raise ImageError("is cut off: its end is missing; copy it again from its source, or remove it")
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    return _Stored(
        width,
        height,
        bits,
        COLOURS[colour],
        transparent=colour in (4, 6) or b"tRNS" in chunks,
        orientation=exif_orientation(chunks.get(b"eXIf", b"")),
        frames=struct.unpack_from(">I", chunks[b"acTL"])[0] if b"acTL" in chunks else 1,
    )


def header(content: bytes) -> Header:
    stored = _stored(content)
    itemsize = 2 if stored.bits == 16 else 1
    samples = stored.colours + stored.transparent
    check_size(width=stored.width, height=stored.height, values=samples, itemsize=itemsize)
    turned = stored.orientation >= 5
    notes = {
        ALPHA: stored.transparent,
        TURNED: stored.orientation > 1,
        f"the still image of an animation of {stored.frames} frames": stored.frames > 1,
    }
    return Header(
        width=stored.height if turned else stored.width,
        height=stored.width if turned else stored.height,
        channels=stored.colours,
        dtype="uint16" if stored.bits == 16 else "uint8",
        format="PNG",
        notes=tuple(note for note, applies in notes.items() if applies),
    )


def pixels(content: bytes) -> NDArray[Any]:
    stored = _stored(content)
    decoded = imagecodecs.png_decode(content)
    samples: NDArray[Any] = decoded[np.newaxis] if decoded.ndim == 2 else decoded.transpose(2, 0, 1)
    if stored.transparent:
        samples = on_white(samples)
    return upright(samples, stored.orientation)
