"""The views of an image that a test protocol asks for: where each crop lies, and batches of them from files."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.channel_files import Files, reason
from leadline.data.image import ImageError
from leadline.data.loader import work_ahead
from leadline.data.preprocessing import Preprocessing, rescale
from leadline.data.protocols import Protocol

# Views decoded together; a whole image counts as eight.
TOGETHER, WHOLE_COUNTS = 256, 8
# A whole image as long as this times its short side would take the memory of a batch alone.
MOST_ELONGATED = 16


@dataclass(frozen=True)
class Viewed:
    """A stretch of the images that a prediction is asked for, each in several views."""

    views: list[NDArray[Any]]  # each (height, width, channels)
    owners: NDArray[np.int64]  # per view, its position among the readable images
    errors: list[str]  # per image, readable or not: why it could not be read, or ""
    protocol: Protocol


def views_of(pixels: NDArray[Any], protocol: Protocol) -> list[NDArray[Any]]:
    """The views of an image (height, width, channels): scale by scale its crops, then their mirror images."""
    found = []
    for scale in protocol.scales:
        resized = rescale(pixels, *scaled(pixels.shape[0], pixels.shape[1], short_side=scale))
        cut = _cut(resized, protocol)
        found += [*cut, *(view[:, ::-1] for view in cut)] if protocol.mirrored else cut
    return found


def scaled(height: int, width: int, *, short_side: int) -> tuple[int, int]:
    """Height and width with the short side as given and the other in proportion, rounded down."""
    if height <= width:
        return short_side, int(short_side * width / height)
    return int(short_side * height / width), short_side


def _cut(pixels: NDArray[Any], protocol: Protocol) -> list[NDArray[Any]]:
    size, short_side = protocol.size, min(pixels.shape[:2])
    if protocol.cut == "whole image":
        return [pixels]
    if protocol.cut == "centre":
        return [crop(pixels, *centre(pixels, size), size)]
    if protocol.cut == "corners and centre":
        return five_crops(crop(pixels, *centre(pixels, short_side), short_side), size)
    squares = [crop(pixels, *corner, short_side) for corner in three_corners(pixels)]
    return [view for square in squares for view in [*five_crops(square, size), rescale(square, size, size)]]


def crop(pixels: NDArray[Any], top: int, left: int, size: int) -> NDArray[Any]:
    return pixels[top : top + size, left : left + size]


def centre(pixels: NDArray[Any], size: int) -> tuple[int, int]:
    """Top and left of the crop in the middle, rounded as torchvision's CenterCrop does."""
    height, width = pixels.shape[:2]
    return round((height - size) / 2), round((width - size) / 2)


def five_crops(pixels: NDArray[Any], size: int) -> list[NDArray[Any]]:
    """The corners, from the upper left one row by row, and the centre."""
    below, right = pixels.shape[0] - size, pixels.shape[1] - size
    corners = [(0, 0), (0, right), (below, 0), (below, right), centre(pixels, size)]
    return [crop(pixels, top, left, size) for top, left in corners]


def three_corners(pixels: NDArray[Any]) -> list[tuple[int, int]]:
    """Top and left of the squares at the left, middle and right; of an upright image, at the top, middle and bottom."""
    height, width = pixels.shape[:2]
    middle = centre(pixels, min(height, width))
    return [(0, 0), middle, (max(0, height - width), max(0, width - height))]


def images_together(protocol: Protocol) -> int:
    """So many images are in a batch of `views`."""
    return max(1, TOGETHER // (protocol.views * (WHOLE_COUNTS if protocol.whole else 1)))


def views(images: Sequence[Files], preprocessing: Preprocessing, protocol: Protocol) -> Iterator[Viewed]:
    """The `images`, in order, in the views of `protocol`; a bounded number of views is in memory at a time."""
    together = images_together(protocol)

    def look(image: Files) -> tuple[list[NDArray[Any]], str]:
        try:
            pixels = preprocessing.read(image, whole=max(protocol.scales))
            height, width, _ = pixels.shape
            if protocol.whole and max(height, width) > MOST_ELONGATED * min(height, width):
                raise ImageError(
                    f"{image[0]}: {height}×{width} pixels are too elongated to be looked at whole; cut it into pieces"
                )
            return views_of(pixels, protocol), ""
        except (ImageError, OSError) as error:
            return [], reason(error, image)

    def batches() -> Iterator[Viewed]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(images), together):
                results = list(pool.map(look, images[start : start + together]))
                readable = [found for found, error in results if not error]
                owners = np.repeat(np.arange(len(readable)), [len(found) for found in readable])
                yield Viewed(
                    [view for found in readable for view in found], owners, [error for _, error in results], protocol
                )

    return work_ahead(batches)
