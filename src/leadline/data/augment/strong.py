"""Strong augmentation, for few images: turned and scaled a little, in another light, with a part covered.

It assumes that the class of an image does not hang on its brightness or contrast, on a tilt of up to 15°, on a scale
between 0.8 and 1.25, or on any one patch of a quarter of its area. Where intensities are measurements (the amount of a
stain, say), it does not fit. All channels of an image are changed by the same factors, each in units of its own, so
that a dim channel is not drowned by a bright one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import uniforms

Floats = NDArray[np.float32]

DEGREES = 15.0
SCALE = 1.25
# The contrast of an image is multiplied by up to so much, and the brightness of each channel moved by so many of its
# own standard deviations: a measure that it has whatever its type, be it 8 bits or floats of any unit.
CONTRAST, BRIGHTNESS = 1.4, 0.3
# A rectangle of at most half a side each way is filled with the image's mean, in half of the images.
COVERED, LONGEST_SIDE = 0.5, 0.5


def strengthen(images: NDArray[Any], *, seed: int, epoch: int, rows: NDArray[np.int64]) -> NDArray[Any]:
    """`images`, (batch, size, size, channels), each changed in its own type; `rows` identify the images.

    Whole numbers stay within their type; floats are not bounded. An image of one intensity keeps it.
    """
    draws = uniforms(rows, "strong", seed, epoch, draws=9).astype(np.float32)
    size = images.shape[1]
    angles = np.deg2rad(DEGREES) * (2 * draws[:, 0] - 1)
    scales = SCALE ** (2 * draws[:, 1] - 1)
    contrasts = CONTRAST ** (2 * draws[:, 2] - 1)
    shifts = BRIGHTNESS * (2 * draws[:, 3] - 1)
    limits = np.iinfo(images.dtype) if images.dtype.kind in "iu" else None
    result = np.empty_like(images)
    for number, image in enumerate(images):
        changed = _turned(image, float(angles[number]), float(scales[number]))
        # In float64 sums: the mean of a large float32 image would depend on how it is added up.
        mean, spread = (
            measure(changed, axis=(0, 1), dtype=np.float64).astype(np.float32) for measure in (np.mean, np.std)
        )
        changed = (changed - mean) * contrasts[number] + (mean + shifts[number] * spread)
        if draws[number, 4] < COVERED:
            top, left, height, width = _patch(draws[number, 5:9], size)
            changed[top : top + height, left : left + width] = mean
        if limits is not None:
            changed = np.clip(np.rint(changed), limits.min, limits.max)
        result[number] = changed
    return result


def _turned(image: NDArray[Any], angle: float, scale: float) -> Floats:
    """The image turned about its middle and enlarged by `scale`, by bilinear interpolation; its border is continued."""
    size, _, channels = image.shape
    middle = (size - 1) / 2
    steps = np.arange(size, dtype=np.float32) - np.float32(middle)
    cosine, sine = np.float32(np.cos(angle) / scale), np.float32(np.sin(angle) / scale)
    y = np.clip(steps[:, None] * cosine - steps[None] * sine + np.float32(middle), 0, size - 1).ravel()
    x = np.clip(steps[:, None] * sine + steps[None] * cosine + np.float32(middle), 0, size - 1).ravel()
    top, left = np.minimum(y.astype(np.int64), size - 2), np.minimum(x.astype(np.int64), size - 2)
    down, right = (y - top).astype(np.float32)[:, None], (x - left).astype(np.float32)[:, None]
    pixels = image.reshape(size * size, channels).astype(np.float32)
    corner = top * size + left
    upper = pixels.take(corner, axis=0) * (1 - right) + pixels.take(corner + 1, axis=0) * right
    lower = pixels.take(corner + size, axis=0) * (1 - right) + pixels.take(corner + size + 1, axis=0) * right
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float32).reshape(image.shape)


def _patch(draws: Floats, size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of the part that is covered; it lies wholly within the image."""
    height, width = (1 + int(draw * (LONGEST_SIDE * size - 1)) for draw in draws[:2])
    return int(draws[2] * (size - height + 1)), int(draws[3] * (size - width + 1)), height, width
