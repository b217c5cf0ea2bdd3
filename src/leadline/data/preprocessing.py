"""What an image must go through before a network sees it: fixed at training and saved with the model."""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from leadline.data.channel_files import Files, files_of, read_files
from leadline.data.image import LARGEST, MOST_CHANNELS, ImageError, read_image
from leadline.data.manifest import Manifest
from leadline.data.reading import AS_IT_IS, Reading
from leadline.errors import LeadlineError

FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "int16": 32767.0, "float32": 1.0}
# Percentiles, mean and standard deviation are measured on at most this many training images.
SAMPLE = 2000
BLOCK = 50


@dataclass(frozen=True)
class Preprocessing:
    """Take the channels that count, project a stack, resize the short side to `size`, cut the central square; scale the
    intensities from `low` to `high`, or from 0 to `full_range`, to 0 to 1; then divide by mean and std.
    """

    channels: int
    dtype: str
    size: int  # pixels, height and width of what the network sees
    mean: tuple[float, ...] = ()  # one per channel, of scaled intensities
    std: tuple[float, ...] = ()
    select: tuple[int, ...] = ()  # which channels of a file, in this order; empty: all
    project: str = ""  # what a stack in depth becomes, "max" or "mean"; empty: it is refused
    intensity: str = "dtype"  # how `low` and `high` came about (data.reading)
    low: tuple[float, ...] = ()  # one per channel: what becomes 0, as all below it does; empty with "dtype"
    high: tuple[float, ...] = ()  # what becomes 1, as all above it does
    names: tuple[str, ...] = ()  # of the channels, where each has a file of its own

    @property
    def full_range(self) -> float:
        """What becomes 1 with "dtype": the largest value of the type, 1 for floats. Nothing is clipped to it."""
        return FULL_RANGE[self.dtype]

    @property
    def decoding(self) -> str:
        """All that decides what `read` makes of a file, for the key of the cache."""
        chosen = f" channels {','.join(map(str, self.select))}" if self.select else ""
        return f"{self.channels} {self.dtype} {self.size}{chosen}" + (f" {self.project}" if self.project else "")

    def read(self, image: Path | Files, *, whole: int | None = None) -> NDArray[Any]:
        """The image, (size, size, channels), in its own type; ImageError where it does not fit.

        With `whole`, (height, width, channels) as it is, or reduced to a short side of no less than that, in pixels.
        """
        files = files_of(image)
        if len(files) != max(1, len(self.names)):
            raise ImageError(f"{files[0]}: the classifier's images have a file for each of {', '.join(self.names)}")
        project = Reading(project=self.project).projection
        pixels = self._in_channels(read_files(files, project=project, reduce_to=whole or self.size), files[0])
        return pixels if whole else resize(pixels, self.size)

    def decode(self, content: bytes, name: Path) -> NDArray[Any]:
        """What `read` makes of a file with this content, which need not be on a disk; messages call it `name`."""
        if self.names:
            raise ImageError(f"{name}: the classifier's images have a file for each of {', '.join(self.names)}")
        project = Reading(project=self.project).projection
        pixels = read_image(name, content=content, project=project, reduce_to=self.size)
        return resize(self._in_channels(pixels, name), self.size)

    def _in_channels(self, pixels: NDArray[Any], path: Path) -> NDArray[Any]:
        """Those that count, last; grey and colour replace each other only without loss."""
        found, dtype = len(pixels), str(pixels.dtype)
        if self.select and max(self.select) < found and dtype == self.dtype:
            pixels = pixels[list(self.select)]
        elif self.select:
            wanted = ", ".join(map(str, self.select))
            raise ImageError(
                f"{path}: {found} channel{'s' * (found > 1)} of {dtype}, but the classifier takes channels {wanted} "
                f"(counted from 0) of {self.dtype}"
            )
        elif dtype == self.dtype == "uint8" and found == 1 and self.channels == 3:
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
        values = images.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
        # In place, and whole rows of pixels at once: a loop over three channels is several times as slow.
        rows, width = values.flatten(2), values.shape[2]
        limits = (self.low, self.high, self.mean, self.std)
        low, high, mean, std = (torch.tensor(each, device=images.device).repeat(width) for each in limits)
        if self.low:
            rows = rows.sub_(low).div_(high - low).clamp_(0, 1)
        else:
            mean, std = mean * self.full_range, std * self.full_range
        rows = rows.sub_(mean).div_(std)  # read on from here: OpenVINO knows no writing through a view
        return torch.unflatten(rows, 2, (width, -1)).permute(0, 3, 1, 2)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Preprocessing":
        """What `to_dict` returned, once it has been JSON; a classifier of before may lack the newer fields.

        Raises ValueError, or msgspec's own error, where it makes no sense.
        """
        how = msgspec.convert(values, Preprocessing)
        if how.dtype not in FULL_RANGE:
            raise ValueError(f"dtype {how.dtype}: expected one of {', '.join(FULL_RANGE)}")
        if not (1 <= how.channels <= MOST_CHANNELS and how.size >= 1 and 4 * how.size**2 * how.channels <= LARGEST):
            raise ValueError(f"{how.channels} channels of {how.size} × {how.size} pixels: more than any image has")
        for name in ("mean", "std", "low", "high"):
            found = getattr(how, name)
            if len(found) not in (0, how.channels) or not all(map(math.isfinite, found)):
                raise ValueError(f"{name} {found}: expected a number for each of {how.channels} channels")
        if bool(how.low) != bool(how.high) or any(each < 0 for each in how.select):
            raise ValueError("its channels, or the limits of their intensities, make no sense")
        _ = Reading(project=how.project)
        return how


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


