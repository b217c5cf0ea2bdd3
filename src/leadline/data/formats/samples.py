"""From stored samples to channels: transparency, printing inks, which way is up. Arrays are (…, height, width)."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def channels_first(decoded: NDArray[Any]) -> NDArray[Any]:
    """(channels, height, width) of what decoders return: (height, width) or (height, width, channels)."""
    return decoded[np.newaxis] if decoded.ndim == 2 else decoded.transpose(2, 0, 1)


def on_white(samples: NDArray[Any], *, premultiplied: bool = False) -> NDArray[Any]:
    """The colours of unsigned `samples` (…, colours + alpha, height, width) over white, in their own type, rounded."""
    full = np.iinfo(samples.dtype).max
    # 65535 × 65535 + 32767 still fits into 32 bits.
    colours, alpha = samples[..., :-1, :, :].astype(np.uint32), samples[..., -1:, :, :].astype(np.uint32)
    behind = full - alpha
    if premultiplied:
        composite: NDArray[Any] = np.minimum(colours + behind, full)
    else:
        composite = (colours * alpha + full * behind + full // 2) // full
    return composite.astype(samples.dtype)


def from_inks(samples: NDArray[Any]) -> NDArray[Any]:
    """RGB of unsigned (…, CMYK, height, width), 0 being no ink: what is left of white after the ink and after black."""
    full = np.iinfo(samples.dtype).max
    left = (full - samples).astype(np.uint32)
    return ((left[..., :3, :, :] * left[..., 3:, :, :] + full // 2) // full).astype(samples.dtype)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """`pixels` stored with an orientation (TIFF and EXIF tag 274) of 1 to 8, as they are to be seen."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(-1, -2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[..., ::-1, :]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[..., ::-1]
    return pixels


def exif_orientation(exif: bytes) -> int:
    """Tag 274 of the first directory of an EXIF block, with or without its "Exif" prefix; 1 where there is none.

    No other pixel depends on the block, so a damaged one counts as none.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        if order:
            (directory,) = struct.unpack_from(order + "I", exif, 4)
            (entries,) = struct.unpack_from(order + "H", exif, directory)
            for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
                tag, _, _, value = struct.unpack_from(order + "HHIH", exif, entry)
                if tag == 274:
                    return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
