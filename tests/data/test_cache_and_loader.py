"""Images are decoded once, into batches whose content depends on (seed, epoch, image) alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leadline.data import cache as cache_module
from leadline.data.cache import ImageCache
from leadline.data.loader import TrainingBatches, cached_images, files, work_ahead
from leadline.data.preprocessing import Preprocessing, geometry
from leadline.data.sources.scan import scan
from leadline.progress import Progress

from ..conftest import MakeImages


def filled(root: Path, size: int = 16) -> ImageCache:
    manifest = scan(root)
    cache = ImageCache(manifest, geometry(manifest, size=size))
    cache.fill(np.arange(len(cache.names)))
    return cache


def damage(file: Path) -> None:
    """Overwrite the middle of the file: its header is still right, its pixels cannot be decoded."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    file.write_bytes(content)


def test_the_cache_holds_what_preprocessing_reads(make_images: MakeImages) -> None:
    root = make_images(count=5)
    cache = filled(root)
    images, readable = cache.take(np.arange(10))
    preprocessing = geometry(scan(root), size=16)
    assert readable.all()
    assert np.array_equal(images, np.stack([preprocessing.read(path) for path in scan(root).paths()]))


def test_a_complete_cache_decodes_nothing_again(make_images: MakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_images(count=5)
    first = filled(root)
    images = first.take(np.arange(10))[0]

    def forbidden(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(Preprocessing, "read", forbidden)
    again = filled(root)
    assert again.complete
    assert np.array_equal(again.take(np.arange(10))[0], images)


def test_a_damaged_image_is_reported_and_its_neighbours_keep_their_own_pixels(make_images: MakeImages) -> None:
    root = make_images(count=5, size=64)
    damage(root / "dark" / "002.png")
    for _ in range(2):  # decoded, then from the complete cache
        cache = filled(root)
        images, readable = cache.take(np.arange(10))
        assert np.flatnonzero(~readable).tolist() == [2]
        assert list(cache.errors) == [2]
        preprocessing = geometry(scan(root), size=16)
        assert np.array_equal(images[3], preprocessing.read(root / "dark" / "003.png"))


def test_another_content_or_size_is_another_cache(make_images: MakeImages) -> None:
    root = make_images(count=3)
    first, other_size = filled(root), filled(root, size=20)
    assert first.folder != other_size.folder
    (root / "dark" / "000.png").write_bytes((root / "dark" / "001.png").read_bytes())
    assert filled(root).folder != first.folder


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(
    make_images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = cache_module.shutil.disk_usage("/")
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(cache_module.LeadlineError, match="LEADLINE_CACHE"):
        filled(make_images(count=3), size=19)


def batches(cache: ImageCache, **changes: object) -> TrainingBatches:
    given = {"rows": np.arange(10), "labels": np.arange(10), "batch_size": 4, "seed": 0, "augment": "dihedral"}
    return TrainingBatches(cache, **(given | changes))  # type: ignore[arg-type]


def by_image(source: TrainingBatches, epoch: int) -> dict[int, bytes]:
    return {
        int(label): image.numpy().tobytes()
        for batch in source.epoch(epoch)
        for image, label in zip(batch.images, batch.labels, strict=True)
    }


def test_an_epoch_visits_every_image_once_in_batches_of_nearly_equal_size(make_images: MakeImages) -> None:
    source = batches(filled(make_images(count=5)))
    assert len(source) == 3
    sizes = [len(batch.labels) for batch in source.epoch(0)]
    assert sizes == [4, 3, 3]
    assert sorted(by_image(source, 0)) == list(range(10))


def test_an_image_is_augmented_alike_whatever_the_batch_size_and_the_start(make_images: MakeImages) -> None:
    cache = filled(make_images(count=5))
    whole = by_image(batches(cache), 3)
    assert by_image(batches(cache, batch_size=10), 3) == whole
    late = [batch.labels.tolist() for batch in batches(cache).epoch(3, start=1)]
    assert late == [batch.labels.tolist() for batch in batches(cache).epoch(3)][1:]


def test_epochs_and_seeds_have_their_own_order(make_images: MakeImages) -> None:
    cache = filled(make_images(count=5))
    orders = {tuple(batches(cache, seed=seed).order(epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_files_and_cache_give_the_same_pixels_and_errors(make_images: MakeImages) -> None:
    root = make_images(count=5, size=64)
    damage(root / "light" / "001.png")
    manifest = scan(root)
    cache = filled(root)
    from_cache = list(cached_images(cache, np.arange(10), batch_size=3))
    from_files = list(files(manifest.paths(), geometry(manifest, size=16), batch_size=3))
    for one, other in zip(from_cache, from_files, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert one.errors == other.errors
    assert [bool(error) for part in from_files for error in part.errors] == [number == 6 for number in range(10)]


def test_an_error_in_the_thread_reaches_whoever_waits() -> None:
    def broken():
        yield 1
        raise ValueError("from the thread")

    items = work_ahead(broken)
    assert next(items) == 1
    with pytest.raises(ValueError, match="from the thread"):
        next(items)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_resizing_agrees_with_pillow_plane_by_plane(dtype: str, channels: int) -> None:
    from leadline.data.preprocessing import resize

    pixels = (np.random.default_rng(0).random((40, 52, channels)) * 200).astype(dtype)
    found = resize(pixels, 24)
    assert found.shape == (24, 24, channels)
    assert found.dtype == pixels.dtype
    for channel in range(channels):
        plane = Image.fromarray(pixels[:, 6:46, channel].astype(np.float32)).resize((24, 24), Image.Resampling.BILINEAR)
        assert np.abs(found[..., channel] - np.asarray(plane)).max() <= (1e-4 if dtype == "float32" else 1)


def test_grey_is_read_as_colour_and_grey_colour_as_grey_but_colour_is_refused(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    colour = np.stack([grey, grey, grey[::-1]], axis=2)
    for name, pixels in (("grey", grey), ("grey colour", np.stack([grey] * 3, axis=2)), ("colour", colour)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    as_colour, as_grey = Preprocessing(3, "uint8", 16), Preprocessing(1, "uint8", 16)
    assert np.array_equal(as_colour.read(tmp_path / "grey.png"), np.stack([grey] * 3, axis=2))
    assert np.array_equal(as_grey.read(tmp_path / "grey colour.png")[..., 0], grey)
    with pytest.raises(cache_module.ImageError, match=r"colour.png: 3 channels of uint8, but .* 1 of uint8"):
        as_grey.read(tmp_path / "colour.png")


def test_an_image_that_is_drawn_twice_in_an_epoch_is_changed_in_two_ways(make_images: MakeImages) -> None:
    labels = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1])  # so that the first image is drawn five times
    source = batches(filled(make_images(count=5)), labels=labels, balance="sampling", augment="dihedral+strong")
    seen = [
        image.numpy().tobytes()
        for batch in source.epoch(0)
        for image, label in zip(batch.images, batch.labels, strict=True)
        if label == 0
    ]
    assert len(seen) == 5
    assert len(set(seen)) == 5


def test_a_lost_file_of_pixels_is_made_again_and_not_taken_for_black_images(make_images: MakeImages) -> None:
    root = make_images(count=5)
    first = filled(root)
    images = first.take(np.arange(10))[0]
    assert (first.folder / "decoded.json").is_file()
    (first.folder / "images.bin").unlink()
    again = filled(root)
    assert np.array_equal(again.take(np.arange(10))[0], images)


def test_a_file_that_was_away_for_a_while_is_read_when_it_is_back(make_images: MakeImages) -> None:
    root = make_images(count=5)
    manifest = scan(root)  # decoded at a size of its own, which no other test has cached
    image = root / "dark" / "002.png"
    content = image.read_bytes()
    image.unlink()
    away = ImageCache(manifest, geometry(manifest, size=17))
    assert away.take(np.arange(10))[1].tolist().count(False) == 1
    image.write_bytes(content)
    back = ImageCache(manifest, geometry(manifest, size=17))
    assert back.take(np.arange(10))[1].all()


def test_a_file_that_changed_is_not_kept_under_its_old_content(make_images: MakeImages) -> None:
    root = make_images(count=5)
    manifest = scan(root)
    image, other = root / "dark" / "002.png", root / "light" / "000.png"
    content = image.read_bytes()
    image.write_bytes(other.read_bytes())
    changed = ImageCache(manifest, geometry(manifest, size=18))
    assert changed.take(np.arange(10))[1].tolist() == [True, True, False, *[True] * 7]
    assert "has changed since the data were examined" in changed.errors[2]
    image.write_bytes(content)
    back = ImageCache(manifest, geometry(manifest, size=18))
    assert np.array_equal(back.take(np.array([2]))[0][0], geometry(manifest, size=18).read(image))


@pytest.mark.parametrize("content", [b"", b"{", b"\x93garbage", b"[]", b'{"ready": "ff", "errors": {"99": "x"}}'])
def test_a_damaged_record_means_that_the_images_are_decoded_again(make_images: MakeImages, content: bytes) -> None:
    root = make_images(count=5)
    first = filled(root, size=21)
    images = first.take(np.arange(10))[0]
    (first.folder / "decoded.json").write_bytes(content)
    (first.folder / "images.bin").write_bytes(bytes((first.folder / "images.bin").stat().st_size))
    again = ImageCache(scan(root), geometry(scan(root), size=21))
    assert not again.complete
    assert np.array_equal(again.take(np.arange(10))[0], images)


def test_a_file_of_pixels_that_is_cut_off_is_made_again(make_images: MakeImages) -> None:
    root = make_images(count=5)
    first = filled(root, size=22)
    images = first.take(np.arange(10))[0]
    (first.folder / "images.bin").write_bytes(b"cut off")
    assert np.array_equal(filled(root, size=22).take(np.arange(10))[0], images)


def test_an_interruption_keeps_what_is_decoded_and_only_that(
    make_images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_images(count=40)
    manifest = scan(root)
    decoding = geometry(manifest, size=9)
    cache = ImageCache(manifest, decoding)

    class Impatient(Progress):
        def advance(self, steps: int = 1) -> None:
            if steps:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.fill(np.arange(40), progress=Impatient())
    again = ImageCache(manifest, decoding)
    read: list[Path] = []
    original = Preprocessing.read
    monkeypatch.setattr(Preprocessing, "read", lambda self, files: read.append(files[0]) or original(self, files))
    images, readable = again.take(np.arange(80))
    assert readable.all()
    assert 40 <= len(read) <= 80 - cache_module.CHUNK
    assert np.array_equal(images[79], original(decoding, manifest.paths()[79]))


def test_what_no_use_needs_takes_no_room(make_images: MakeImages) -> None:
    manifest = scan(make_images(count=40))
    cache = ImageCache(manifest, geometry(manifest, size=128))
    cache.fill(np.arange(8))
    found = (cache.folder / "images.bin").stat()
    if not hasattr(found, "st_blocks"):
        pytest.skip("this system does not say how much room a file takes")
    assert found.st_size == 80 * 128 * 128
    assert found.st_blocks * 512 < 20 * 128 * 128
