"""The papers' augmentations cut, mirror and recolour as published, each image by its own key."""

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms import RandomResizedCrop

from leadline.data.augment import papers
from leadline.data.augment.apply import augment
from leadline.data.augment.papers import TABLE, Colours, colours_of, decoded_size, publish
from leadline.data.augment.policies import POLICIES
from leadline.data.keyed import uniforms
from leadline.data.preprocessing import Preprocessing, measured, rescale

GREY = Colours((7.0,))


def colourful(count: int = 20, size: int = 12, seed: int = 0) -> np.ndarray:
    """Images of correlated colours, away from the ends of the type."""
    random = np.random.default_rng(seed)
    mixed = random.normal(0, 12, (count, size, size, 3)) @ random.normal(0, 1, (3, 3))
    return (128 + mixed).clip(20, 235).astype(np.uint8)


def applied(images: np.ndarray, policy: str, size: int, colours: Colours, **given: int) -> np.ndarray:
    rows = np.arange(len(images)) + given.get("first", 0)
    return publish(
        images, policy, size=size, colours=colours, seed=given.get("seed", 0), epoch=given.get("epoch", 0), rows=rows
    )


def test_every_paper_is_a_policy() -> None:
    assert set(TABLE) < set(POLICIES)


@pytest.mark.parametrize("policy", TABLE)
@pytest.mark.parametrize(
    ("dtype", "channels"), [("uint8", 3), ("uint8", 1), ("uint16", 5), ("float32", 3), ("int16", 2)]
)
def test_what_happens_to_an_image_depends_on_its_key_alone(policy: str, dtype: str, channels: int) -> None:
    decoded = decoded_size(policy, 16)
    images = np.random.default_rng(0).integers(0, 200, (10, decoded, decoded, channels)).astype(dtype)
    colours = Colours((90.0,) * channels, tuple(map(tuple, np.eye(3) * 20)) if channels == 3 else ())
    whole = applied(images, policy, 16, colours)
    assert (whole.shape, whole.dtype) == ((10, 16, 16, channels), images.dtype)
    assert np.array_equal(applied(images[4:7], policy, 16, colours, first=4), whole[4:7])
    assert not np.array_equal(applied(images, policy, 16, colours, epoch=1), whole)
    assert not np.array_equal(applied(images, policy, 16, colours, seed=1), whole)
    by_name = augment(images, policy, seed=0, epoch=0, rows=np.arange(10), size=16, colours=colours)
    assert np.array_equal(by_name, whole)


def test_cifar_pads_four_pixels_of_the_mean_and_reaches_every_place() -> None:
    images = np.zeros((4000, 32, 32, 1), dtype=np.uint8)
    images[:, 10, 6] = 200
    changed = applied(images, "cifar", 32, GREY)
    assert set(np.unique(changed)) == {0, 7, 200}
    places = {tuple(place) for place in np.argwhere(changed[..., 0] == 200)[:, 1:]}
    down, across = range(10 - 4, 10 + 5), range(6 - 4, 6 + 5)
    assert places == {(y, x) for y in down for x in [*across, *(31 - x for x in across)]}
    mirrored = np.mean(np.argwhere(changed[..., 0] == 200)[:, 2] > 16)
    assert mirrored == pytest.approx(0.5, abs=0.03)
    normalised = Preprocessing(1, "uint8", 32, mean=(7 / 255,), std=(0.2,)).normalise(torch.from_numpy(changed))
    assert normalised[torch.from_numpy(changed[:, None, :, :, 0] == 7)].abs().max() < 1e-6


@pytest.mark.parametrize(("size", "decoded"), [(224, 256), (32, 37), (64, 73)])
def test_alexnet_cuts_without_resizing_from_every_place(size: int, decoded: int) -> None:
    assert decoded_size("alexnet", size) == decoded
    y, x = np.mgrid[:decoded, :decoded]
    image = np.stack([y, x], axis=2).astype(np.uint16)
    boxes = papers.squares(uniforms(np.arange(20_000), "boxes", draws=8), TABLE["alexnet"], decoded)
    assert set(map(tuple, boxes[:, 2:])) == {(size, size)}
    assert len(set(map(tuple, boxes[:, :2]))) > 0.99 * (decoded - size + 1) ** 2
    assert set(boxes[:, 0]) == set(boxes[:, 1]) == set(range(decoded - size + 1))
    cut = applied(image[None], "alexnet", size, Colours((0.0, 0.0)))[0]
    assert len(np.unique(cut[..., 0])) == size
    assert (np.diff(cut[..., 0].astype(int), axis=0) == 1).all()


@pytest.mark.parametrize(("policy", "largest"), [("vgg", 512), ("resnet", 480)])
def test_scales_are_drawn_evenly_between_the_papers(policy: str, largest: int) -> None:
    assert decoded_size(policy, 224) == largest
    boxes = papers.squares(uniforms(np.arange(20_000), "boxes", draws=8), TABLE[policy], largest)
    short_sides = largest * 224 / boxes[:, 2]
    # A box has a whole number of pixels, which moves a scale by less than two of its own.
    assert stats.kstest(short_sides, "uniform", (256, largest - 256)).statistic < 0.02
    assert (boxes[:, :2] + boxes[:, 2:] <= largest).all()
    assert boxes[:, :2].min() == 0


