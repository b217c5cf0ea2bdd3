"""Augmentation moves, mirrors and turns, as its policy allows and no more."""

import numpy as np
import pytest

from leadline.data.augment.apply import augment
from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.augment.policies import POLICIES

OWN = [name for name in POLICIES if name not in PAPERS]


def centred_letter(size: int = 16, channels: int = 1) -> np.ndarray:
    """An L in the middle, which no symmetry of the square maps to itself, on a constant ground."""
    image = np.zeros((size, size, channels), dtype=np.uint16)
    image[5:11, 6] = 500
    image[10, 6:9] = 500
    return image


def augmented(policy: str, images: int = 400, **given: int) -> np.ndarray:
    batch = np.repeat(centred_letter()[None], images, axis=0)
    return augment(batch, policy, seed=given.get("seed", 0), epoch=given.get("epoch", 0), rows=np.arange(images))


def orientations(images: np.ndarray) -> set[bytes]:
    """The distinct letters, each cut out at its own place."""
    found = set()
    for image in images[..., 0]:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found.add(bytes(cut.shape) + cut.tobytes())
    return found


@pytest.mark.parametrize(("policy", "expected"), [("none", 1), ("shift", 1), ("flip", 2), ("dihedral", 8)])
def test_a_policy_reaches_its_symmetries_and_no_others(policy: str, expected: int) -> None:
    assert len(orientations(augmented(policy))) == expected


def test_shifts_reach_every_offset_up_to_an_eighth() -> None:
    corners = {tuple(np.argwhere(image[..., 0])[0] - (5, 6)) for image in augmented("shift")}
    assert corners == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


def test_none_changes_nothing() -> None:
    assert (augmented("none") == centred_letter()).all()


@pytest.mark.parametrize("policy", OWN)
def test_what_happens_to_an_image_does_not_depend_on_its_batch(policy: str) -> None:
    images = np.random.default_rng(0).integers(0, 255, (10, 12, 12, 5)).astype(np.float32)
    whole = augment(images, policy, seed=1, epoch=2, rows=np.arange(10))
    part = augment(images[4:7], policy, seed=1, epoch=2, rows=np.arange(4, 7))
    assert np.array_equal(whole[4:7], part)
    assert whole.dtype == images.dtype


def test_epochs_and_seeds_differ() -> None:
    assert not np.array_equal(augmented("shift"), augmented("shift", epoch=1))
    assert not np.array_equal(augmented("shift"), augmented("shift", seed=1))


def test_the_border_is_continued_not_blackened() -> None:
    bright = np.full((50, 16, 16, 3), 200, dtype=np.uint8)
    assert (augment(bright, "dihedral", seed=0, epoch=0, rows=np.arange(50)) == 200).all()


@pytest.mark.parametrize("policy", [name for name in OWN if "strong" not in name])
@pytest.mark.parametrize(
    ("dtype", "channels"), [("uint8", 1), ("uint16", 5), ("int16", 5), ("float32", 5), ("uint16", 64)]
)
def test_every_channel_of_any_type_is_moved_alike_and_no_value_is_changed(
    policy: str, dtype: str, channels: int
) -> None:
    values = np.random.default_rng(0).uniform(-30000, 30000, (6, 16, 16, channels))
    images = (np.abs(values) if dtype.startswith("u") else values).astype(dtype)
    rows = np.arange(6)
    together = augment(images, policy, seed=3, epoch=1, rows=rows)
    assert (together.dtype, together.shape) == (images.dtype, images.shape)
    for channel in range(channels):
        alone = augment(images[..., channel : channel + 1], policy, seed=3, epoch=1, rows=rows)
        assert np.array_equal(together[..., channel : channel + 1], alone)
    if "+strong" in policy:  # which changes intensities
        return
    for before, after in zip(images, together, strict=True):
        assert set(after.ravel().tolist()) <= set(before.ravel().tolist())
