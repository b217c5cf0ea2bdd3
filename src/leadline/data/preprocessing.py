"""What an image must go through before a network sees it: fixed at training and saved with the model."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from leadline.data.image import ImageError, read_image
from leadline.data.manifest import Manifest
from leadline.errors import LeadlineError

FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "int16": 32767.0, "float32": 1.0}
# Mean and standard deviation are measured on at most this many training images.
SAMPLE = 2000


@dataclass(frozen=True)
class Preprocessing:
    """Resize the short side to `size`, cut the central square, divide by `full_range`, then by mean and std."""

    channels: int
    dtype: str
    size: int  # pixels, height and width of what the network sees
    mean: tuple[float, ...] = ()  # one per channel, of intensities divided by full_range
    std: tuple[float, ...] = ()

    @property
    def full_range(self) -> float:
        """The intensity that becomes 1: the largest of the type (1 for floats)."""
        return FULL_RANGE[self.dtype]

    def read(self, path: Path, *, whole: int | None = None) -> NDArray[Any]:
        """The image at `path`, (size, size, channels), in its own type; ImageError where it does not fit.

        With `whole`, (height, width, channels) as it is, or reduced to a short side of no less than that, in pixels.
        """
        pixels = self._in_channels(read_image(path, reduce_to=whole or self.size), path)
        return pixels if whole else resize(pixels, self.size)

    def _in_channels(self, pixels: NDArray[Any], path: Path) -> NDArray[Any]:
        """Channels last; grey and colour replace each other only without loss."""
        found, dtype = len(pixels), str(pixels.dtype)
        if dtype == self.dtype and found == 1 and self.channels == 3:
            pixels = np.repeat(pixels, 3, axis=0)
        elif dtype == self.dtype and found == 3 and self.channels == 1 and (pixels == pixels[:1]).all():
            pixels = pixels[:1]
        elif (found, dtype) != (self.channels, self.dtype):
            raise ImageError(
                f"{path}: {found} channel{'s' * (found > 1)} of {dtype}, but the classifier's images have "
                f"{self.channels} of {self.dtype}"
            )
        return pixels.transpose(1, 2, 0)

    def normalise(self, images: Tensor) -> Tensor:
        """float32 (batch, channels, size, size), channels last in memory, from (batch, size, size, channels)."""
        mean = torch.tensor(self.mean, device=images.device) * self.full_range
        std = torch.tensor(self.std, device=images.device) * self.full_range
        return ((images.to(torch.float32) - mean) / std).permute(0, 3, 1, 2)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Preprocessing":
        return Preprocessing(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})


def resize(pixels: NDArray[Any], size: int) -> NDArray[Any]:
    """The central square of (height, width, channels), resized to `size` with antialiasing, in its own type."""
    height, width, _ = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return rescale(pixels[top : top + side, left : left + side], size, size)


def rescale(pixels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """(height, width, channels) of (any height, any width, channels), with antialiasing, in its own type."""
    channels = pixels.shape[2]
    if pixels.shape[:2] == (height, width):
        return pixels
    if pixels.dtype == np.uint8 and channels == 3:
        return _rescale_plane(pixels, height, width)
    # Pillow has no other type with several channels, and none with 16 bits that it resizes well.
    planes = (pixels[:, :, channel] for channel in range(channels))
    if pixels.dtype == np.uint8:
        return np.stack([_rescale_plane(plane, height, width) for plane in planes], axis=2)
    resized = np.stack([_rescale_plane(plane.astype(np.float32), height, width) for plane in planes], axis=2)
    return resized if pixels.dtype == np.float32 else np.round(resized).astype(pixels.dtype)


def _rescale_plane(pixels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def geometry(manifest: Manifest, *, size: int) -> Preprocessing:
    """The preprocessing that the images of `manifest` call for, without mean and std.

    Grey 8-bit images among colour ones are read as colour, which loses nothing; any other mixture of channels or types
    raises LeadlineError with the counts.
    """
    kinds = (
        manifest.usable.group_by("channels", "dtype").agg(pl.len(), pl.col("path").first()).sort("len", descending=True)
    )
    found = {(channels, dtype) for channels, dtype in kinds.select("channels", "dtype").iter_rows()}
    if len(found) == 1 or found == {(1, "uint8"), (3, "uint8")}:
        channels, dtype = max(found)
        return Preprocessing(channels=channels, dtype=dtype, size=size)
    shown = "; ".join(
        f"{count} with {channels} of {dtype}, such as {path}" for channels, dtype, count, path in kinds.iter_rows()
    )
    raise LeadlineError(
        f"{manifest.source}: the images differ in channels or type: {shown}; train on one kind at a time"
    )


def measured(preprocessing: Preprocessing, images: NDArray[Any]) -> Preprocessing:
    """`preprocessing` with the mean and standard deviation per channel of `images`, (n, size, size, channels)."""
    values = images.reshape(-1, preprocessing.channels).astype(np.float64) / preprocessing.full_range
    std = np.maximum(values.std(axis=0), 1e-6)
    return Preprocessing(
        preprocessing.channels,
        preprocessing.dtype,
        preprocessing.size,
        mean=tuple(float(np.round(value, 6)) for value in values.mean(axis=0)),
        std=tuple(float(np.round(value, 6)) for value in np.maximum(std, 1e-6)),
    )