def test_areas_and_shapes_are_those_of_torchvision() -> None:
    decoded, count = 384, 8000
    draws = uniforms(np.arange(count), "shapes", draws=40).reshape(count, 10, 4)
    boxes = papers.any_shapes(draws, decoded)
    torch.manual_seed(0)
    image = torch.empty(1, decoded, decoded)
    theirs = np.array([RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(count)])
    for measure in (
        lambda found: found[:, 2] * found[:, 3],
        lambda found: found[:, 3] / found[:, 2],
        lambda found: found[:, 0],
        lambda found: found[:, 1],
    ):
        assert stats.ks_2samp(measure(boxes), measure(theirs)).pvalue > 0.001
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= decoded).all()
    shares, ratios = boxes[:, 2] * boxes[:, 3] / decoded**2, boxes[:, 3] / boxes[:, 2]
    # Sides are whole pixels, which moves an area by up to 1 %.
    assert 0.079 < shares.min() < 0.083
    assert 0.97 < shares.max() <= 1
    assert (ratios.min(), ratios.max()) == pytest.approx((3 / 4, 4 / 3), rel=0.01)


def test_a_shape_that_never_fits_becomes_the_whole_image() -> None:
    draws = np.full((1, 10, 4), 0.999)
    assert papers.any_shapes(draws, 100).tolist() == [[0, 0, 100, 100]]


def test_a_crop_is_the_same_part_resized() -> None:
    decoded = decoded_size("googlenet", 24)
    images = np.random.default_rng(0).integers(0, 255, (30, decoded, decoded, 3)).astype(np.uint8)
    found = applied(images, "googlenet", 24, Colours((0.0,) * 3))
    boxes = papers.any_shapes(uniforms(np.arange(30), "shapes", 0, 0, draws=40).reshape(30, 10, 4), decoded)
    for image, (top, left, height, width), one in zip(images, boxes, found, strict=True):
        expected = rescale(image[top : top + height, left : left + width], 24, 24)
        assert np.array_equal(one, expected) or np.array_equal(one, expected[:, ::-1])


def measured_on(images: np.ndarray, **given: object) -> Colours:
    kind = Preprocessing(images.shape[3], str(images.dtype), images.shape[1], **given)  # type: ignore[arg-type]
    return colours_of(images, measured(kind, images))


def test_axes_are_numpys_eigenvectors_of_the_covariance_times_the_deviation() -> None:
    images = colourful()
    colours = measured_on(images)
    covariance = np.cov(images.reshape(-1, 3).astype(float), rowvar=False, bias=True)
    axes = np.array(colours.axes)
    assert np.allclose(axes.T @ axes, covariance, rtol=1e-6)
    values, vectors = np.linalg.eigh(covariance)
    assert np.allclose((axes**2).sum(axis=1), values[::-1])
    cosines = np.abs((axes / np.linalg.norm(axes, axis=1, keepdims=True) * vectors.T[::-1]).sum(axis=1))
    assert np.allclose(cosines, 1)
    assert colours.mean == pytest.approx(images.mean(axis=(0, 1, 2)), abs=1e-3)


def test_colours_are_in_the_images_own_units_whatever_becomes_zero_and_one() -> None:
    images = colourful().astype(np.uint16) * 16
    plain = measured_on(images)
    ranged = measured_on(images, intensity="range 0 4095", low=(0.0,) * 3, high=(4095.0,) * 3)
    assert ranged.mean == pytest.approx(plain.mean, rel=1e-3)
    assert np.allclose(ranged.axes, plain.axes, rtol=1e-3)


def test_noise_has_a_hundredth_of_the_covariance_and_is_one_draw_per_image() -> None:
    colours = measured_on(colourful())
    count = 20_000
    even = np.full((count, 2, 2, 3), 100, dtype=np.float32)
    draws = uniforms(np.arange(count), "noise", draws=4)
    noise = papers.recoloured(even, colours, draws) - 100
    assert (noise == noise[:, :1, :1]).all()
    axes = np.array(colours.axes)
    found = np.cov(noise[:, 0, 0].astype(float), rowvar=False)
    expected = 0.01 * axes.T @ axes
    assert np.abs(found - expected).max() < 0.04 * expected.max()
    assert np.abs(noise.mean(axis=(0, 1, 2))).max() < 0.03 * np.sqrt(expected.max())
    along = noise[:, 0, 0] @ np.linalg.inv(axes) / 0.1
    for axis in range(3):
        assert stats.kstest(along[:, axis], "norm").pvalue > 0.001
    assert np.abs(np.corrcoef(along, rowvar=False) - np.eye(3)).max() < 0.03


def test_whole_numbers_do_not_wrap_around_when_recoloured() -> None:
    images = np.random.default_rng(0).choice([0, 255], (200, 4, 4, 3)).astype(np.uint8)
    colours = Colours((128.0,) * 3, tuple(map(tuple, np.eye(3) * 200)))
    draws = uniforms(np.arange(200), "noise", draws=4)
    as_floats = papers.recoloured(images.astype(np.float32), colours, draws)
    assert as_floats.max() > 260
    assert np.array_equal(papers.recoloured(images, colours, draws), np.clip(np.rint(as_floats), 0, 255))


def test_colour_noise_is_for_three_channels_only() -> None:
    images = np.random.default_rng(0).integers(0, 4000, (5, 37, 37, 4)).astype(np.uint16)
    colours = measured_on(images)
    assert colours.axes == ()
    cut = applied(images, "alexnet", 32, colours)
    assert set(cut.ravel().tolist()) <= set(images.ravel().tolist())
