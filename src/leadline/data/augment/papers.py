"""The papers' augmentations: crops of other places, scales and shapes, mirrored, in other colours. Keyed, as all are.

A crop is cut from the central square of the image, decoded at the largest size that the policy needs, and brought to
the size that the network works at; scales are relative to the papers' crops of 224 pixels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import uniforms
from leadline.data.preprocessing import Preprocessing, rescale

CROP = 224
# The standard deviation of the factor that each principal axis of the colours gets (Krizhevsky et al. 2012, §4.1).
COLOUR_NOISE = 0.1
# Szegedy et al. 2014, §6: share of the area and ratio of width to height; drawn again where the box does not fit.
AREA, ASPECT, ATTEMPTS = (0.08, 1.0), (3 / 4, 4 / 3), 10

Boxes = NDArray[np.int64]  # (images, 4): top, left, height, width


@dataclass(frozen=True)
class Policy:
    """What a paper does to an image in training; everywhere half of the images are mirrored left to right."""

    cut: Literal["padded", "square", "any shape"]
    short_side: tuple[int, int] = (CROP, CROP)  # pixels between which it is drawn per image; the largest is decoded
    colour: bool = False


TABLE = {
    "cifar": Policy("padded"),
    "alexnet": Policy("square", (256, 256), colour=True),
    "vgg": Policy("square", (256, 512), colour=True),
    "resnet": Policy("square", (256, 480), colour=True),
    # The papers cut from the photograph as it is, whatever its size; 384 is ours.
    "googlenet": Policy("any shape", (384, 384)),
    "resnext": Policy("any shape", (384, 384), colour=True),
}


def decoded_size(policy: str, size: int) -> int:
    """The pixels at which images must be decoded for crops of `size`; `size` itself where the policy is no paper's."""
    return round(size * TABLE[policy].short_side[1] / CROP) if policy in TABLE else size


@dataclass(frozen=True)
class Colours:
    """Of the training images, in their own units: the mean, and the principal axes of the pixels' colours.

    An axis is a unit eigenvector of the covariance of the channels times the square root of its eigenvalue, the largest
    first. (The text multiplies with the eigenvalue, which only makes sense in one unit; the authors' code does this.)
    """

    mean: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...] = ()  # empty where there are not three channels


def colours_of(images: NDArray[Any], preprocessing: Preprocessing) -> Colours:
    """Of `images`, (n, height, width, channels): training images, no others, for which `preprocessing` was measured."""
    low, high = np.array(preprocessing.low or 0.0), np.array(preprocessing.high or preprocessing.full_range)
    mean = tuple(map(float, low + np.array(preprocessing.mean) * (high - low)))
    if preprocessing.channels != 3:
        return Colours(mean)
    sums, products, count = np.zeros(3), np.zeros((3, 3)), 0
    for image in images:  # one at a time, because a pixel takes eight bytes a channel
        pixels = image.reshape(-1, 3).astype(np.float64) - mean
        sums, products, count = sums + pixels.sum(axis=0), products + pixels.T @ pixels, count + len(pixels)
    covariance = products / count - np.outer(sums, sums) / count**2
    values, vectors = np.linalg.eigh(covariance)
    # An eigenvector has no sign: let its largest entry be positive, so that the same images give the same axes.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(3)])
    axes = (vectors * signs * np.sqrt(values.clip(0))).T[::-1]
    return Colours(mean, tuple(tuple(map(float, axis)) for axis in axes))


