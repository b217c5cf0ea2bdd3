"""Which channels, which intensities: chosen once, from the training images, and then the same for every image."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image

from leadline.data.cache import ImageCache
from leadline.data.image import ImageError
from leadline.data.preprocessing import Preprocessing, geometry, measured
from leadline.data.reading import Reading
from leadline.data.sources.scan import scan
from leadline.errors import LeadlineError, UsageError

TYPES = {
    "uint8": (0, 255),
    "uint16": (0, 4095),
    "int16": (-2000, 2000),
    "float32": (-3.0, 4095.0),
}


def noise(dtype: str, *shape: int, seed: int = 0) -> NDArray[Any]:
    low, high = TYPES[dtype]
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def normalised(preprocessing: Preprocessing, images: NDArray[Any]) -> NDArray[np.float32]:
    """(images, size, size, channels), as the network gets it but for the order of the axes."""
    return preprocessing.normalise(torch.from_numpy(images)).permute(0, 2, 3, 1).numpy()


def write(folder: Path, images: dict[str, NDArray[Any]]) -> Path:
    """TIFFs of (channels, height, width); the classes are named by the first letter."""
    for name, values in images.items():
        (folder / name[0]).mkdir(parents=True, exist_ok=True)
        options = {"photometric": "minisblack", "metadata": {"axes": "CYX"}} if len(values) > 1 else {}
        tifffile.imwrite(folder / name[0] / f"{name}.tif", values if len(values) > 1 else values[0], **options)
    return folder


@pytest.mark.parametrize("dtype", TYPES)
def test_nothing_is_clipped_unasked(dtype: str) -> None:
    images = noise(dtype, 30, 8, 8, 2)
    preprocessing = measured(Preprocessing(2, dtype, 8), images)
    values = images.astype(float)
    expected = (values - values.mean(axis=(0, 1, 2))) / values.std(axis=(0, 1, 2))
    np.testing.assert_allclose(normalised(preprocessing, images), expected, rtol=1e-3, atol=1e-3)
    beyond = images + np.array(TYPES[dtype][1], dtype)  # where a type allows it, twice as bright as any seen
    if dtype != "uint8":
        expected = (beyond.astype(float) - values.mean(axis=(0, 1, 2))) / values.std(axis=(0, 1, 2))
        np.testing.assert_allclose(normalised(preprocessing, beyond), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1e6])
def test_floats_of_any_magnitude_are_normalised(factor: float) -> None:
    images = (noise("float32", 30, 8, 8, 1) * factor).astype(np.float32)
    found = normalised(measured(Preprocessing(1, "float32", 8), images), images)
    assert abs(found.mean()) < 1e-3
    assert found.std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("dtype", TYPES)
def test_a_constant_channel_becomes_zero_and_stays_small_elsewhere(dtype: str) -> None:
    images = np.full((3, 8, 8, 1), 77, dtype=dtype)
    preprocessing = measured(Preprocessing(1, dtype, 8), images)
    assert preprocessing.std == (1.0,)
    assert np.abs(normalised(preprocessing, images)).max() < 1e-4
    assert np.abs(normalised(preprocessing, images + images.dtype.type(1))).max() <= 1.001


@pytest.mark.parametrize("dtype", TYPES)
def test_a_range_is_clipped_and_becomes_zero_to_one_before_mean_and_std_are_measured(dtype: str) -> None:
    low, high = (np.array(TYPES[dtype]) * 0.5).tolist()
    images = noise(dtype, 30, 8, 8, 2)
    preprocessing = measured(
        Preprocessing(2, dtype, 8, intensity=f"range {low} {high}", low=(low,) * 2, high=(high,) * 2), images
    )
    scaled = np.clip((images.astype(float) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(preprocessing.mean, scaled.mean(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(preprocessing.std, scaled.std(axis=(0, 1, 2)), atol=1e-6)
    expected = (scaled - scaled.mean(axis=(0, 1, 2))) / scaled.std(axis=(0, 1, 2))
    np.testing.assert_allclose(normalised(preprocessing, images), expected, atol=1e-4)


@pytest.mark.parametrize("dtype", TYPES)
def test_percentiles_are_those_of_each_channel(dtype: str) -> None:
    images = noise(dtype, 30, 8, 8, 3)
    images[..., 1] //= 3
    preprocessing = measured(Preprocessing(3, dtype, 8, intensity="percentile 2 97.5"), images)
    for channel in range(3):
        ordered = np.sort(images[..., channel].astype(float), axis=None)
        for found, share in ((preprocessing.low[channel], 0.02), (preprocessing.high[channel], 0.975)):
            position = share * (len(ordered) - 1)
            assert ordered[int(np.floor(position))] - 1e-3 <= found <= ordered[int(np.ceil(position))] + 1e-3
        clipped = normalised(preprocessing, images)[..., channel]
        assert (clipped == clipped.min()).mean() == pytest.approx(0.02, abs=0.02)
        assert (clipped == clipped.max()).mean() == pytest.approx(0.025, abs=0.02)


def test_equal_percentiles_are_refused() -> None:
    images = noise("uint16", 30, 8, 8, 2)
    images[..., 1] = 0
    images[0, 0, 0, 1] = 5
    for select, named in (((), 1), ((2, 7), 7)):
        with pytest.raises(LeadlineError, match=rf"of channel {named} of the training images are 0; .*--channels"):
            measured(Preprocessing(2, "uint16", 8, select=select, intensity="percentile 1 99"), images)


def test_what_was_measured_survives_json_and_a_classifier_of_before_is_read() -> None:
    made = measured(
        Preprocessing(2, "uint16", 8, select=(4, 0), project="max", intensity="percentile 1 99", names=()),
        noise("uint16", 5, 8, 8, 2),
    )
    assert Preprocessing.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    before = {"channels": 1, "dtype": "uint8", "size": 28, "mean": [0.25], "std": [0.5]}
    read = Preprocessing.from_dict(before)
    assert read == Preprocessing(1, "uint8", 28, mean=(0.25,), std=(0.5,))
    assert (read.select, read.project, read.intensity, read.low) == ((), "", "dtype", ())
    assert normalised(read, np.full((1, 2, 2, 1), 255, np.uint8)).tolist() == [[[[1.5]] * 2] * 2]


def test_the_channels_that_are_asked_for_are_cached_in_their_order_and_type(tmp_path: Path) -> None:
    images = {name: noise("int16", 5, 12, 12, seed=number) for number, name in enumerate(("a0", "b0"))}
    manifest = scan(write(tmp_path, images))
    cache = ImageCache(manifest, geometry(manifest, size=12, reading=Reading(channels="4,1")))
    found = cache.take(np.arange(2))[0]
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found.transpose(0, 3, 1, 2), [values[[4, 1]] for values in images.values()])
    keys = {
        ImageCache(manifest, geometry(manifest, size=12, reading=reading)).folder
        for reading in (Reading(), Reading(channels="4,1"), Reading(channels="1,4"), Reading(project="max"))
    }
    assert len(keys) == 4
    scaled = geometry(manifest, size=12, reading=Reading(channels="4,1", intensity="range 0 5"))
    assert ImageCache(manifest, scaled).folder == cache.folder, "intensities are scaled on the device, not in the cache"


def test_selected_channels_must_be_there(tmp_path: Path) -> None:
    counts = {"a0": 5, "a1": 3, "b0": 5}
    images = {name: noise("uint16", count, 8, 8, seed=number) for number, (name, count) in enumerate(counts.items())}
    root = write(tmp_path, images)
    manifest = scan(root)
    assert geometry(manifest, size=8, reading=Reading(channels="2,0")).channels == 2
    with pytest.raises(LeadlineError, match=r"--channels 4,0 \(counted from 0\) .* 1 with 3 of uint16, such as a/a1"):
        geometry(manifest, size=8, reading=Reading(channels="4,0"))
    with pytest.raises(UsageError, match="numbered from 0"):
        geometry(manifest, size=8, reading=Reading(channels="dna"))
    selecting = geometry(manifest, size=8, reading=Reading(channels="2,0"))
    write(tmp_path / "new", {"one": noise("uint16", 1, 8, 8), "five": noise("float32", 5, 8, 8)})
    for name, reason in (("o/one.tif", "1 channel of uint16"), ("f/five.tif", "5 channels of float32")):
        with pytest.raises(ImageError, match=f"{reason}, but the classifier takes channels 2, 0 .* of uint16"):
            selecting.read(tmp_path / "new" / name)


def test_a_mixture_is_refused_with_the_counts_the_files_and_the_way_out(tmp_path: Path) -> None:
    five = {
        f"{label}{number}": noise("uint16", 5, 8, 8, seed=ord(label) + number * 9)
        for label in "ab"
        for number in range(2)
    }
    depths = write(tmp_path / "depths", {**five, "a9": noise("uint8", 5, 8, 8)})
    with pytest.raises(LeadlineError) as caught:
        geometry(scan(depths), size=8)
    assert (
        "4 with 5 of uint16, such as a/a0.tif; 1 with 5 of uint8, such as a/a9.tif; save them all as one type"
        in str(caught.value)
    )
    counts = write(tmp_path / "counts", {**five, "a9": noise("uint16", 3, 8, 8)})
    with pytest.raises(
        LeadlineError, match=r"1 with 3 of uint16, such as a/a9.tif; take channels that all .* --channels 0,1,2"
    ):
        geometry(scan(counts), size=8)
    assert geometry(scan(counts), size=8, reading=Reading(channels="0,1,2")).select == (0, 1, 2)


def test_grey_among_colour_is_colour_but_the_first_channel_of_both_is_one(tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        Image.fromarray(noise("uint8", 8, 8, seed=ord(label))).save(tmp_path / label / "grey.png")
        Image.fromarray(noise("uint8", 8, 8, 3, seed=ord(label))).save(tmp_path / label / "colour.png")
    manifest = scan(tmp_path)
    assert geometry(manifest, size=8).channels == 3
    first = geometry(manifest, size=8, reading=Reading(channels="0"))
    np.testing.assert_array_equal(first.read(tmp_path / "a" / "colour.png")[..., 0],
                                  np.asarray(Image.open(tmp_path / "a" / "colour.png"))[..., 0])  # fmt: skip
    with pytest.raises(LeadlineError, match="2 with 1 of uint8"):
        geometry(manifest, size=8, reading=Reading(channels="1"))


@pytest.mark.parametrize("project", ["max", "mean"])
def test_a_stack_is_projected_alike_when_it_is_scanned_trained_on_and_predicted(tmp_path: Path, project: str) -> None:
    stacks = {label: noise("uint16", 4, 2, 10, 10, seed=ord(label)) for label in "ab"}
    for label, values in stacks.items():
        (tmp_path / label).mkdir()
        tifffile.imwrite(tmp_path / label / "0.tif", values, photometric="minisblack", metadata={"axes": "ZCYX"})
    assert set(scan(tmp_path).table["error"]) == {
        "is a stack of 4 planes in depth; say how to project it: --project max or mean"
    }
    reading = Reading(project=project, channels="1")
    manifest = scan(tmp_path, reading=reading)
    assert manifest.notes == (f"2 images: {project} of 4 planes in depth",)
    found = geometry(manifest, size=10, reading=reading).read(tmp_path / "b" / "0.tif")[..., 0]
    expected = stacks["b"][:, 1].max(axis=0) if project == "max" else np.rint(stacks["b"][:, 1].mean(axis=0))
    np.testing.assert_array_equal(found, expected)


def test_it_normalises_a_view_as_it_does_a_copy() -> None:
    pixels = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8).permute(0, 2, 3, 1)
    how = Preprocessing(3, "uint8", 5, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    expected = (pixels.float() / 255 - torch.tensor(how.mean)) / torch.tensor(how.std)
    for images in (pixels, pixels.contiguous(), pixels.float()):
        before = images.clone()
        torch.testing.assert_close(how.normalise(images), expected.permute(0, 3, 1, 2))
        assert torch.equal(images, before)
