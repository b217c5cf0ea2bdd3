"""PNG, JPEG, GIF, BMP and WebP of every kind, against the values written and against another decoder."""

import io
import itertools
import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, ImageOps

from leadline.data.image import IMAGE_SUFFIXES, Header, ImageError, read_header, read_image

random = np.random.default_rng(6)
ON_WHITE = "transparency composited on white"


def read(content: bytes, **options: Any) -> tuple[Header, NDArray[Any]]:
    """Both ways to look at a file, which have to agree, and to keep quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels, header = read_image("image", content=content, **options), read_header("image", content=content)
    assert (header.channels, header.height, header.width, header.dtype) == (*pixels.shape, str(pixels.dtype))
    return header, pixels


def noise(*shape: int, bits: int = 8) -> NDArray[Any]:
    return random.integers(0, 2**bits, shape).astype(np.uint16 if bits == 16 else np.uint8)


def smooth(channels: int) -> NDArray[Any]:
    """Something that survives a lossy format."""
    y, x = np.mgrid[:40, :56]
    return np.stack([128 + 100 * np.sin(x / (4 + c) + c) * np.cos(y / 7) for c in range(channels)], 2).astype(np.uint8)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def first(pixels: NDArray[Any]) -> NDArray[Any]:
    """Channels first, of what a decoder or Pillow returns."""
    return pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def over_white(samples: NDArray[Any]) -> NDArray[Any]:
    """The rounded composite of (colours + alpha, height, width), in floating point."""
    full = float(np.iinfo(samples.dtype).max)
    alpha = samples[-1:] / full
    return np.floor(samples[:-1] * alpha + full * (1 - alpha) + 0.5 + 1e-9)


def png(samples: NDArray[Any], *, bits: int, colour: int, interlaced: bool = False, **chunks: bytes) -> bytes:
    """A PNG written from the specification: (height, width, samples) values of `bits` bits, unfiltered."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def rows(part: NDArray[Any]) -> bytes:
        packed = []
        for row in part.reshape(len(part), -1):
            values = row.astype(">u2").tobytes() if bits == 16 else row.astype(np.uint8).tobytes()
            if bits < 8:
                values = np.packbits((row[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)).tobytes()
            packed.append(b"\0" + values)
        return b"".join(packed)

    adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in (adam7 if interlaced else [(0, 0, 1, 1)])]
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, colour, 0, 0, interlaced)
    body = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    pixels = zlib.compress(b"".join(rows(part) for part in passes if part.size))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "bits", "samples"),
    [
        *[(0, bits, 1) for bits in (1, 2, 4, 8, 16)],
        *[(colour, bits, samples) for colour, samples in ((2, 3), (4, 2), (6, 4)) for bits in (8, 16)],
    ],
)
def test_a_png_of_any_depth_keeps_every_bit(colour: int, bits: int, samples: int, interlaced: bool) -> None:
    values = noise(19, 27, samples, bits=bits)
    content = png(values, bits=bits, colour=colour, interlaced=interlaced)
    header, pixels = read(content)
    stored = values.transpose(2, 0, 1) * (255 // (2**bits - 1) if bits < 8 else 1)
    transparent = samples in (2, 4)
    np.testing.assert_array_equal(pixels, over_white(stored) if transparent else stored)
    assert (header.dtype, header.format) == ("uint16" if bits == 16 else "uint8", "PNG")
    assert header.notes == ((ON_WHITE,) if transparent else ())
    if bits <= 8 and not transparent:
        by_pillow = Image.open(io.BytesIO(content))
        np.testing.assert_array_equal(pixels, first(np.asarray(by_pillow.convert("L" if samples == 1 else "RGB"))))


def test_sixteen_bit_colour_is_not_cut_to_eight_as_pillow_does() -> None:
    values = noise(5, 6, 3, bits=16)
    content = png(values, bits=16, colour=2)
    assert np.asarray(Image.open(io.BytesIO(content))).dtype == np.uint8
    np.testing.assert_array_equal(read(content)[1], values.transpose(2, 0, 1))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_becomes_colours_and_its_transparency_white(bits: int) -> None:
    palette, alpha = noise(2**bits, 3), noise(2**bits)
    indices = noise(19, 27, 1, bits=bits)
    header, pixels = read(png(indices, bits=bits, colour=3, PLTE=palette.tobytes()))
    np.testing.assert_array_equal(pixels, palette[indices[:, :, 0]].transpose(2, 0, 1))
    assert (header.channels, header.notes) == (3, ())
    header, pixels = read(png(indices, bits=bits, colour=3, PLTE=palette.tobytes(), tRNS=alpha.tobytes()))
    with_alpha = np.concatenate([palette, alpha[:, None]], axis=1)[indices[:, :, 0]]
    np.testing.assert_array_equal(pixels, over_white(with_alpha.transpose(2, 0, 1)))
    assert header.notes == (ON_WHITE,)


@pytest.mark.parametrize(("colour", "bits"), [(0, 4), (0, 8), (0, 16), (2, 8), (2, 16)])
def test_the_transparent_colour_of_a_png_is_white(colour: int, bits: int) -> None:
    samples = 3 if colour == 2 else 1
    values = noise(19, 27, samples, bits=bits)
    key = values[3, 4]
    header, pixels = read(png(values, bits=bits, colour=colour, tRNS=struct.pack(f">{samples}H", *key.tolist())))
    expected = values.astype(int) * (17 if bits == 4 else 1)
    expected[(values == key).all(axis=2)] = 65535 if bits == 16 else 255
    np.testing.assert_array_equal(pixels, expected.transpose(2, 0, 1))
    assert header.notes == (ON_WHITE,)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_what_pillow_decodes(progressive: bool, subsampling: int) -> None:
    for channels in (1, 3):
        image = Image.fromarray(smooth(channels)[:, :, 0] if channels == 1 else smooth(channels))
        content = saved(image, "JPEG", quality=90, progressive=progressive, subsampling=subsampling)
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels, first(np.asarray(Image.open(io.BytesIO(content)))))
        assert np.abs(pixels.astype(int) - first(np.asarray(image))).mean() < 4
        assert (header.channels, header.format, header.notes) == (channels, "JPEG", ())


