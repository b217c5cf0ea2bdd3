"""TIFF: type × axes × storage, read against libtiff, and where nothing is compressed against the bytes themselves."""

import io
import itertools
import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from leadline.data.image import read_header, read_image

random = np.random.default_rng(7)
TYPES = ("uint8", "uint16", "int16", "float32")


def written(values: NDArray[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="minisblack", **options)
    return file.getvalue()


def noise(dtype: str, *shape: int) -> NDArray[Any]:
    low, high = (-2000, 2000) if dtype in ("int16", "float32") else (0, 256 if dtype == "uint8" else 4096)
    return random.uniform(low, high, shape).astype(dtype)


def pages_by_libtiff(content: bytes) -> NDArray[Any]:
    """(pages, height, width), in the order in which the file has them."""
    return np.asarray(imagecodecs.tiff_decode(content, index=None))


COMPRESSED = [
    {},
    {"compression": "lzw"},
    {"compression": "zlib"},
    {"tile": (16, 16)},
    {"tile": (16, 16), "compression": "lzw"},
    {"bigtiff": True},
    {"bigtiff": True, "tile": (16, 16), "compression": "zlib"},
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("axes", ["ZCYX", "CZYX", "ZYX"])
@pytest.mark.parametrize("ome", [False, True])
def test_a_stack_is_the_projection_of_the_pages_that_libtiff_decodes(dtype: str, axes: str, ome: bool) -> None:
    depth, channels = 3, 2 if "C" in axes else 1
    shape = [{"Z": depth, "C": channels, "Y": 21, "X": 33}[axis] for axis in axes]
    for storage in COMPRESSED:
        content = written(noise(dtype, *shape), ome=ome, metadata={"axes": axes}, **storage)
        pages = pages_by_libtiff(content)
        planes = pages.reshape(channels, depth, 21, 33).swapaxes(0, 1) if axes[0] == "C" else pages.reshape(
            depth, channels, 21, 33
        )  # fmt: skip
        np.testing.assert_array_equal(read_image("stack.tif", content=content, project="max"), planes.max(axis=0))
        mean = planes.mean(axis=0, dtype=np.float64)
        mean = mean.astype(np.float32) if dtype == "float32" else np.rint(mean)
        np.testing.assert_array_equal(read_image("stack.tif", content=content, project="mean"), mean)
        header = read_header("stack.tif", content=content, project="max")
        assert (header.channels, header.dtype) == (channels, dtype)


@pytest.mark.parametrize("ome", [False, True])
@pytest.mark.parametrize("storage", [{}, {"tile": (32, 32)}, {"bigtiff": True}, {"bigtiff": True, "tile": (16, 32)}])
def test_channels_compressed_as_jpeg_are_those_that_libtiff_decodes(ome: bool, storage: dict[str, Any]) -> None:
    y, x = np.mgrid[:48, :64]
    smooth = np.stack([128 + 100 * np.sin(x / (4 + c) + c) * np.cos(y / 7) for c in range(5)]).astype(np.uint8)
    content = written(smooth, ome=ome, metadata={"axes": "CYX"}, compression="jpeg", **storage)
    pixels = read_image("channels.tif", content=content)
    np.testing.assert_array_equal(pixels, pages_by_libtiff(content))
    assert np.abs(pixels.astype(int) - smooth).mean() < 3


@pytest.mark.parametrize("dtype", TYPES)
def test_colours_are_those_that_libtiff_decodes_interleaved_and_planar(dtype: str) -> None:
    values = noise(dtype, 21, 33, 3)
    for planar, storage in itertools.product((False, True), COMPRESSED):
        file = io.BytesIO()
        stored = np.ascontiguousarray(values.transpose(2, 0, 1)) if planar else values
        layout = "separate" if planar else "contig"
        tifffile.imwrite(file, stored, photometric="rgb", planarconfig=layout, **storage)
        by_libtiff = imagecodecs.tiff_decode(file.getvalue())
        by_libtiff = by_libtiff if planar else by_libtiff.transpose(2, 0, 1)
        np.testing.assert_array_equal(read_image("colour.tif", content=file.getvalue()), by_libtiff)
        np.testing.assert_array_equal(by_libtiff, values.transpose(2, 0, 1))
        if dtype == "uint8":
            by_pillow = np.asarray(Image.open(file))
            np.testing.assert_array_equal(by_pillow, values)


SAMPLE_FORMAT = {"u": 1, "i": 2, "f": 3}


def by_hand(values: NDArray[Any], *, order: str, planar: bool, big: bool) -> bytes:
    """An uncompressed TIFF or BigTIFF of (height, width, samples) from the specification, a strip per plane."""
    height, width, samples = values.shape
    planes = [values[:, :, sample] for sample in range(samples)] if planar else [values]
    strips = [np.ascontiguousarray(plane).astype(values.dtype.newbyteorder(order)).tobytes() for plane in planes]
    start = 16 if big else 8
    offsets = [start + sum(map(len, strips[:number])) for number in range(len(strips))]
    bits = 8 * values.dtype.itemsize
    tags = {
        256: [width], 257: [height], 258: [bits] * samples, 259: [1], 262: [1], 273: offsets, 277: [samples],
        278: [height], 279: [len(strip) for strip in strips], 284: [2 if planar else 1],
        338: [0] * (samples - 1), 339: [SAMPLE_FORMAT[values.dtype.kind]] * samples,
    }  # fmt: skip
    tags = {tag: numbers for tag, numbers in tags.items() if numbers}
    directory = start + sum(map(len, strips))
    inline, count, pointer = (8, "Q", "Q") if big else (4, "I", "I")
    after = directory + (8 if big else 2) + len(tags) * (20 if big else 12) + (8 if big else 4)
    entries, beyond = b"", b""
    for tag, numbers in sorted(tags.items()):
        kind, letter = (4, "I") if tag in (273, 279) else (3, "H")
        packed = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        value = packed.ljust(inline, b"\0")
        if len(packed) > inline:
            value = struct.pack(order + pointer, after + len(beyond))
            beyond += packed
        entries += struct.pack(f"{order}HH{count}", tag, kind, len(numbers)) + value
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, directory)
        listed = struct.pack(order + "Q", len(tags)) + entries + bytes(8)
    else:
        head = mark + struct.pack(order + "HI", 42, directory)
        listed = struct.pack(order + "H", len(tags)) + entries + bytes(4)
    return head + b"".join(strips) + listed + beyond


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("samples", [1, 2, 5, 64])
def test_what_was_written_byte_by_byte_is_read(dtype: str, samples: int) -> None:
    values = noise(dtype, 9, 14, samples)
    for order, planar, big in itertools.product("<>", (False, True), (False, True)):
        pixels = read_image("hand.tif", content=by_hand(values, order=order, planar=planar, big=big))
        np.testing.assert_array_equal(pixels, values.transpose(2, 0, 1))
        assert pixels.dtype == dtype
