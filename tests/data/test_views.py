"""Each test protocol looks where its paper says: torchvision's crops and closed formulas are the oracles."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms import CenterCrop, Resize, TenCrop

from leadline.data.preprocessing import Preprocessing
from leadline.data.protocols import NAMES, TABLE, Protocol, find_protocol, parse_scales
from leadline.data.views import scaled, three_corners, views, views_of
from leadline.errors import UsageError

SHAPES = [(300, 401), (401, 300), (256, 256), (231, 517), (500, 256), (300, 402)]


def found(name: str, *, size: int = 224, scales: tuple[int, ...] = ()) -> Protocol:
    made = find_protocol(name, size=size, scales=scales)
    assert made is not None
    return made


def photograph(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def positions(height: int, width: int) -> NDArray[np.float32]:
    """An image whose two channels say where each pixel lies."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x], axis=2).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_centre_is_torchvisions_centre_crop(shape: tuple[int, int]) -> None:
    pixels = photograph(*shape)
    (view,) = views_of(pixels, found("center"))
    assert np.array_equal(view, np.asarray(CenterCrop(224)(Resize(256)(Image.fromarray(pixels)))))


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_crops_are_torchvisions_of_the_central_square(shape: tuple[int, int]) -> None:
    pixels = photograph(*shape)
    theirs = TenCrop(224)(CenterCrop(256)(Resize(256)(Image.fromarray(pixels))))
    ours = views_of(pixels, found("ten-crop"))
    assert len(ours) == found("ten-crop").views == 10
    # torchvision crops the mirror image: what was its left is then its right.
    same = [theirs[number] for number in (0, 1, 2, 3, 4, 6, 5, 8, 7, 9)]
    assert all(np.array_equal(view, np.asarray(other)) for view, other in zip(ours, same, strict=True))


def test_googlenet_looks_at_144_crops_where_its_paper_says() -> None:
    """Of an image of one scale nothing is resized, so that a crop's pixels say where it was taken."""
    asked = found("googlenet-144", scales=(256,))
    crops = views_of(positions(256, 400), asked)
    assert len(crops) == asked.views == 36
    tops_and_lefts = [tuple(crop[0, 0].astype(int)) for crop in crops]
    per_square = [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]
    expected = []
    for left in (0, 72, 144):  # left, centre, right of 400 pixels
        expected += [(top, left + right) for top, right in per_square]
        expected.append(None)  # the square itself, resized: its corner is no pixel of the image
    plain, mirrored = crops[:18], crops[18:]
    assert [at for at, wanted in zip(tops_and_lefts, expected, strict=False) if wanted] == [at for at in expected if at]
    assert all(np.array_equal(one[:, ::-1], other) for one, other in zip(plain, mirrored, strict=True))
    for number, left in ((5, 0), (11, 72), (17, 144)):
        square = crops[number]
        assert square.shape == (224, 224, 2)
        assert square.mean(axis=(0, 1)) == pytest.approx((127.5, left + 127.5), abs=0.05)

    whole = views_of(photograph(300, 400), found("googlenet-144"))
    assert len(whole) == found("googlenet-144").views == 144
    assert {view.shape for view in whole} == {(224, 224, 3)}


def test_an_upright_image_gives_googlenet_its_top_middle_and_bottom() -> None:
    assert three_corners(positions(400, 256)) == [(0, 0), (72, 0), (144, 0)]
    assert three_corners(positions(256, 256)) == [(0, 0)] * 3


def test_whole_images_keep_their_proportions_at_every_scale() -> None:
    shapes = [view.shape[:2] for view in views_of(photograph(300, 400), found("dense"))]
    assert shapes == [(256, 341), (256, 341), (384, 512), (384, 512), (512, 682), (512, 682)]
    shapes = [view.shape[:2] for view in views_of(photograph(400, 300), found("fully-convolutional"))]
    assert shapes == [(298, 224), (341, 256), (512, 384), (640, 480), (853, 640)]


def test_dense_sees_each_scale_in_a_mirror_too() -> None:
    one, other = views_of(photograph(256, 300), found("dense", scales=(256,)))
    assert np.array_equal(one[:, ::-1], other)


