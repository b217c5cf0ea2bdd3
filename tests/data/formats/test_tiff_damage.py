"""TIFFs of which tifffile would make something else: parts missing, planes in other files, complaints only logged."""

import io
import logging
import re
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from leadline.data.formats.complaints import complaints
from leadline.data.image import ImageError, read_header, read_image

CYX = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
VALUES = np.random.default_rng(8).integers(0, 4096, (3, 40, 50)).astype(np.uint16)


def written(values: NDArray[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        CYX,
        {**CYX, "compression": "zlib"},
        {**CYX, "compression": "lzw", "tile": (16, 16)},
        {**CYX, "ome": True, "bigtiff": True},
        {"imagej": True, "metadata": {"axes": "CYX"}},
        {**CYX, "truncate": True},  # one page stands for all: the rest has no directory of its own
    ],
    ids=["plain", "deflated", "tiled", "OME", "ImageJ", "one page"],
)
def test_the_header_alone_tells_that_pixels_are_missing(options: dict[str, Any]) -> None:
    content = written(VALUES, **options)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        last = file.pages[-1]
        end = len(content) if "truncate" in options else last.dataoffsets[-1] + last.databytecounts[-1]
    assert read_header("image", content=content).channels == 3
    with pytest.raises(ImageError):
        read_header("image", content=content[: end - 1])


def test_tiles_that_were_never_written_are_not_taken_for_black() -> None:
    content = bytearray(written(VALUES[0], compression="zlib", tile=(16, 16)))
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        position = file.pages.first.tags["TileByteCounts"].valueoffset
    content[position : position + 4] = bytes(4)
    assert not tifffile.imread(io.BytesIO(content))[:16, :16].any()  # what tifffile makes of it
    with pytest.raises(ImageError, match="is cut off: pixels are missing"):
        read_header("image", content=bytes(content))


def test_a_file_that_lost_its_description_is_not_read_as_its_first_channel() -> None:
    whole = written(VALUES, ome=True, **CYX)
    cut_off = whole[: whole.rindex(b"</OME>")]
    for project in (None, "max"):
        with pytest.raises(ImageError, match=r"is a damaged TIFF \(.*TiffTag 270 .* invalid value offset"):
            read_image("image", content=cut_off, project=project)


def ome(planes: str) -> str:
    """An OME description of the three channels that says where they are."""
    description = tifffile.OmeXml()
    description.addimage("uint16", VALUES.shape, (3, 1, 1, 40, 50, 1), axes="CYX")
    without_identity = re.sub(r' UUID="[^"]+"', "", description.tostring(), count=1)
    return re.sub(r"<TiffData.*?(/>|</TiffData>)", planes, without_identity, flags=re.DOTALL)


def test_an_image_spread_over_files_is_refused_though_all_of_them_are_there(tmp_path: Path) -> None:
    planes = "".join(
        f'<TiffData FirstC="{channel}" PlaneCount="1"><UUID FileName="{channel}.ome.tif">u:{channel}</UUID></TiffData>'
        for channel in range(3)
    )
    for channel in range(3):
        content = written(VALUES[channel], description=ome(planes), metadata=None)
        (tmp_path / f"{channel}.ome.tif").write_bytes(content)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "0.ome.tif"), VALUES)  # the set is whole
    for channel in range(3):
        with pytest.raises(ImageError, match=r"ome\.tif: lacks planes .* or has them in other files"):
            read_image(tmp_path / f"{channel}.ome.tif")


def test_an_ome_tiff_that_names_itself_is_read_under_that_name(tmp_path: Path) -> None:
    itself = '<TiffData IFD="0" PlaneCount="3"><UUID FileName="cell.ome.tif">u:1</UUID></TiffData>'
    file = tmp_path / "cell.ome.tif"
    file.write_bytes(written(VALUES, photometric="minisblack", description=ome(itself), metadata=None))
    np.testing.assert_array_equal(read_image(file), VALUES)


def test_an_ome_tiff_that_was_renamed_is_read_whole_and_one_that_lacks_planes_is_not_called_damaged(
    tmp_path: Path,
) -> None:
    planes = "".join(
        f'<TiffData FirstC="{channel}" IFD="{channel}"><UUID FileName="a &amp; b.ome.tif">u:1</UUID></TiffData>'
        for channel in range(3)
    )
    renamed = tmp_path / "cell.tif"
    renamed.write_bytes(written(VALUES, photometric="minisblack", description=ome(planes), metadata=None))
    np.testing.assert_array_equal(read_image(renamed), VALUES)
    renamed.write_bytes(written(VALUES[0], photometric="minisblack", description=ome(planes), metadata=None))
    with pytest.raises(ImageError, match="lacks planes"):
        read_image(renamed)


def test_a_file_of_an_ome_image_that_is_described_elsewhere_says_so() -> None:
    part = '<?xml version="1.0"?><OME><BinaryOnly MetadataFile="master.ome.tif" UUID="u:2"/></OME>'
    content = written(VALUES[0], description=part, metadata=None)
    assert any("another file" in note for note in read_header("x.tif", content=content).notes)


def test_what_tifffile_only_logs_is_a_refusal_but_for_what_no_pixel_depends_on() -> None:
    def with_unknown_type(tag: int) -> bytes:
        content = bytearray(written(VALUES[0], metadata=None, extratags=[(tag, "H", 1, 7, True)]))
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            position = file.pages.first.tags[tag].offset
        content[position + 2] = 99
        return bytes(content)

    no_number = written(VALUES[0], metadata=None, extratags=[(42113, "s", 0, "nothing", True)])
    for harmless in (with_unknown_type(50_000), no_number):
        np.testing.assert_array_equal(read_image("image", content=harmless)[0], VALUES[0])
    with pytest.raises(ImageError, match=r"is a damaged TIFF \(.*TiffTag 305 .* invalid data type 99"):
        read_image("image", content=with_unknown_type(305))


def test_what_tifffile_only_logs_while_decoding_is_a_refusal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = tifffile.TiffPageSeries.asarray

    def complaining(series: tifffile.TiffPageSeries, **options: Any) -> NDArray[Any]:
        logging.getLogger("tifffile").warning("some data are zeroed")
        return decode(series, **options)

    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", complaining)
    with pytest.raises(ImageError, match=r"is a damaged TIFF \(some data are zeroed\)"):
        read_image("image", content=written(VALUES[0]))


def test_the_log_of_others_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tifffile")
    with complaints() as heard:
        other = Thread(target=logger.warning, args=["of another thread"])
        other.start()
        other.join()
        logger.warning("of this reading")
    logger.warning("of this thread, later")
    assert heard == ["of this reading"]
    assert [record.getMessage() for record in caplog.records] == ["of another thread", "of this thread, later"]
