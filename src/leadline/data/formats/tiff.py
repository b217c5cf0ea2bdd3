"""TIFF, OME-TIFF and ImageJ TIFF, through tifffile: which axes there are, and what their samples mean."""

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage, TiffPageSeries

from leadline.data.formats.colour import ALPHA, INKS, TURNED, from_inks, on_white, upright
from leadline.data.formats.header import MOST_CHANNELS, Header, ImageError, check_size

Projection = Literal["max", "mean"]
SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Stored type → type of the pixels; what is not here is refused. The second half is exact or refused, value by value.
TYPES = {
    "bool": "uint8", "uint8": "uint8", "uint16": "uint16", "int16": "int16", "float32": "float32",
    "int8": "int16", "float16": "float32",
    "int32": "float32", "uint32": "float32", "int64": "float32", "uint64": "float32", "float64": "float32",
}  # fmt: skip
MINISWHITE, MINISBLACK, RGB, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6
PHOTOMETRICS = (MINISWHITE, MINISBLACK, RGB, PALETTE, SEPARATED, YCBCR)
# What tifffile says about tags that no pixel depends on.
HARMLESS = ("<TiffTag.fromfile>", "GDAL_NODATA")


class _Complaints(logging.Filter):
    """Keeps what tifffile logs in this thread to itself: it goes on with zeros where we have to refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()
        self.messages: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self.thread:
            return True
        if record.levelno >= logging.WARNING and not any(word in record.getMessage() for word in HARMLESS):
            self.messages.append(record.getMessage())
        return False


@contextmanager
def _opened(content: bytes) -> Iterator[TiffFile]:
    complaints, logger = _Complaints(), logging.getLogger("tifffile")
    logger.addFilter(complaints)
    try:
        with TiffFile(io.BytesIO(content)) as file:
            yield file
        if complaints.messages:
            raise ValueError(complaints.messages[0])
    finally:
        logger.removeFilter(complaints)


@dataclass(frozen=True)
class _Stack:
    """The one series of a file, as (depth, samples, height, width)."""

    series: TiffPageSeries
    sizes: dict[str, int]  # axis → length, in stored order, without those of length 1
    depth_axis: str  # "" where there is none
    sample_axis: str
    notes: tuple[str, ...]

    @property
    def page(self) -> TiffPage:
        return self.series.keyframe

    @property
    def depth(self) -> int:
        return self.sizes.get(self.depth_axis, 1)

    @property
    def samples(self) -> int:
        return self.sizes.get(self.sample_axis, 1)

    @property
    def orientation(self) -> int:
        tag = self.page.tags.get(274)
        return int(tag.value) if tag and 1 <= tag.value <= 8 else 1

    @property
    def alpha(self) -> bool:
        """Whether the last sample is transparency: of grey or of RGB, and called so by the file."""
        whole = {MINISBLACK: 2, RGB: 4, YCBCR: 4}.get(self.page.photometric) == self.samples
        return whole and self.sample_axis == "S" and tuple(self.page.extrasamples) in ((1,), (2,))

    @property
    def inks(self) -> bool:
        return bool(self.page.photometric == SEPARATED)

    @property
    def palette(self) -> bool:
        """Whether values are indices of colours; in a stack the palette is only how a program displayed it."""
        return bool(self.page.photometric == PALETTE and self.samples == self.depth == 1)

    @property
    def channels(self) -> int:
        return 3 if self.palette or self.inks else self.samples - self.alpha

    @property
    def dtype(self) -> str:
        return "uint8" if self.palette else TYPES[str(self.page.dtype)]


def _stack(file: TiffFile, project: Projection | None) -> _Stack:
    """The one series of `file`; ImageError where it is not one image of a kind that can be read."""
    series = [each for each in file.series if not each.keyframe.is_reduced]
    if len(series) != 1:
        shapes = ", ".join("×".join(map(str, each.shape)) for each in series[:4])
        raise ImageError(f"holds {len(series)} images ({shapes}); save the one that counts in a file of its own")
    notes = [f"{len(file.series) - 1} reduced copies left aside"] if len(file.series) > 1 else []
    axes, shape, page = series[0].axes, series[0].shape, series[0].keyframe
    found = [(axis, size) for axis, size in zip(axes, shape, strict=True) if size != 1 or axis in "YX"]
    sizes = dict(found)
    shown = ", ".join(f"{axis} = {size}" for axis, size in found)
    if "T" in sizes:
        raise ImageError(f"is a series of {sizes['T']} time points; save those that count in files of their own")
    depth_axis = next((axis for axis in "ZIQ" if axis in sizes), "")
    sample_axis = next((axis for axis in "CS" if axis in sizes), "")
    if len(sizes) != len(found) or set(sizes) != {*"YX", *depth_axis, *sample_axis}:
        raise ImageError(f"has axes ({shown}) of which no image can be made; save it with the axes C, Y and X")
    if depth_axis and project is None:
        depth = sizes[depth_axis]
        if depth_axis == "Z":
            raise ImageError(
                f"is a stack of {depth} planes in depth; choose how to project it: max or mean (--project)"
            )
        raise ImageError(
            f"holds {depth} pages, and nothing in it says whether they are channels, depth or time; save it with named "
            'axes (tifffile: metadata={"axes": "CYX"}), or, if they are depth, project them: max or mean (--project)'
        )
    if depth_axis:
        notes.append(f"{sizes[depth_axis]} {'planes in depth' if depth_axis == 'Z' else 'pages'}, {project} of them")
    stack = _Stack(series[0], sizes, depth_axis, sample_axis, ())
    _check_kind(stack)
    notes += [
        note
        for note, applies in {
            ALPHA: stack.alpha,
            INKS: stack.inks,
            TURNED: stack.orientation > 1,
            "its palette taken as display colours only": page.photometric == PALETTE and not stack.palette,
            f"{page.dtype} as {stack.dtype}": str(page.dtype) not in ("bool", stack.dtype) and not stack.palette,
        }.items()
        if applies
    ]
    return _Stack(series[0], sizes, depth_axis, sample_axis, tuple(notes))


def _check_kind(stack: _Stack) -> None:
    page, dtype = stack.page, str(stack.page.dtype)
    if page.photometric not in PHOTOMETRICS:
        raise ImageError(f"stores colours as {page.photometric!r}, which is not read; save it as RGB or grey")
    if dtype not in TYPES:
        raise ImageError(f"holds values of type {dtype}, which is not read; save it as uint8, uint16, int16 or float32")
    if stack.channels > MOST_CHANNELS:
        raise ImageError(f"has {stack.channels} channels, and at most {MOST_CHANNELS} are read; save those that count")
    unsigned = dtype in ("bool", "uint8", "uint16")
    if not unsigned and (stack.alpha or stack.inks or page.photometric == MINISWHITE):
        raise ImageError(f"holds transparency, inks or inverted grey of type {dtype}; save it as RGB or grey")
    if stack.inks and stack.samples != 4:
        raise ImageError(f"holds {stack.samples} inks, and only CMYK is read; save it as RGB")
    itemsize = max(page.dtype.itemsize, np.dtype(stack.dtype).itemsize)
    check_size(width=stack.sizes["X"], height=stack.sizes["Y"], values=stack.samples * stack.depth, itemsize=itemsize)


def _check_whole(stack: _Stack, size: int) -> None:
    """Refuse where the file ends before its pixels do: tifffile would fill in zeros."""
    for page in stack.series.pages:
        if page is None:
            raise ImageError("is only a part of its image, the rest is missing or in other files; save it as one file")
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if count == 0 or offset + count > size:
                raise ImageError("is cut off: pixels are missing; copy it again from its source, or remove it")
    if stack.series.dataoffset is not None and stack.series.dataoffset + stack.series.nbytes > size:
        raise ImageError("is cut off: pixels are missing; copy it again from its source, or remove it")


def header(content: bytes, *, project: Projection | None) -> Header:
    with _opened(content) as file:
        stack = _stack(file, project)
        _check_whole(stack, len(content))
        turned = stack.orientation >= 5
        return Header(
            width=stack.sizes["Y" if turned else "X"],
            height=stack.sizes["X" if turned else "Y"],
            channels=stack.channels,
            dtype=stack.dtype,
            format="TIFF",
            notes=stack.notes,
        )


def pixels(content: bytes, *, project: Projection | None) -> NDArray[Any]:
    with _opened(content) as file:
        stack = _stack(file, project)
        # One thread: whoever reads many images has threads already, and complaints are told apart by thread.
        stored = stack.series.asarray(maxworkers=1)
        stored = stored.reshape(
            [size for axis, size in zip(stack.series.axes, stack.series.shape, strict=True) if axis in stack.sizes]
        )
        order = [list(stack.sizes).index(axis) for axis in (stack.depth_axis, stack.sample_axis, "Y", "X") if axis]
        planes = stored.transpose(order).reshape(stack.depth, stack.samples, stack.sizes["Y"], stack.sizes["X"])
        return upright(_projected(_channels(planes, stack), project), stack.orientation)


def _channels(planes: NDArray[Any], stack: _Stack) -> NDArray[Any]:
    """What the samples mean: (depth, channels, height, width) of the type that the header says."""
    page, bits = stack.page, stack.page.bitspersample
    if stack.palette:
        return (page.colormap >> 8).astype(np.uint8)[:, planes[0, 0]][np.newaxis]
    if bits < 8:
        planes = planes.astype(np.uint8) * np.uint8(255 // (2**bits - 1))
        bits = 8
    if page.photometric == MINISWHITE:
        planes = (2**bits - 1 - planes.astype(np.int64)).astype(planes.dtype)
    if stack.alpha:
        planes = on_white(planes, premultiplied=tuple(page.extrasamples) == (1,))
    if stack.inks:
        planes = from_inks(planes)
    converted = planes.astype(stack.dtype)
    if planes.dtype.kind in "iu" and converted.dtype.kind == "f" and (np.abs(planes.astype(np.float64)) > 2**24).any():
        raise ImageError(
            f"holds {planes.dtype} values beyond ±16777216, which 32-bit floats cannot hold exactly; save it as uint16"
        )
    if converted.dtype.kind == "f" and not np.isfinite(converted).all():
        raise ImageError(
            f"holds values that are not finite in 32 bits (stored as {planes.dtype}): NaN, infinite or too large; "
            "replace them"
        )
    return converted


def _projected(planes: NDArray[Any], project: Projection | None) -> NDArray[Any]:
    if len(planes) == 1:
        return planes[0]
    if project == "max":
        return planes.max(axis=0)
    mean = planes.mean(axis=0, dtype=np.float64)
    return (mean if planes.dtype.kind == "f" else np.rint(mean)).astype(planes.dtype)
