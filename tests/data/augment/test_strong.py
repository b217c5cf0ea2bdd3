"""Strong augmentation suits every type and number of channels, and does what it says, no more."""

import numpy as np
import pytest
from scipy import ndimage

from leadline.data.augment.apply import augment
from leadline.data.augment.strong import CONTRAST, DEGREES, SCALE, _turned, strengthen


def smooth(count: int, size: int, channels: int, dtype: type, seed: int = 0) -> np.ndarray:
    """Blurred noise that fills about a third of the type's range, away from its ends."""
    noise = np.random.default_rng(seed).standard_normal((count, size, size, channels))
    blurred = ndimage.gaussian_filter(noise, (0, 2, 2, 0))
    unit = 0.5 + 0.08 * blurred / blurred.std()
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if np.dtype(dtype).kind in "iu" else (-7.0, 40.0)
    return (low + unit * (high - float(low))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_what_it_does_does_not_depend_on_the_type(dtype: type, channels: int) -> None:
    images = smooth(6, 24, channels, dtype)
    changed = strengthen(images, seed=1, epoch=2, rows=np.arange(6))
    assert changed.dtype == images.dtype
    assert changed.shape == images.shape
    low, high = float(images.min()) - 1, float(images.max()) + 1
    as_floats = strengthen(images.astype(np.float32), seed=1, epoch=2, rows=np.arange(6))
    assert np.abs(changed - as_floats).max() <= (0.51 if np.dtype(dtype).kind in "iu" else 0)
    assert as_floats.min() > low - 0.5 * (high - low)  # in units of the image itself
    assert as_floats.max() < high + 0.5 * (high - low)


def test_whole_numbers_do_not_wrap_around() -> None:
    images = np.random.default_rng(0).choice([0, 255], (200, 16, 16, 1), p=[0.1, 0.9]).astype(np.uint8)
    as_floats = strengthen(images.astype(np.float32), seed=0, epoch=0, rows=np.arange(200))
    changed = strengthen(images, seed=0, epoch=0, rows=np.arange(200))
    assert as_floats.max() > 270
    assert np.array_equal(changed, np.clip(np.rint(as_floats), 0, 255))


def test_turning_and_scaling_are_those_of_scipy() -> None:
    image = smooth(1, 33, 2, np.float32)[0]
    for angle, scale in ((0.2, 1.1), (-0.26, 0.8), (0.0, 1.25), (0.1, 1.0)):
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
        offset = 16 - matrix @ np.array([16, 16])
        for channel in range(2):
            expected = ndimage.affine_transform(image[..., channel], matrix, offset, order=1, mode="nearest")
            assert np.abs(_turned(image, angle, scale)[..., channel] - expected).max() < 1e-3
    assert np.allclose(_turned(image, 0.0, 1.0), image)


def test_angles_scales_and_contrasts_stay_within_what_is_documented() -> None:
    """Two bright points and their ground: their distance shows the scale, their direction the angle."""
    size = 65
    image = np.zeros((size, size, 1), dtype=np.float32)
    image[32, 16], image[32, 48] = 1000, 1000
    blurred = ndimage.gaussian_filter(image, (2, 2, 0))
    changed = strengthen(np.repeat(blurred[None], 300, axis=0), seed=0, epoch=0, rows=np.arange(300))
    scales, angles = [], []
    for one in changed[..., 0]:
        ground = np.median(one)
        weight = np.where(one - ground > 0.3 * (one.max() - ground), one - ground, 0)
        places, number = ndimage.label(weight > 0)
        if number != 2:  # one of them is covered; where only in part, its middle moves a little
            continue
        (top, left), (bottom, right) = ndimage.center_of_mass(weight, places, [1, 2])
        if left > right:
            top, left, bottom, right = bottom, right, top, left
        scales.append(np.hypot(bottom - top, right - left) / 32)
        angles.append(np.degrees(np.arctan2(bottom - top, right - left)))
    assert len(scales) > 150
    assert 0.95 / SCALE < min(scales) < 0.85
    assert 1.15 < max(scales) < 1.05 * SCALE
    assert -1.1 * DEGREES < min(angles) < -0.8 * DEGREES
    assert 0.8 * DEGREES < max(angles) < 1.1 * DEGREES


def test_half_of_the_images_are_covered_by_up_to_a_quarter() -> None:
    images = smooth(400, 16, 1, np.float32)
    changed = strengthen(images, seed=0, epoch=0, rows=np.arange(400))
    share = []
    for one in changed[..., 0]:
        _, counts = np.unique(one, return_counts=True)
        share.append(counts.max() / one.size if counts.max() > 1 else 0.0)
    assert np.mean(np.array(share) > 0.01) == pytest.approx(0.5, abs=0.08)
    assert max(share) <= 0.25


def test_channels_keep_their_ratios_and_an_even_image_its_intensity() -> None:
    one = smooth(50, 16, 1, np.float32)
    twice = np.concatenate([one, one], axis=3)
    changed = strengthen(twice, seed=0, epoch=0, rows=np.arange(50))
    assert np.array_equal(changed[..., 0], changed[..., 1])
    even = np.full((20, 16, 16, 3), 77, dtype=np.uint8)
    assert (strengthen(even, seed=0, epoch=0, rows=np.arange(20)) == 77).all()
    assert CONTRAST > 1


def test_it_goes_on_top_of_what_the_image_may_bear() -> None:
    images = smooth(8, 16, 3, np.uint8)
    for policy in ("shift", "flip", "dihedral"):
        strong = augment(images, f"{policy}+strong", seed=0, epoch=1, rows=np.arange(8))
        stepwise = augment(
            strengthen(images, seed=0, epoch=1, rows=np.arange(8)), policy, seed=0, epoch=1, rows=np.arange(8)
        )
        assert np.array_equal(strong, stepwise)