def test_views_per_image_are_counted_without_looking() -> None:
    assert {row.name: row.views for row in TABLE} == {
        "center": 1, "ten-crop": 10, "googlenet-144": 144, "dense": 6, "fully-convolutional": 5,
    }  # fmt: skip
    for row in TABLE:
        assert len(views_of(photograph(300, 310), found(row.name))) == row.views


def test_scales_follow_the_size_that_a_classifier_works_at() -> None:
    assert found("center", size=32).scales == (37,)  # 256/224 of 32 is 36.6
    assert found("googlenet-144", size=32).scales == (37, 41, 46, 50)
    assert found("fully-convolutional", size=112).scales == (112, 128, 192, 240, 320)
    assert found("dense", size=32, scales=(32, 48)).scales == (32, 48)
    assert {view.shape for view in views_of(photograph(32, 32), found("ten-crop", size=32))} == {(32, 32, 3)}


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_every_type_keeps_its_type(dtype: str) -> None:
    pixels = (positions(50, 60) * 100).astype(dtype)
    assert {view.dtype for view in views_of(pixels, found("googlenet-144", size=28))} == {np.dtype(dtype)}


def test_the_longer_side_is_rounded_down_as_torchvision_does() -> None:
    for height, width in SHAPES:
        theirs = Resize(100)(Image.new("L", (width, height)))
        assert scaled(height, width, short_side=100) == (theirs.height, theirs.width)


def test_what_makes_no_sense_is_refused_in_one_line() -> None:
    for name, scales, message in (
        ("centre", (), "--protocol centre: expected one of own, center, ten-crop"),
        ("own", (256,), "--scales 256: the classifier's own protocol has none"),
        ("center", (200,), "works at 224 pixels, and an image of 200 is too small"),
        ("dense", (256, 100), "an image of 100 is too small"),
    ):
        with pytest.raises(UsageError) as caught:
            find_protocol(name, size=224, scales=scales)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
    assert find_protocol("own", size=224) is None
    assert NAMES[0] == "own"


def test_scales_are_numbers_with_commas_between() -> None:
    assert parse_scales("256, 384,512") == (256, 384, 512)
    assert parse_scales(None) == ()
    for text in ("256;384", "0", "-3", "a", "256,256", "2.5"):
        with pytest.raises(UsageError, match="expected different numbers of pixels"):
            parse_scales(text)


def test_files_come_in_order_and_an_unreadable_one_shifts_no_other(tmp_path: Path) -> None:
    paths = []
    for number in range(70):
        Image.fromarray(photograph(30 + number % 3, 40)).save(tmp_path / f"{number:02d}.png")
        paths.append(tmp_path / f"{number:02d}.png")
    paths[3].write_bytes(b"")
    Image.fromarray(photograph(1, 40)).save(paths[5])
    preprocessing = Preprocessing(3, "uint8", 24)
    for name in ("ten-crop", "dense"):
        asked = found(name, size=24)
        batches = list(views([(path,) for path in paths], preprocessing, asked))
        errors = [error for batch in batches for error in batch.errors]
        assert len(batches) > 2
        bad = {3} | ({5} if name == "dense" else set())
        assert {number for number, error in enumerate(errors) if error} == bad
        readable = [path for number, path in enumerate(paths) if number not in bad]
        start = 0
        for batch in batches:
            assert (np.bincount(batch.owners) == asked.views).all()
            count = int(batch.owners.max()) + 1
            for owner in (0, count - 1):
                expected = views_of(preprocessing.read(readable[start + owner], whole=100), asked)
                got = [view for view, whose in zip(batch.views, batch.owners, strict=True) if whose == owner]
                assert all(np.array_equal(one, other) for one, other in zip(got, expected, strict=True))
            start += count
        assert start == len(readable)
    assert "too elongated" in errors[5]


def test_a_large_jpeg_is_reduced_no_further_than_the_largest_scale(tmp_path: Path) -> None:
    Image.fromarray(photograph(1200, 1600)).save(tmp_path / "large.jpg")
    preprocessing = Preprocessing(3, "uint8", 224)
    assert min(preprocessing.read(tmp_path / "large.jpg", whole=512).shape[:2]) >= 512
