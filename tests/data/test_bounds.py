"""Whatever a file says, reading its header ends: chains that turn back, endless lists, what is no file at all."""

import io
import os
import socket
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from leadline.data.formats import pages, png
from leadline.data.image import ImageError, read_header, read_image
from leadline.data.sources.scan import scan
from leadline.verbs.check import check

from ..conftest import MakeImages


def turned_back(shapes: list[tuple[int, ...]], *, to: int, big: bool = False, order: str = "<") -> bytes:
    """A TIFF of pages of these shapes, after the last of which comes page number `to` again."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=big, byteorder=order) as writer:  # type: ignore[arg-type]
        for number, shape in enumerate(shapes):
            photometric = "minisblack" if len(shape) == 2 else "rgb"
            writer.write(np.full(shape, number, np.uint8), metadata=None, photometric=photometric, contiguous=False)
    content = bytearray(file.getvalue())
    with tifffile.TiffFile(io.BytesIO(content)) as opened:
        at = [page.offset for page in opened.pages]
    number, entry, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    (entries,) = struct.unpack_from(order + number, content, at[-1])
    end = at[-1] + struct.calcsize(order + number) + entry * entries
    struct.pack_into(order + offset, content, end, at[to])
    return bytes(content)


@pytest.mark.parametrize("big", [False, True], ids=["classic", "BigTIFF"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("shapes", "to"),
    [
        ([(8, 8)], 0),
        ([(8, 8), (8, 8)], 0),
        ([(8, 8), (4, 4)], 1),
        ([(8, 8), (4, 4), (2, 2)], 1),
        ([(8, 8, 3), (4, 4, 3)], 1),
    ],
)
def test_a_chain_of_pages_that_turns_back_is_refused(
    shapes: list[tuple[int, ...]], to: int, big: bool, order: str
) -> None:
    content = turned_back(shapes, to=to, big=big, order=order)
    started = time.perf_counter()
    for read in (read_header, read_image):
        with pytest.raises(ImageError, match=r"x\.tif: is a damaged TIFF .* turns back"):
            read("x.tif", content=content)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("back_to", ["page", "itself"])
def test_a_sub_image_that_points_back_is_refused(back_to: str) -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(np.zeros((64, 64), np.uint8), subifds=1, metadata=None)
        writer.write(np.zeros((32, 32), np.uint8), subfiletype=1, metadata=None)
    content = bytearray(file.getvalue())
    assert read_header("x.tif", content=bytes(content)).width == 64, "a pyramid is read"
    with tifffile.TiffFile(io.BytesIO(content)) as opened:
        page, tag = opened.pages.first, opened.pages.first.tags[330]
        (sub,) = page.subifds
    if back_to == "page":
        struct.pack_into("<I", content, tag.valueoffset, page.offset)
    else:
        (entries,) = struct.unpack_from("<H", content, sub)
        # Turn its first entry into a tag 330 of its own.
        struct.pack_into("<HHII", content, sub + 2, 330, 4, 1, sub)
        assert entries > 0
    with pytest.raises(ImageError, match="turns back"):
        read_header("x.tif", content=bytes(content))


def test_a_stack_of_more_pages_than_are_read_is_refused_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for number in range(12):
            writer.write(np.full((4, 4), number, np.uint8), metadata=None, contiguous=False)
    assert read_header("x.tif", content=file.getvalue(), project="max").width == 4
    monkeypatch.setattr(pages, "MOST_PAGES", 11)
    with pytest.raises(ImageError, match="more than 11 pages"):
        read_header("x.tif", content=file.getvalue(), project="max")


def test_a_tag_of_a_billion_values_is_not_read() -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((64, 64), np.uint8), metadata=None, rowsperstrip=8)
    content = bytearray(file.getvalue())
    with tifffile.TiffFile(io.BytesIO(content)) as opened:
        tag = opened.pages.first.tags[273]
    struct.pack_into("<I", content, tag.offset + 4, 10**9)
    with pytest.raises(ImageError, match="1,000,000,000 values of tag 273"):
        read_header("x.tif", content=bytes(content))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + b"\xff" * 30_000_000,
        b"\xff\xd8" + b"\xff\xe0\0\2" * 7_500_000,
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) + chunk(b"IDAT") * 2_000,
    ],
    ids=["JPEG of fill bytes", "JPEG of segments", "PNG of chunks"],
)
def test_a_header_without_an_end_is_given_up(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MOST_CHUNKS", 1000)
    started = time.process_time()
    with pytest.raises(ImageError, match=r"no (pixels|end) after"):
        read_header("x", content=content)
    assert time.process_time() - started < 4


@pytest.fixture
def with_what_is_no_file(make_images: MakeImages) -> tuple[Path, dict[str, str]]:
    """Images, and among them things of other kinds that are called as images are, each with the word for it."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    data = make_images(count=6)
    os.mkfifo(data / "dark" / "pipe.png")
    os.mkfifo(data / "dark" / "pipe of no suffix")
    (data / "dark" / "zero.png").symlink_to("/dev/zero")
    (data / "dark" / "link.png").symlink_to(data / "dark" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as made:
        folder = os.open(data / "light", os.O_RDONLY)
        made.bind(f"/proc/self/fd/{folder}/socket.png" if len(str(data)) > 70 else str(data / "light" / "socket.png"))
        os.close(folder)
    (data / "light" / "folder.png").mkdir()
    return data, {
        "dark/pipe.png": "a named pipe", "dark/zero.png": "a device", "dark/link.png": "a named pipe",
        "light/socket.png": "a socket",
    }  # fmt: skip


def test_what_is_no_file_is_named_and_passed_over(with_what_is_no_file: tuple[Path, dict[str, str]]) -> None:
    data, kinds = with_what_is_no_file
    manifest = scan(data)
    assert len(manifest.usable) == 12
    assert set(manifest.unusable["path"]) == set(kinds)
    for path, error in manifest.unusable.select("path", "error").iter_rows():
        assert kinds[path] in error
    found = check(data)
    named = {path for one in found.problems if one.kind == "unreadable_file" for path in one.paths}
    assert named == set(kinds)
    for path in (*kinds, "light/folder.png"):
        with pytest.raises(ImageError, match="not a file"):
            read_image(data / path)
