"""TIFF, OME-TIFF and ImageJ TIFF, through tifffile: one image, whole, and what its samples mean."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage, TiffPageSeries

from leadline.data.formats.axes import DEPTH, Axes, Projection, projected, understand
from leadline.data.formats.complaints import complaints
from leadline.data.formats.header import ALPHA, INKS, Header, ImageError, header_of
from leadline.data.formats.pages import check_pages
from leadline.data.formats.samples import from_inks, on_white, upright

# Stored type → type of the pixels; a type that is not here is refused. Integers of 32 and 64 bits are read where 32-bit
# floats hold every value exactly; 64-bit floats are rounded, and a note says so.
TYPES = {
    "bool": "uint8", "uint8": "uint8", "uint16": "uint16", "int16": "int16", "float32": "float32",
    "int8": "int16", "float16": "float32",
    "int32": "float32", "uint32": "float32", "int64": "float32", "uint64": "float32", "float64": "float32",
}  # fmt: skip
EXACT_IN_FLOAT32 = 2**24
# Values of the tags PhotometricInterpretation, ExtraSamples and Compression.
MINISWHITE, MINISBLACK, RGB, PALETTE, INKED, YCBCR = 0, 1, 2, 3, 5, 6
PREMULTIPLIED, TRANSPARENCY = (1,), (2,)
JPEG = 7
# What tifffile says of private tags of unknown types, and of GDAL's mark of missing values: no pixel depends on them.
HARMLESS = re.compile(r"TiffTag (3[3-9]|[4-9]\d)\d{3} .*invalid data type|GDAL_NODATA")

# What tifffile says where OME metadata name a file that is not this one; and how they do.
ELSEWHERE = re.compile(r"OME series failed to read")
PLANES_IN = re.compile(r"""UUID\s[^>]*?FileName\s*=\s*(["'])(.*?)\1""")
QUOTES = {"&quot;": '"', "&apos;": "'"}
# What a file of an OME image has in place of its description, which lies in another one.
PART = re.compile(r"<(\w+:)?BinaryOnly\s")


@dataclass(frozen=True)
class _Stored:
    """The one image of a file, before it is decoded."""

    series: TiffPageSeries
    axes: Axes

    @property
    def page(self) -> TiffPage:
        return self.series.keyframe

    @property
    def orientation(self) -> int:
        tag = self.page.tags.get(274)
        return int(tag.value) if tag and tag.value in range(1, 9) else 1

    @property
    def transparent(self) -> bool:
        """Whether the last sample is the transparency of grey or RGB, and is called so by the file."""
        colours = {MINISBLACK: 1, RGB: 3, YCBCR: 3}.get(self.page.photometric)
        named = tuple(self.page.extrasamples) in (PREMULTIPLIED, TRANSPARENCY)
        return named and self.axes.sample_axis == "S" and self.axes.samples - 1 == colours

    @property
    def inked(self) -> bool:
        return bool(self.page.photometric == INKED)

    @property
    def indexed(self) -> bool:
        """Whether values stand for colours. In a stack, the palette is only how some program displayed the values."""
        return bool(self.page.photometric == PALETTE) and self.axes.samples == self.axes.depth == 1

    def header(self, project: Projection | None) -> Header:
        page, axes = self.page, self.axes
        dtype = "uint8" if self.indexed else TYPES[str(page.dtype)]
        return header_of(
            width=axes.length("X"),
            height=axes.length("Y"),
            stored=axes.samples * axes.depth,
            channels=3 if self.indexed or self.inked else axes.samples - self.transparent,
            dtype=dtype,
            format="TIFF",
            orientation=self.orientation,
            notes={
                f"{project} of {axes.depth} {DEPTH.get(axes.depth_axis)}": axes.depth > 1,
                f"{page.dtype} read as {dtype}": str(page.dtype) not in ("bool", dtype) and not self.indexed,
                "its palette taken for display colours": bool(page.photometric == PALETTE) and not self.indexed,
                f"the largest of {len(self.series.levels)} resolutions": len(self.series.levels) > 1,
                "one file of an OME image that is described in another file": bool(PART.search(page.description)),
                ALPHA: self.transparent,
                INKS: self.inked,
            },
        )


def header(content: bytes, *, name: str, project: Projection | None) -> Header:
    with _opened(content, name, project) as (header, _):
        return header


def image(content: bytes, *, name: str, project: Projection | None) -> tuple[Header, NDArray[Any]]:
    with _opened(content, name, project) as (header, stored):
        # In this thread: whoever reads many images has threads already, and complaints are heard by thread.
        planes = stored.axes.arrange(stored.series.asarray(maxworkers=1))
        pixels = _of_type(_channels(planes, stored), header.dtype)
        return header, upright(projected(pixels, project), stored.orientation)


@contextmanager
def _opened(content: bytes, name: str, project: Projection | None) -> Iterator[tuple[Header, _Stored]]:
    """The one image of `content`, open until the end; files beside it are never looked for.

    (OME metadata may say in which file the planes are: `name` is this one's.)
    """
    check_pages(content)
    with complaints() as heard, TiffFile(io.BytesIO(content), name=_name_within(content, name)) as file:
        series = [each for each in file.series if not each.keyframe.is_reduced]
        if any(page is None for each in series for page in each.pages) or any(map(ELSEWHERE.search, heard)):
            raise ImageError("lacks planes that its metadata promise, or has them in other files; save it as one file")
        _refuse_for(heard)
        if len(series) != 1:
            shapes = ", ".join("×".join(map(str, each.shape)) for each in series[:4])
            raise ImageError(f"holds {len(series)} images ({shapes}); save the one that counts in a file of its own")
        stored = _Stored(series[0], understand(series[0].axes, series[0].shape, project=project))
        _check_kind(stored)
        header = stored.header(project)
        _check_whole(stored, len(content))
        yield header, stored
        _refuse_for(heard)


def _name_within(content: bytes, name: str) -> str:
    """What an OME-TIFF is called in its own metadata, where they name one file only: it may have been renamed since."""
    if b"FileName" not in content:
        return name
    with TiffFile(io.BytesIO(content), name=name) as file:
        named = {unescape(found[2], QUOTES) for found in PLANES_IN.finditer(file.ome_metadata or "")}
    return named.pop() if len(named) == 1 else name


def _refuse_for(heard: list[str]) -> None:
    """tifffile only logs it when it goes on with a part of the file, or with zeros."""
    for complaint in heard:
        if not HARMLESS.search(complaint):
            raise ValueError(complaint)


def _check_kind(stored: _Stored) -> None:
    page, bits = stored.page, stored.page.bitspersample
    if page.dtype is None or str(page.dtype) not in TYPES or (page.dtype.itemsize == 1 and bits not in (1, 2, 4, 8)):
        raise ImageError(
            f"holds values of type {page.dtype} ({bits} bits), which is not read; "
            "save it as uint8, uint16, int16 or float32"
        )
    known = page.photometric in (MINISWHITE, MINISBLACK, RGB, PALETTE, INKED)
    if not known and not (page.photometric == YCBCR and page.compression == JPEG):
        name = getattr(page.photometric, "name", page.photometric)
        raise ImageError(f"stores its colours as {name}, which is not read; save it as grey or RGB")
    needs_white = stored.transparent or stored.inked or page.photometric == MINISWHITE
    if needs_white and not (page.dtype.kind in "bu" and bits in (1, 2, 4, 8, 16)):
        raise ImageError(
            f"holds transparency, inks or inverted grey of type {page.dtype} ({bits} bits), so which value is white is "
            "not known; save it as grey or RGB"
        )
    if stored.inked and stored.axes.samples != 4:
        raise ImageError(f"holds {stored.axes.samples} printing inks, and only CMYK is read; save it as RGB")


def _check_whole(stored: _Stored, size: int) -> None:
    """Refuse a file that lacks a part of its pixels: tifffile would fill in zeros."""
    for page in stored.series.pages:
        if (
            page is None
            or len(page.dataoffsets) != len(page.databytecounts)
            or not all(
                count and offset + count <= size
                for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
            )
        ):
            raise ImageError("is cut off: pixels are missing; copy it again from its source, or remove it")
    if stored.series.dataoffset is not None and stored.series.dataoffset + stored.series.nbytes > size:
        raise ImageError("is cut off: pixels are missing; copy it again from its source, or remove it")


def _channels(planes: NDArray[Any], stored: _Stored) -> NDArray[Any]:
    """What the samples of (depth, samples, height, width) mean, still in their own type."""
    page, bits = stored.page, stored.page.bitspersample
    if stored.indexed:
        colours = (np.asarray(page.colormap) >> 8).astype(np.uint8)
        return colours[np.newaxis, :, planes[0, 0].astype(np.uint16)]
    if bits < 8:
        planes, bits = planes.astype(np.uint8) * np.uint8(255 // (2**bits - 1)), 8
    if page.photometric == MINISWHITE:
        planes = planes.dtype.type(2**bits - 1) - planes
    if stored.transparent:
        planes = on_white(planes, premultiplied=tuple(page.extrasamples) == PREMULTIPLIED)
    return from_inks(planes) if stored.inked else planes


def _of_type(planes: NDArray[Any], dtype: str) -> NDArray[Any]:
    """`planes` as `dtype`, in the machine's byte order; ImageError where that would change or lose a value."""
    if dtype == "float32" and planes.dtype.kind in "iu":
        low, high = int(planes.min()), int(planes.max())
        if max(-low, high) > EXACT_IN_FLOAT32:
            raise ImageError(
                f"holds {planes.dtype} values from {low} to {high}, and 32-bit floats are exact up to "
                f"{EXACT_IN_FLOAT32}; save it as uint16"
            )
    with np.errstate(over="ignore"):
        converted = planes.astype(dtype, copy=False)
    if dtype == "float32" and not np.isfinite(converted).all():
        raise ImageError("holds values that are not numbers, infinite or beyond 32-bit floats; replace them")
    return converted
