"""Pixels of any type and number of channels as a screen shows them, and a map of where a network looked over them."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

# Up to this side an image is stored pixel by pixel and enlarged by the browser; beyond it is a JPEG.
SMALL_SIDE = 96
# The strongest value of a map covers so much of the image.
COVERED = 0.75
TOWARDS, AGAINST = (200, 30, 40), (30, 80, 200)  # the colours of a map, red and blue


def visible(pixels: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], str]:
    """(height, width) or (height, width, 3) for a screen, of (channels, height, width) of any type, and what that took,
    in words; "" where nothing."""
    changes = []
    if len(pixels) == 2:
        changes.append("the first channel in magenta, the second in green")
        pixels = pixels[[0, 1, 0]]
    elif len(pixels) > 3:
        changes.append(f"the first three of {len(pixels)} channels, in red, green and blue")
        pixels = pixels[:3]
    if pixels.dtype != np.uint8:
        changes.append(f"{pixels.dtype} intensities stretched from the lowest to the highest of each image and channel")
        values = np.nan_to_num(pixels.astype(np.float64))
        low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
        pixels = 255 * (values - low) / np.maximum(high - low, 1e-12)
    image = pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1)
    return np.ascontiguousarray(image.astype(np.uint8)), "; ".join(changes)


def overlaid(image: npt.NDArray[np.uint8], values: npt.NDArray[np.floating], strongest: float) -> npt.NDArray[np.uint8]:
    """(height, width, 3): the map `values` (height, width) over an image of that size. Red speaks for the class, blue
    against it, in full at ±`strongest`; what is NaN was not looked at, and is darkened."""
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    strength = np.clip(np.abs(np.nan_to_num(values)) / max(strongest, 1e-12), 0, 1)[..., None] * COVERED
    paint = np.where(np.nan_to_num(values)[..., None] > 0, np.array(TOWARDS), np.array(AGAINST))
    mixed = (1 - strength) * colour + strength * paint
    mixed[np.isnan(values)] = 0.4 * colour[np.isnan(values)]
    return np.asarray(np.round(mixed), dtype=np.uint8)


def data_uri(pixels: npt.NDArray[np.uint8], *, small: bool, largest_side: int) -> str:
    """An image for a page: as a PNG where it is `small`, or as a JPEG whose longer side is `largest_side` at most."""
    image, buffer = Image.fromarray(pixels), BytesIO()
    if small:
        image.save(buffer, "PNG", optimize=True)
    else:
        image.thumbnail((largest_side, largest_side))
        image.save(buffer, "JPEG", quality=82)
    return f"data:image/{'png' if small else 'jpeg'};base64,{b64encode(buffer.getvalue()).decode()}"
