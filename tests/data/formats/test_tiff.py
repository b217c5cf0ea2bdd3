"""The axes of a TIFF, however they are laid out and stored, against the array written and against libtiff."""

import io
import itertools
import re
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


# Layout → how (channels, height, width) is handed to the writer, and the options that store it so.
LAYOUTS = {
    "pages": (lambda values: values, {"photometric": "minisblack", "metadata": {"axes": "CYX"}}),
    "interleaved": (lambda values: values.transpose(1, 2, 0), {"photometric": "minisblack", "planarconfig": "contig"}),
    "planar": (lambda values: values, {"photometric": "minisblack", "planarconfig": "separate"}),
    "OME": (lambda values: values, {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}}),
    "ImageJ": (lambda values: values, {"imagej": True, "metadata": {"axes": "CYX"}}),
    "YXC": (
        lambda values: values.transpose(1, 2, 0),
        {"photometric": "minisblack", "planarconfig": "contig", "metadata": {"axes": "YXC"}},
    ),
}
STORAGE = [
    {},
    {"compression": "lzw"},
    {"compression": "zlib", "predictor": True},
    {"compression": "zstd"},
    {"compression": "packbits", "bigtiff": True},
    {"tile": (16, 32)},
    {"tile": (32, 16), "compression": "lzw"},
    {"rowsperstrip": 7, "byteorder": ">"},
]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_channels_are_what_was_written_and_what_libtiff_decodes(layout: str, dtype: str) -> None:
    arranged, options = LAYOUTS[layout]
    for channels, storage in itertools.product((2, 3, 5), STORAGE):
        if layout == "ImageJ" and (dtype == "int16" or storage.keys() & {"bigtiff", "byteorder"}):
            continue  # ImageJ has none of these
        if layout == "planar" and storage.get("compression") == "packbits":
            storage = {"bigtiff": True}
        values = noise(channels, 37, 45, dtype=dtype)
        content = written(arranged(values), **options, **storage)
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels, values)
        assert (header.format, header.notes) == ("TIFF", ())
        by_libtiff = imagecodecs.tiff_decode(content, index=None)
        by_libtiff = by_libtiff.transpose(2, 0, 1) if by_libtiff.shape[-1] == channels else by_libtiff
        np.testing.assert_array_equal(pixels, by_libtiff)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_one_grey_plane_is_one_channel(dtype: str) -> None:
    for storage in STORAGE:
        values = noise(37, 45, dtype=dtype)
        content = written(values, **storage)
        np.testing.assert_array_equal(read(content)[1], values[np.newaxis])
        np.testing.assert_array_equal(imagecodecs.tiff_decode(content), values)


def test_a_multi_channel_image_is_not_its_first_channel() -> None:
    values = noise(5, 20, 30)
    content = written(values, photometric="minisblack", ome=True, metadata={"axes": "CYX"})
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), values[0])  # what Pillow makes of it
    np.testing.assert_array_equal(read_image("image.tif", content=content, channels=(4, 0)), values[[4, 0]])


def test_up_to_64_channels_are_read_and_no_more() -> None:
    values = noise(65, 4, 5, dtype="uint8")
    options = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
    np.testing.assert_array_equal(read(written(values[:64], **options))[1], values[:64])
    with pytest.raises(ImageError, match="65 channels, and at most 64"):
        read(written(values, **options))


@pytest.mark.parametrize("flavour", [{}, {"ome": True}, {"imagej": True}])
def test_a_stack_in_depth_is_projected_only_when_asked(flavour: dict[str, bool]) -> None:
    values = noise(4, 3, 20, 30)
    content = written(values, **({} if "imagej" in flavour else {"photometric": "minisblack"}), **flavour,
                      metadata={"axes": "ZCYX"})  # fmt: skip
    for reader in (read_image, read_header):
        with pytest.raises(ImageError, match=r"^image\.tif: is a stack of 4 planes in depth; .*--project max or mean$"):
            reader("image.tif", content=content)
    header, brightest = read(content, project="max")
    np.testing.assert_array_equal(brightest, values.max(axis=0))
    assert header.notes == ("max of 4 planes in depth",)
    mean = read(content, project="mean")[1]
    assert np.abs(mean - values.mean(axis=0)).max() <= 0.5
    np.testing.assert_array_equal(mean, np.round(values.mean(axis=0)))


def test_pages_without_a_meaning_are_refused_unless_called_depth() -> None:
    values = noise(5, 20, 30)
    for content in (written(values, metadata=None), written(values)):
        with pytest.raises(ImageError, match="holds 5 pages and does not say whether they are channels, depth or time"):
            read(content)
        header, brightest = read(content, project="max")
        np.testing.assert_array_equal(brightest, values.max(axis=0, keepdims=True))
        assert header.notes == ("max of 5 pages",)


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ("TYX", (4, 20, 30), "is a series of 4 time points"),
        ("TZCYX", (2, 3, 2, 20, 30), "is a series of 2 time points"),
        ("RYX", (4, 20, 30), "has the axes R = 4, Y = 20, X = 30, of which no single image can be made"),
        ("CYXS", (2, 20, 30, 3), "has the axes C = 2, Y = 20, X = 30, S = 3"),
    ],
)
def test_axes_of_which_no_image_can_be_made_are_named(axes: str, shape: tuple[int, ...], reason: str) -> None:
    photometric = "rgb" if "S" in axes else "minisblack"
    content = written(noise(*shape), photometric=photometric, metadata={"axes": axes})
    with pytest.raises(ImageError, match=re.escape(reason)):
        read(content, project="max")


def test_several_images_in_a_file_are_refused_but_smaller_copies_of_one_are_not() -> None:
    values = noise(64, 64, 3, dtype="uint8")

    def of_two(second: NDArray[Any], **options: Any) -> bytes:
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            writer.write(values, photometric="rgb", metadata=None, subifds=1 if options.pop("pyramid", False) else 0)
            writer.write(second, photometric="rgb", metadata=None, **options)
        return file.getvalue()

    half, thumbnail = values[::2, ::2], values[::5, ::7]
    for content, notes in (
        (of_two(half, subfiletype=1, pyramid=True), ("the largest of 2 resolutions",)),
        (of_two(half, subfiletype=1), ("the largest of 2 resolutions",)),
        (of_two(thumbnail, subfiletype=1), ()),
    ):
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels, values.transpose(2, 0, 1))
        assert header.notes == notes
    with pytest.raises(ImageError, match=r"holds 2 images \(64×64×3, 13×10×3\); save the one that counts"):
        read(of_two(thumbnail))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"])
def test_what_another_program_wrote_is_read(compression: str) -> None:
    grey = Image.fromarray(noise(40, 60, dtype="uint8"))
    image = grey.convert("1") if compression == "group4" else grey
    file = io.BytesIO()
    image.save(file, "TIFF", compression=compression)
    np.testing.assert_array_equal(read(file.getvalue())[1][0], np.asarray(Image.open(file).convert("L")))


def test_each_orientation_is_turned_as_pillow_turns_it() -> None:
    from PIL import ImageOps

    values = noise(20, 30, dtype="uint8")
    for orientation in range(1, 9):
        content = written(values, extratags=[(274, "H", 1, orientation, True)])
        header, pixels = read(content)
        np.testing.assert_array_equal(pixels[0], np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content)))))
        assert bool(header.notes) == (orientation > 1)
