"""What the samples of a TIFF mean, against the values written, Pillow and libtiff: grey, inks, palettes, types."""

import io
import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from leadline.data.image import Header, ImageError, read_header, read_image

random = np.random.default_rng(5)


def written(values: NDArray[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def read(content: bytes, **options: Any) -> tuple[Header, NDArray[Any]]:
    """Both ways to look at a file, which have to agree."""
    pixels = read_image("image.tif", content=content, **options)
    header = read_header("image.tif", content=content, project=options.get("project"))
    assert (header.channels, header.height, header.width, header.dtype) == (*pixels.shape, str(pixels.dtype))
    assert pixels.dtype.isnative
    return header, pixels


def noise(*shape: int, dtype: str = "uint16", high: int = 4096) -> NDArray[Any]:
    """Values of 12 bits, for signed types around zero."""
    values = random.integers(0, min(high, 256) if dtype == "uint8" else high, shape)
    return (values - (high // 2 if dtype in ("int16", "float32") else 0)).astype(dtype)


def test_grey_whose_zero_is_white_is_turned_round() -> None:
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        values = noise(20, 30, dtype=dtype)
        content = written(values, photometric="miniswhite")
        np.testing.assert_array_equal(read(content)[1][0], full - values)
    bits = random.integers(0, 2, (20, 30)).astype(bool)
    for photometric in ("miniswhite", "minisblack"):
        content = written(bits, photometric=photometric)
        np.testing.assert_array_equal(read(content)[1][0], np.asarray(Image.open(io.BytesIO(content)).convert("L")))
    with pytest.raises(ImageError, match="inverted grey of type int16"):
        read(written(noise(20, 30, dtype="int16"), photometric="miniswhite"))


def test_values_of_a_few_bits_fill_eight_as_in_a_png_and_twelve_stay() -> None:
    values = noise(20, 30, dtype="uint8", high=16)
    np.testing.assert_array_equal(read(written(values, bitspersample=4))[1][0], values * 17)
    deep = noise(20, 30)
    np.testing.assert_array_equal(read(written(deep, bitspersample=12))[1][0], deep)
    with pytest.raises(ImageError, match=r"uint8 \(5 bits\), which is not read"):
        read(written(noise(20, 30, dtype="uint8", high=32), bitspersample=5))


def test_a_palette_becomes_colours_but_not_in_a_stack_where_it_is_only_display() -> None:
    palette = random.integers(0, 256, (3, 256)).astype("uint16") * 257
    indices = noise(20, 30, dtype="uint8")
    content = written(indices, photometric="palette", colormap=palette)
    header, pixels = read(content)
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1))
    assert (header.channels, header.notes) == (3, ())
    stack = noise(3, 20, 30, dtype="uint8")
    header, pixels = read(written(stack, photometric="palette", colormap=palette, metadata={"axes": "CYX"}))
    np.testing.assert_array_equal(pixels, stack)
    assert header.notes == ("its palette taken for display colours",)


def by_hand(tags: dict[int, tuple[int, ...]], rows: bytes) -> bytes:
    """A TIFF of one strip written from the specification: the given tags, all of type SHORT, and the strip."""
    tags = {**tags, 273: (0,), 279: (len(rows),)}
    entries, values = b"", b""
    start = 8 + 2 + 12 * len(tags) + 4
    strip = start + sum(2 * len(value) for value in tags.values() if len(value) > 2)
    for tag, value in sorted(tags.items()):
        value = (strip,) if tag == 273 else value
        packed = struct.pack(f"<{len(value)}H", *value)
        inline = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", start + len(values))
        entries += struct.pack("<HHI", tag, 3, len(value)) + inline
        values += packed if len(packed) > 4 else b""
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + values + rows


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_palette_may_have_few_colours(bits: int) -> None:
    palette, indices = random.integers(0, 256, (3, 2**bits)), random.integers(0, 2**bits, (21, 32))
    rows = np.packbits((indices[:, :, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)).tobytes()
    tags = {256: (32,), 257: (21,), 258: (bits,), 259: (1,), 262: (3,), 277: (1,), 278: (21,)}
    content = by_hand({**tags, 320: tuple((palette * 256 + 3).ravel().tolist())}, rows)
    np.testing.assert_array_equal(read(content)[1], palette[:, indices])
    by_pillow = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    np.testing.assert_array_equal(by_pillow.transpose(2, 0, 1), palette[:, indices])


def test_transparency_is_composited_on_white_where_the_file_calls_it_so() -> None:
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        values = random.integers(0, full, (4, 20, 30), endpoint=True).astype(dtype)
        colours, alpha = values[:3].astype(float), values[3].astype(float) / full
        content = written(values.transpose(1, 2, 0), photometric="rgb", extrasamples=["unassalpha"])
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels, np.floor(colours * alpha + full * (1 - alpha) + 0.5 + 1e-9))
        assert header.notes == ("transparency composited on white",)
        premultiplied = np.concatenate([np.minimum(values[:3], values[3:]), values[3:]])
        content = written(premultiplied.transpose(1, 2, 0), photometric="rgb", extrasamples=["assocalpha"])
        np.testing.assert_array_equal(read(content)[1], premultiplied[:3] + (full - values[3]))
        unnamed = written(values.transpose(1, 2, 0), photometric="rgb", extrasamples=["unspecified"])
        np.testing.assert_array_equal(read(unnamed)[1], values)
    twelve_bits = written(noise(20, 30, 4), photometric="rgb", bitspersample=12, extrasamples=["unassalpha"])
    with pytest.raises(ImageError, match=r"transparency, inks or inverted grey of type uint16 \(12 bits\)"):
        read(twelve_bits)


def test_inks_become_rgb_as_libtiff_makes_them() -> None:
    values = noise(20, 30, 4, dtype="uint8")
    header, pixels = read(written(values, photometric="separated"))
    cyan, black = values[:, :, 0].astype(float), values[:, :, 3].astype(float)
    np.testing.assert_allclose(pixels[0], (255 - cyan) * (255 - black) / 255, atol=0.5001)
    assert header.notes == ("printing inks (CMYK) converted to RGB without a colour profile",)
    by_libtiff = imagecodecs.tiff_decode(written(values, photometric="separated"), asrgb=True)[:, :, :3]
    assert np.abs(pixels.transpose(1, 2, 0).astype(int) - by_libtiff).max() <= 1


@pytest.mark.parametrize(
    ("samples", "photometric", "reason"),
    [
        (5, "separated", "holds 5 printing inks, and only CMYK is read"),
        (3, "cielab", "stores its colours as CIELAB, which is not read"),
        (3, "ycbcr", "stores its colours as YCBCR, which is not read"),  # without JPEG, tifffile does not convert it
    ],
)
def test_colours_that_would_be_taken_for_others_are_refused(samples: int, photometric: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read(written(noise(20, 30, samples, dtype="uint8"), photometric=photometric))


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
def test_jpeg_inside_a_tiff_is_decoded_as_libtiff_does(subsampling: tuple[int, int]) -> None:
    smooth = np.asarray(Image.fromarray(noise(8, 8, 3, dtype="uint8")).resize((96, 64)))
    content = written(smooth, photometric="rgb", compression="jpeg", subsampling=subsampling, tile=(32, 32))
    pixels = read(content)[1].transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels, imagecodecs.tiff_decode(content))
    assert np.abs(pixels.astype(int) - smooth).mean() < 8


def test_other_types_are_converted_exactly_or_refused() -> None:
    for dtype, expected in (("int8", "int16"), ("float16", "float32"), ("uint32", "float32"), ("int64", "float32")):
        values = random.integers(0, 100, (20, 30)).astype(dtype)
        header, pixels = read(written(values, photometric="minisblack"))
        np.testing.assert_array_equal(pixels[0], values)
        assert (header.dtype, header.notes) == (expected, (f"{dtype} read as {expected}",))
    exact = np.array([[2**24, 0]], dtype="uint32")
    np.testing.assert_array_equal(read(written(exact, photometric="minisblack"))[1][0], exact)
    with pytest.raises(
        ImageError, match="uint32 values from 0 to 16777217, and 32-bit floats are exact up to 16777216"
    ):
        read(written(exact + exact // 2**24, photometric="minisblack"))
    with pytest.raises(ImageError, match="holds values of type complex64"):
        read(written(np.zeros((20, 30), "complex64"), photometric="minisblack"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_that_would_poison_a_training_are_refused(bad: float) -> None:
    values = np.zeros((20, 30), "float64")
    assert read(written(values))[0].notes == ("float64 read as float32",)
    values[3, 4] = bad
    with pytest.raises(ImageError, match="not numbers, infinite or beyond 32-bit floats"):
        read(written(values))
