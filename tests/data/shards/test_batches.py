"""Training images from shards: the same pixels as from files, shared among processes, from any batch on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leadline.data.augment.apply import augment
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing
from leadline.data.shards import batches as module
from leadline.data.shards.batches import Stream, StreamedBatches
from leadline.data.shards.finding import find_shards
from leadline.data.shards.held_out import shard_manifest
from leadline.data.shards.index import INDEX, ShardIndex
from leadline.data.shards.members import records
from leadline.data.shards.tar_files import write_shards
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import DataError, LeadlineError

from ...conftest import MakeImages
from .shared import picture, sample, served, write_set, write_tar

pytest.importorskip("datasets")
DECODING = Preprocessing(1, "uint8", 12)


def streamed(folder: Path | str, **changes: object) -> StreamedBatches:
    return replace(StreamedBatches(Stream(find_shards(folder), DECODING), 8, 3, "shift", 12), **changes)  # type: ignore[arg-type]


def pixels(batches: StreamedBatches, epoch: int = 0, start: int = 0) -> list[np.ndarray]:
    return [batch.images.numpy() for batch in batches.epoch(epoch, start=start)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", [9, 14, 3, 20, 11, 8, 9, 12, 30, 7, 5, 16])


def test_batches_are_the_files_pixels_augmented_by_their_number(folder: Path) -> None:
    batches = streamed(folder)
    stream, order = batches.stream, batches.stream.order(seed=3, epoch=1)
    numbers = [record for shard in stream.index.shards if "train" in shard.images for record in records(shard.file)]
    found = list(batches.epoch(1))
    assert len(found) == len(batches)
    expected = np.stack([DECODING.decode(numbers[number].content, Path("x")) for number in order])
    expected = augment(expected, "shift", seed=3, epoch=1, rows=order, size=12)
    assert (np.concatenate([batch.images.numpy() for batch in found]) == expected).all()
    labels = [stream.index.classes[label] for batch in found for label in batch.labels.tolist()]
    assert labels == [numbers[number].label for number in order]


@pytest.mark.parametrize("count", [2, 3])
def test_processes_share_every_batch(folder: Path, count: int) -> None:
    """Disjoint shares whose union is the batch of one process, whatever its size."""
    whole = pixels(streamed(folder), epoch=2)
    shares = [pixels(streamed(folder, share=(rank, count)), epoch=2) for rank in range(count)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
        together = sorted(image.tobytes() for part in parts for image in part)
        assert together == sorted(image.tobytes() for image in batch)
    assert len({image.tobytes() for batch in whole for image in batch}) == sum(map(len, whole))


def test_of_two_processes_each_reads_about_half_of_the_shards(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [4] * 46)
    with served(folder) as (url, asked):
        batches = streamed(url + "/part-{0000..0045}.tar", batch_size=7)
        training = sum("train" in shard.images for shard in batches.stream.index.shards)
        for rank in range(2):
            asked.clear()
            pixels(replace(batches, share=(rank, 2)))
            assert len(set(asked)) == training / 2


def test_from_any_batch_on_the_rest_of_the_epoch_is_the_same(folder: Path) -> None:
    for share in ((0, 1), (1, 2)):
        batches = streamed(folder, share=share)
        whole = pixels(batches, epoch=1)
        for start in (1, 7, len(whole) - 1, len(whole)):
            rest = pixels(batches, epoch=1, start=start)
            assert len(rest) == len(whole) - start
            assert all((one == other).all() for one, other in zip(rest, whole[start:], strict=True))


def test_shards_that_were_passed_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small buffer, in the second half of an epoch."""
    monkeypatch.setattr(module, "order_of", lambda *given, **options: order_of(*given, **options, buffer=8))
    order_of = __import__("leadline.data.shards.order", fromlist=["order_of"]).order_of
    folder = write_set(tmp_path / "set", [4] * 40)
    with served(folder) as (url, asked):
        batches = streamed(url + "/part-{0000..0039}.tar")
        asked.clear()
        pixels(batches, start=len(batches) // 2)
        assert len(set(asked)) <= 28 / 2 + 8


def test_an_image_that_cannot_be_decoded_is_missing_from_its_batch(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [6, 6, 6])
    for file in folder.iterdir():
        write_tar(
            folder / f"x{file.name}", sample(100) | {"0101.png": picture(1)[:60], "0101.json": {"label": "light"}}
        )
        file.unlink()
    batches = streamed(folder)
    (batch,) = batches.epoch(0)
    assert (len(batch.images), batch.whole) == (1, 1)
    assert list(batches.stream.names.values()) == ["0101.png"]
    for file in folder.iterdir():
        write_tar(file, {"0101.png": picture(1)[:60], "0101.json": {"label": "light"}})
    with pytest.raises(DataError, match=r"none of 1 training images .*0101\.png"):
        list(streamed(folder).epoch(0))


def test_shards_hold_the_images_own_bytes_and_what_is_known_of_them(make_images: MakeImages, tmp_path: Path) -> None:
    manifest = split(scan(make_images(count=20)))
    index = write_shards(manifest, tmp_path / "shards", megabytes=0.02)
    assert ShardIndex.from_json((tmp_path / "shards" / INDEX).read_bytes(), file="") == index
    assert len(index.shards) > 5
    found = [
        (record.content, record.label, record.split)
        for shard in index.shards
        for record in records(str(tmp_path / "shards" / shard.file))
    ]
    rows = manifest.usable.select("path", "label", "split").iter_rows()
    assert sorted(found) == sorted(((manifest.root / path).read_bytes(), label, name) for path, label, name in rows)
    for shard in index.shards:
        assert (tmp_path / "shards" / shard.file).stat().st_size == shard.bytes < 0.05e6
    assert index == write_shards(manifest, tmp_path / "again", megabytes=0.02)


def test_an_image_that_changed_before_it_was_written_is_named(make_images: MakeImages, tmp_path: Path) -> None:
    manifest = split(scan(make_images(count=20)))
    (manifest.root / manifest.table["path"][3]).write_bytes(picture(1))
    with pytest.raises(LeadlineError, match="has changed since it was examined"):
        write_shards(manifest, tmp_path / "shards")
    assert not list(tmp_path.glob("shards*"))


def test_the_manifest_has_the_held_out_images_as_files_and_the_counts_of_the_others(
    make_images: MakeImages, tmp_path: Path
) -> None:
    of_files = split(scan(make_images(count=20)))
    write_shards(of_files, tmp_path / "shards", megabytes=0.02)
    manifest = shard_manifest(find_shards(tmp_path / "shards"))
    manifest.write(tmp_path / "manifest.parquet")
    assert Manifest.read(tmp_path / "manifest.parquet").shards == manifest.shards
    for name in ("train", "validation", "test"):
        assert manifest.labels(name) == of_files.labels(name)
    held_out = of_files.usable.filter(of_files.usable["split"] != "train")
    assert sorted(manifest.table["sha256"]) == sorted(held_out["sha256"])
    assert all(path.is_file() for path in manifest.paths())