@pytest.mark.parametrize("stored_as", ["CMYK", "YCCK"])
def test_a_jpeg_of_inks_becomes_the_colours_that_they_print(stored_as: str) -> None:
    ink = 255 - smooth(4)
    content = imagecodecs.jpeg8_encode(
        255 - ink, level=98, colorspace="CMYK", outcolorspace=stored_as, subsampling="444"
    )
    header, pixels = read(content)
    printed = (255.0 - ink[:, :, :3]) * (255.0 - ink[:, :, 3:]) / 255
    assert np.abs(pixels.transpose(1, 2, 0) - printed).mean() < 3
    by_pillow = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert np.abs(pixels.transpose(1, 2, 0) - by_pillow).max() <= 1
    assert header.notes == ("printing inks (CMYK) converted to RGB without a colour profile",)
    np.testing.assert_array_equal(read_image("image", content=content, reduce_to=40), pixels)


def test_each_orientation_is_turned_as_pillow_turns_it() -> None:
    image = Image.fromarray(smooth(3))
    for orientation, (format, options) in itertools.product(
        range(1, 9), [("JPEG", {}), ("PNG", {}), ("WEBP", {"lossless": True})]
    ):
        exif = Image.Exif()
        exif[274] = orientation
        content = saved(image, format, exif=exif, **options)
        header, pixels = read(content)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(pixels, first(np.asarray(upright)))
        assert header.notes == (("turned upright as its orientation tag says",) if orientation > 1 else ())