def geometry(manifest: Manifest, *, size: int, reading: Reading = AS_IT_IS) -> Preprocessing:
    """The preprocessing that the images of `manifest` and `reading` call for, without what `measured` adds.

    Grey 8-bit images among colour ones are read as colour, which loses nothing; any other mixture of channels or types
    raises LeadlineError with the counts, unless the channels that are asked for are alike.
    """
    kinds = (
        manifest.usable.group_by("channels", "dtype")
        .agg(pl.len(), pl.col("path").first())
        .sort("len", "channels", "dtype", descending=True)
    )
    # Of channels in files of their own, only those that are asked for are in the manifest.
    select = () if manifest.channel_names else reading.numbers
    if select:
        lacking = kinds.filter(pl.col("channels") <= max(select))
        if len(lacking):
            raise LeadlineError(
                f"{manifest.source}: --channels {reading.channels} (counted from 0) takes channels that some images do "
                f"not have: {_counts(lacking)}"
            )
        kinds = kinds.with_columns(channels=pl.lit(len(select)))
    found = set(kinds.select("channels", "dtype").iter_rows())
    if len(found) > 1 and found != {(1, "uint8"), (3, "uint8")}:
        raise LeadlineError(
            f"{manifest.source}: the images differ in channels or type: {_counts(kinds)}; {_way_out(found)}"
        )
    channels, dtype = max(found)
    limits = reading.limits if reading.scaling == "range" else None
    return Preprocessing(
        channels,
        dtype,
        size,
        select=select,
        project=reading.project,
        intensity=reading.intensity or "dtype",
        low=(limits[0],) * channels if limits else (),
        high=(limits[1],) * channels if limits else (),
        names=manifest.channel_names,
    )


def _counts(kinds: pl.DataFrame) -> str:
    rows = kinds.select("channels", "dtype", "len", "path").iter_rows()
    return "; ".join(f"{count} with {channels} of {dtype}, such as {path}" for channels, dtype, count, path in rows)


def _way_out(found: set[tuple[int, str]]) -> str:
    if len({dtype for _, dtype in found}) > 1:
        return (
            "save them all as one type (no conversion keeps the meaning of all values), or train on one kind at a time"
        )
    shared = min(channels for channels, _ in found)
    example = ",".join(map(str, range(shared))) if shared <= 4 else f"0,…,{shared - 1}"
    return f"take channels that all of them have, such as --channels {example}, or train on one kind at a time"


def measured(preprocessing: Preprocessing, images: NDArray[Any]) -> Preprocessing:
    """`preprocessing` with the percentiles, where it asks for them, and then the mean and standard deviation of the
    scaled intensities, per channel of `images`, (n, size, size, channels): training images, no others.

    LeadlineError where the percentiles of a channel are equal. A constant channel gets a standard deviation of 1.
    """
    reading = Reading(intensity=preprocessing.intensity)
    if reading.scaling == "percentile":
        low, high = _percentiles(images, reading, preprocessing.names or preprocessing.select)
        preprocessing = replace(preprocessing, low=low, high=high)
    # In blocks, because a block takes eight bytes a value.
    blocks = np.array_split(images, -(-len(images) // BLOCK))
    pixels = images[..., 0].size
    mean = sum(_scaled(block, preprocessing).sum(axis=(0, 1, 2)) for block in blocks) / pixels
    variance = sum(((_scaled(block, preprocessing) - mean) ** 2).sum(axis=(0, 1, 2)) for block in blocks) / pixels
    std = np.sqrt(variance)
    std = np.where(std > 1e-6 * np.abs(mean), std, 1.0)
    return replace(preprocessing, mean=tuple(map(_rounded, mean)), std=tuple(map(_rounded, std)))


def _percentiles(
    images: NDArray[Any], reading: Reading, called: tuple[str, ...] | tuple[int, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    assert reading.limits is not None
    found = [np.percentile(images[..., channel], reading.limits) for channel in range(images.shape[-1])]
    for channel, (low, high) in enumerate(found):
        if low >= high:
            name = called[channel] if called else channel
            raise LeadlineError(
                f"--intensity {reading.intensity!r}: both percentiles of channel {name} of the training images are "
                f"{low:g}; take percentiles further apart, or leave the channel out (--channels)"
            )
    return tuple(float(low) for low, _ in found), tuple(float(high) for _, high in found)


def _scaled(images: NDArray[Any], preprocessing: Preprocessing) -> NDArray[np.float64]:
    """What `normalise` subtracts the mean from, in double precision."""
    values = images.astype(np.float64)
    if not preprocessing.low:
        return values / preprocessing.full_range
    low, high = np.array(preprocessing.low), np.array(preprocessing.high)
    scaled: NDArray[np.float64] = np.clip((values - low) / (high - low), 0, 1)
    return scaled


def _rounded(value: float) -> float:
    """To six decimals; a small value, as of 12 bits in 16, to six digits."""
    return round(float(value), 6) if abs(value) >= 0.01 else float(f"{value:.6g}")
