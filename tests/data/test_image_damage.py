"""Files that are cut off, altered, hostile or no images at all: refused with one line, never read as something else."""

import io
import random
import re
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile

from leadline.data.image import ImageError, read_header, read_image


def pillow(mode: str, format: str, **options: Any) -> bytes:
    blocks = np.kron(np.random.default_rng(7).integers(0, 256, (7, 9, 4)), np.ones((3, 3, 1)))
    file = io.BytesIO()
    Image.fromarray(blocks.astype(np.uint8)).convert(mode).save(file, format, **options)
    return file.getvalue()


def tiff(*shape: int, **options: Any) -> bytes:
    file = io.BytesIO()
    values = np.random.default_rng(7).integers(0, 4096, shape).astype(np.uint16)
    tifffile.imwrite(file, values, photometric=None if "imagej" in options else "minisblack", **options)
    return file.getvalue()


CYX = {"metadata": {"axes": "CYX"}}
FILES: dict[str, bytes] = {
    **{f"PNG {mode}": pillow(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")},
    **{f"JPEG {mode}": pillow(mode, "JPEG") for mode in ("L", "RGB", "CMYK")},
    "JPEG progressive": pillow("RGB", "JPEG", progressive=True),
    **{f"BMP {mode}": pillow(mode, "BMP") for mode in ("1", "L", "P", "RGB")},
    **{f"GIF {mode}": pillow(mode, "GIF") for mode in ("L", "P")},
    **{f"WebP {mode}": pillow(mode, "WEBP") for mode in ("RGB", "RGBA")},
    "WebP lossless": pillow("RGBA", "WEBP", lossless=True),
    **{f"TIFF {compression}": tiff(21, 27, compression=compression) for compression in (None, "zlib", "lzw", "zstd")},
    **{f"TIFF CYX {compression}": tiff(3, 21, 27, compression=compression, **CYX) for compression in (None, "zlib")},
    "TIFF OME": tiff(3, 21, 27, ome=True, **CYX),
    "TIFF OME lzw": tiff(3, 21, 27, ome=True, compression="lzw", **CYX),
    "TIFF tiled": tiff(40, 50, compression="zlib", tile=(16, 16)),
    "TIFF ImageJ": tiff(3, 21, 27, imagej=True, **CYX),
    "TIFF planar": tiff(3, 21, 27, planarconfig="separate", bigtiff=True),
    "TIFF depth": tiff(3, 21, 27, metadata={"axes": "ZYX"}),
    "TIFF pages": tiff(3, 21, 27, metadata=None),
}  # fmt: skip
NO_FORMAT = "is none of PNG, JPEG, GIF, BMP, WebP, TIFF:"
EVERY = pytest.mark.parametrize("name", FILES)


def outcome(content: bytes) -> NDArray[Any] | None:
    """The pixels, or None where it was refused as it should be; header and pixels agree."""
    try:
        pixels = read_image("folder/image.x", content=content, project="max")
        header = read_header("folder/image.x", content=content, project="max")
    except ImageError as error:
        line = str(error)
    else:
        assert (header.channels, header.height, header.width, header.dtype) == (*pixels.shape, str(pixels.dtype))
        return pixels
    assert re.fullmatch(r"folder/image\.x: .+", line)
    return None


@EVERY
@pytest.mark.filterwarnings("error")
def test_a_file_cut_off_anywhere_is_refused_or_had_nothing_left_to_lose(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content = FILES[name]
    whole = outcome(content)
    assert whole is not None
    lengths = {*range(0, len(content), max(1, len(content) // 60)), *range(max(0, len(content) - 30), len(content))}
    for length in lengths:
        pixels = outcome(content[:length])
        assert pixels is None or np.array_equal(pixels, whole), f"cut off at {length} of {len(content)}"
        if name.startswith(("PNG", "JPEG", "WebP")):
            assert pixels is None, f"cut off at {length} of {len(content)}"
    assert capfd.readouterr() == ("", "")


@EVERY
@pytest.mark.filterwarnings("error")
def test_a_file_with_altered_bytes_is_refused_or_agrees_with_its_header(
    name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    content, altering = FILES[name], random.Random(name)
    whole = outcome(content)
    assert whole is not None
    for _ in range(60):
        altered = bytearray(content)
        for _ in range(altering.choice((1, 1, 3))):
            end = altering.choice((len(content), min(len(content), 200)))
            altered[altering.randrange(end)] ^= 1 << altering.randrange(8)
        pixels = outcome(bytes(altered))
        if name.startswith("PNG"):  # which has checksums
            assert pixels is None or np.array_equal(pixels, whole)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("PNG", "JPEG"))])
def test_a_file_whose_rest_was_never_written_is_refused(name: str) -> None:
    content = FILES[name]
    assert outcome(content[: len(content) // 2].ljust(len(content), b"\0")) is None


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        FILES["PNG RGB"][:12]
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
        + FILES["PNG RGB"][33:]
    )


def huge_jpeg() -> bytes:
    content, start = FILES["JPEG RGB"], FILES["JPEG RGB"].index(b"\xff\xc0")
    return content[: start + 5] + struct.pack(">HH", 65_535, 65_535) + content[start + 9 :]


def huge_gif() -> bytes:
    return FILES["GIF P"][:6] + struct.pack("<HH", 65_535, 65_535) + FILES["GIF P"][10:]


def huge_bmp() -> bytes:
    return FILES["BMP RGB"][:18] + struct.pack("<ii", 100_000, 100_000) + FILES["BMP RGB"][26:]


def huge_tiff() -> bytes:
    file = io.BytesIO(tiff(21, 27, compression="zlib"))
    with tifffile.TiffFile(file) as opened:
        positions = [opened.pages[0].tags[tag].valueoffset for tag in ("ImageWidth", "ImageLength", "RowsPerStrip")]
    content = bytearray(file.getvalue().replace(b'{"shape": [21, 27]}', b" " * 19))
    for position in positions:
        content[position : position + 4] = struct.pack("<I", 100_000)
    return bytes(content)


@pytest.mark.parametrize("make", [huge_png, huge_jpeg, huge_gif, huge_bmp, huge_tiff])
def test_an_absurd_size_is_refused_before_anything_is_decoded(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_: Any, **__: Any) -> None:
        pytest.fail("it was decoded")

    for place, decoder in (
        (imagecodecs, "png_decode"),
        (imagecodecs, "jpeg8_decode"),
        (tifffile.TiffPageSeries, "asarray"),
        (ImageFile.ImageFile, "load_prepare"),
        (GifImageFile, "load_prepare"),
        (BmpImageFile, "load_prepare"),
    ):
        monkeypatch.setattr(place, decoder, decoded)
    for reader in (read_header, read_image):
        with pytest.raises(
            ImageError, match=r"its header says \d+ × \d+ pixels of .* and at most 1 GiB is read; cut it"
        ):
            reader("image", content=make())


def test_a_webp_that_asks_for_too_much_is_refused() -> None:
    content = bytearray(FILES["WebP RGBA"])
    assert content[12:16] == b"VP8X"
    content[24:30] = b"\xff" * 6
    with pytest.raises(ImageError, match=r"^image: is too large \(Image size \(281474976710656 pixels\) exceeds limit"):
        read_image("image", content=bytes(content))


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_what_inflates_without_end_takes_no_memory() -> None:
    inflated = 100 * 2**20
    deflate = zlib.compressobj()
    bomb = b"".join(deflate.compress(bytes(2**20)) for _ in range(inflated // 2**20)) + deflate.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    start, rest = FILES["PNG L"][:33], FILES["PNG L"][33:]
    pngs = [start + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")] + [
        start + chunk(kind, prefix + bomb) + rest
        for kind, prefix in ((b"zTXt", b"a\0\0"), (b"iCCP", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"))
    ]
    file = io.BytesIO()
    tifffile.imwrite(file, np.ones((len(bomb), 1), np.uint8))
    stored = file.getvalue()
    with tifffile.TiffFile(io.BytesIO(stored)) as opened:
        position = opened.pages[0].tags["Compression"].valueoffset
        strip = opened.pages[0].dataoffsets[0]
    deflated = (
        stored[:position] + struct.pack("<H", 8) + stored[position + 2 : strip] + bomb + stored[strip + len(bomb) :]
    )

    def peak() -> int:
        return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = peak()
    for content in (*pngs, deflated):
        outcome(content)
    assert peak() - before < inflated / 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty (0 bytes); copy it again from its source, or remove it"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            f"{NO_FORMAT} it begins with b'version https://'; convert it",
        ),
        (bytes(5000), NO_FORMAT),
        (b"\x89PNG\r\n\x1a\n", "is cut off: its end is missing"),
        (
            FILES["PNG L"][:16] + bytes(4) + FILES["PNG L"][20:],
            "its header says 0 × 21 pixels, so there is no image in it",
        ),
    ],
    ids=["empty", "text", "zeros", "signature", "no width"],
)
def test_what_is_no_image_is_refused_with_its_path_and_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "cell.png"
    file.write_bytes(content)
    for reader in (read_header, read_image):
        with pytest.raises(ImageError, match="^" + re.escape(f"{file}: {reason}")):
            reader(file)


def test_a_file_that_cannot_be_opened_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"none\.png: no such file$"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match=re.escape(f"{tmp_path}: ")):
        read_header(tmp_path)


def test_a_file_too_large_to_be_an_image_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "slide.tif"
    with file.open("wb") as handle:
        handle.truncate(2**30 + 1)
    with pytest.raises(ImageError, match=r"slide\.tif: the file is larger than 1 GiB; cut it into tiles"):
        read_header(file)


def test_pixels_that_are_not_what_the_header_says_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (np.zeros((21, 27), np.uint16), np.zeros((21, 28), np.uint8), np.zeros((21, 27, 3), np.uint8)):
        monkeypatch.setattr(imagecodecs, "png_decode", lambda _, wrong=wrong: wrong)
        with pytest.raises(ImageError, match="its pixels are not what its header says"):
            read_image("image", content=FILES["PNG L"])


def test_too_little_memory_is_not_called_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(imagecodecs, "png_decode", exhausted)
    with pytest.raises(ImageError, match=r"^image: there is not enough memory to decode it"):
        read_image("image", content=FILES["PNG L"])


def test_other_kinds_of_jpeg_are_refused_by_name() -> None:
    twelve = imagecodecs.jpeg8_encode(np.zeros((8, 8), np.uint16), bitspersample=12)
    with pytest.raises(ImageError, match="is a JPEG of 1 components of 12 bits"):
        read_image("image", content=twelve)