def test_a_damaged_exif_block_neither_hides_the_image_nor_warns(capfd: pytest.CaptureFixture[str]) -> None:
    content = saved(Image.fromarray(smooth(3)), "JPEG")
    content = content[:2] + content[20:]  # without the JFIF segment, Pillow looks for a resolution in the EXIF block
    for exif in (
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03",
    ):
        segment = b"Exif\0\0" + exif
        damaged = content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:]
        np.testing.assert_array_equal(read(damaged)[1], read(content)[1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read_image("image", content=damaged, reduce_to=20)
    assert capfd.readouterr() == ("", "")


def test_a_large_photograph_is_reduced_by_the_decoder_but_not_below_what_is_needed() -> None:
    photograph = saved(Image.fromarray(smooth(3)).resize((560, 400)), "JPEG")
    whole = read_image("image", content=photograph)
    for reduce_to, expected in ((400, 1), (201, 1), (200, 2), (99, 4), (50, 8), (3, 8)):
        pixels = read_image("image", content=photograph, reduce_to=reduce_to)
        assert pixels.shape == (3, 400 // expected, 560 // expected)
        coarse = whole.reshape(3, 400 // expected, expected, 560 // expected, expected).mean((2, 4))
        assert np.abs(pixels - coarse).mean() < 2
    same = saved(Image.fromarray(smooth(3)), "PNG")
    np.testing.assert_array_equal(read_image("image", content=same, reduce_to=5), smooth(3).transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_bmp_is_what_another_decoder_makes_of_it(mode: str) -> None:
    content = saved(Image.fromarray(noise(19, 27, 3)).convert(mode), "BMP")
    header, pixels = read(content)
    assert header.channels == (1 if mode in ("1", "L") else 3)
    assert header.notes == ()
    other = imagecodecs.bmp_decode(content)
    np.testing.assert_array_equal(pixels, first(other[:, :, 0] if mode == "1" else other))


def test_a_bmp_is_transparent_only_where_it_has_a_mask_for_it() -> None:
    values = noise(19, 27, 4)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    size, start = 4 * values[:, :, 0].size, 14 + 124
    info = struct.pack("<IiiHHIIIIII", 124, 27, -19, 1, 32, 3, size, 0, 0, 0, 0) + masks
    content = struct.pack("<2sIII", b"BM", start + size, 0, start) + info.ljust(124, b"\0")
    content += values[:, :, [2, 1, 0, 3]].tobytes()
    header, pixels = read(content)
    np.testing.assert_array_equal(pixels, over_white(values.transpose(2, 0, 1)))
    np.testing.assert_array_equal(imagecodecs.bmp_decode(content), values)
    assert header.notes == (ON_WHITE,)
    without = saved(Image.fromarray(values), "BMP")  # the fourth byte is reserved
    np.testing.assert_array_equal(read(without)[1], values[:, :, :3].transpose(2, 0, 1))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_is_what_another_decoder_makes_of_it(mode: str, lossless: bool) -> None:
    content = saved(Image.fromarray(smooth(len(mode)), mode), "WEBP", lossless=lossless, exact=True)
    header, pixels = read(content)
    expected = first(imagecodecs.webp_decode(content))
    np.testing.assert_array_equal(pixels, over_white(expected) if mode == "RGBA" else expected)
    assert header.notes == ((ON_WHITE,) if mode == "RGBA" else ())


def test_a_gif_is_its_first_frame_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other packages of the same program, such as imageio, change it for everyone.
    monkeypatch.setattr(GifImagePlugin, "LOADING_STRATEGY", GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST)
    frames = [Image.fromarray(smooth(3)).rotate(angle).quantize(200) for angle in (0, 90, 180)]
    still = saved(frames[0], "GIF")
    np.testing.assert_array_equal(read(still)[1], first(np.asarray(frames[0].convert("RGB"))))
    np.testing.assert_array_equal(read(still)[1], first(imagecodecs.gif_decode(still)))
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    header, pixels = read(moving)
    np.testing.assert_array_equal(pixels, first(np.asarray(frames[0].convert("RGB"))))
    assert header.notes == ("the first of 3 frames",)
    values = noise(19, 27)
    values[3, 5] = 7  # Pillow leaves a transparent colour out that no pixel has
    grey = Image.fromarray(values)
    np.testing.assert_array_equal(read(saved(grey, "GIF"))[1], [values] * 3)
    for image in (grey, frames[0]):
        header, pixels = read(saved(image, "GIF", transparency=7))
        expected = first(np.asarray(image.convert("RGB"))).copy()
        expected[:, np.asarray(image) == 7] = 255
        np.testing.assert_array_equal(pixels, expected)
        assert header.notes == (ON_WHITE,)


def test_the_other_animations_are_their_first_frame_too() -> None:
    frames = [Image.fromarray(noise(19, 27, 3)) for _ in range(3)]
    for format, note in (("WEBP", "the first of 3 frames"), ("PNG", "the still image of an animation of 3 frames")):
        content = saved(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels, first(np.asarray(frames[0])))
        assert header.notes == (note,)


def test_channels_are_selected_in_the_order_asked(tmp_path: Path) -> None:
    file = tmp_path / "colour.png"
    Image.fromarray(smooth(3)).save(file)
    np.testing.assert_array_equal(read_image(file, channels=(2, 0)), smooth(3).transpose(2, 0, 1)[[2, 0]])
    for wrong in ((3,), (-1,), ()):
        with pytest.raises(ImageError, match=r"colour\.png: has 3 channels, numbered from 0"):
            read_image(file, channels=wrong)


def test_a_file_is_known_by_its_content_and_a_wrong_name_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "photograph.png"
    Image.fromarray(smooth(3)).save(file, "JPEG")
    header = read_header(file)
    assert (header.format, header.notes) == ("JPEG", ("named .png, but is a JPEG",))
    assert read_header("photograph.JPG", content=file.read_bytes()).notes == ()
    assert read_header(str(file), content=file.read_bytes()) == header
    assert {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp"} <= IMAGE_SUFFIXES


def test_what_libpng_logs_about_harmless_chunks_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    content = bytearray(png(noise(5, 6, 1), bits=8, colour=0, tIME=bytes(7)))
    content[content.index(b"tIME") + 11] ^= 1  # in the checksum
    imagecodecs.png_decode(bytes(content))
    assert caplog.records, "libpng says nothing any more, so there is nothing to hide"
    caplog.clear()
    read(bytes(content))
    assert not caplog.records
    logging.getLogger("imagecodecs").warning("of somebody else")
    assert len(caplog.records) == 1