def publish(
    images: NDArray[Any], policy: str, *, size: int, colours: Colours, seed: int, epoch: int, rows: NDArray[np.int64]
) -> NDArray[Any]:
    """(batch, size, size, channels) of `images`, (batch, decoded size, decoded size, channels), in their own type.

    Whole numbers are rounded and stay within their type; `rows` identify the images.
    """
    how = TABLE[policy]
    draws = uniforms(rows, "published", seed, epoch, draws=8)
    if how.cut == "padded":
        images, boxes = padded(images, colours), shifted(draws, size)
    elif how.cut == "square":
        boxes = squares(draws, how, images.shape[1])
    else:
        shapes = uniforms(rows, "shapes", seed, epoch, draws=4 * ATTEMPTS).reshape(len(rows), ATTEMPTS, 4)
        boxes = any_shapes(shapes, images.shape[1])
    result = np.empty((len(images), size, size, images.shape[3]), dtype=images.dtype)
    for number, (top, left, height, width) in enumerate(boxes):
        cut = rescale(images[number, top : top + height, left : left + width], size, size)
        result[number] = cut[:, ::-1] if draws[number, 3] < 0.5 else cut
    return recoloured(result, colours, draws[:, 4:]) if how.colour and colours.axes else result


def padded(images: NDArray[Any], colours: Colours) -> NDArray[Any]:
    """An eighth more on each side, of the mean, which is zero once the mean is subtracted: 4 pixels of 32."""
    reach = max(1, images.shape[1] // 8)
    ground = np.round(colours.mean) if images.dtype.kind in "iu" else np.array(colours.mean)
    side = images.shape[1] + 2 * reach
    result = np.empty((len(images), side, side, images.shape[3]), dtype=images.dtype)
    result[:] = ground.astype(images.dtype)
    result[:, reach:-reach, reach:-reach] = images
    return result


def shifted(draws: NDArray[np.float64], size: int) -> Boxes:
    """Boxes of `size` in what `padded` made of it, every place as likely."""
    places = 2 * max(1, size // 8) + 1
    corners = (draws[:, :2] * places).astype(np.int64)
    return np.concatenate([corners, np.full_like(corners, size)], axis=1)


def squares(draws: NDArray[np.float64], how: Policy, decoded: int) -> Boxes:
    """Of 224 pixels in an image whose short side is drawn evenly from the policy's, every place as likely."""
    low, high = how.short_side
    side = np.rint(decoded * CROP / (low + draws[:, 2] * (high - low))).astype(np.int64)
    top, left = ((draws[:, number] * (decoded - side + 1)).astype(np.int64) for number in (0, 1))
    return np.stack([top, left, side, side], axis=1)


def any_shapes(draws: NDArray[np.float64], decoded: int) -> Boxes:
    """Of an area drawn evenly and a ratio drawn evenly in its logarithm; the first that fits, else the whole image.

    `draws` is (images, attempts, 4). The distribution is that of torchvision's RandomResizedCrop on square images.
    """
    area = decoded**2 * (AREA[0] + draws[..., 0] * (AREA[1] - AREA[0]))
    low, high = np.log(ASPECT)
    aspect = np.exp(low + draws[..., 1] * (high - low))
    height, width = (np.rint(np.sqrt(size)).astype(np.int64) for size in (area / aspect, area * aspect))
    fits = (height <= decoded) & (width <= decoded) & (height > 0) & (width > 0)
    top, left = (
        (draws[..., number] * (decoded - side + 1)).astype(np.int64) for number, side in ((2, height), (3, width))
    )
    boxes: Boxes = np.stack([top, left, height, width], axis=2)[np.arange(len(draws)), fits.argmax(axis=1)]
    boxes[~fits.any(axis=1)] = 0, 0, decoded, decoded
    return boxes


def recoloured(images: NDArray[Any], colours: Colours, draws: NDArray[np.float64]) -> NDArray[Any]:
    """Each image with a normal multiple of each axis added to all its pixels; `draws` is (images, 4), uniform."""
    radius, angle = np.sqrt(-2 * np.log1p(-draws[:, :2])), 2 * np.pi * draws[:, 2:]  # Box and Muller 1958
    normals = np.concatenate([radius * np.cos(angle), radius[:, :1] * np.sin(angle[:, :1])], axis=1)
    noise = (COLOUR_NOISE * normals @ np.array(colours.axes)).astype(np.float32)
    changed = images.astype(np.float32) + noise[:, None, None]
    if images.dtype.kind in "iu":
        limits = np.iinfo(images.dtype)
        changed = np.clip(np.rint(changed), limits.min, limits.max)
    return np.asarray(changed.astype(images.dtype))
