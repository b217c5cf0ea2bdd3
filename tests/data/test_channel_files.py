"""Channels in files of their own, named by a table with a column per channel."""

import hashlib
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile

from leadline.data.audit.pixels import look_at
from leadline.data.cache import ImageCache
from leadline.data.image import ImageError
from leadline.data.loader import files
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing, geometry
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.sources.scan import image_table, scan
from leadline.errors import LeadlineError, UsageError

NAMES = ("dna", "er", "rna")
IMAGES = 4


def plane(image: int, channel: int) -> np.ndarray:
    return np.random.default_rng(10 * image + channel).integers(0, 4096, (20, 24)).astype(np.uint16)


def whole(image: int) -> np.ndarray:
    return np.stack([plane(image, channel) for channel in range(len(NAMES))])


def write_table(file: Path, columns: dict[str, list[str]]) -> Path:
    labels = ["a" if image < IMAGES // 2 else "b" for image in range(IMAGES)]
    pl.DataFrame({**columns, "label": labels}).write_csv(file)
    return file


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four images of two classes, each with three grey files in a folder per channel."""
    for channel, name in enumerate(NAMES):
        (tmp_path / name).mkdir()
        for image in range(IMAGES):
            tifffile.imwrite(tmp_path / name / f"{image}.tif", plane(image, channel))
    columns = {f"path:{name}": [f"{name}/{image}.tif" for image in range(IMAGES)] for name in NAMES}
    return write_table(tmp_path / "table.csv", columns)


def pixels(manifest: Manifest, reading: Reading = AS_IT_IS, size: int = 20) -> np.ndarray:
    """(images, channels, size, size) as they are decoded for a training."""
    preprocessing = geometry(manifest, size=size, reading=reading)
    (decoded,) = files(manifest.files(), preprocessing, batch_size=100)
    assert not any(decoded.errors)
    return decoded.pixels.transpose(0, 3, 1, 2)


def test_the_files_of_an_image_are_its_channels(table: Path) -> None:
    manifest = scan(table)
    assert manifest.channel_names == NAMES
    assert manifest.table["path"].to_list() == [f"dna/{image}.tif" for image in range(IMAGES)]
    assert manifest.table["files"][1].to_list() == ["er/1.tif", "rna/1.tif"]
    assert manifest.table.select("width", "height", "channels", "dtype").row(0) == (24, 20, 3, "uint16")
    np.testing.assert_array_equal(pixels(manifest), [whole(image)[:, :, 2:22] for image in range(IMAGES)])


def test_the_same_channels_in_one_file_give_the_same_pixels(table: Path, tmp_path: Path) -> None:
    for image in range(IMAGES):
        home = tmp_path / "whole" / ("a" if image < IMAGES // 2 else "b")
        home.mkdir(parents=True, exist_ok=True)
        options = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
        tifffile.imwrite(home / f"{image}.ome.tif", whole(image), ome=True, **options)
    for reading in (Reading(), Reading(channels="2,0")):
        apart, together = scan(table, reading=reading), scan(tmp_path / "whole", reading=reading)
        np.testing.assert_array_equal(pixels(apart, reading, size=11), pixels(together, reading, size=11))


@pytest.mark.parametrize("said", ["rna,dna", "2,0"])
def test_only_the_channels_that_are_asked_for_are_opened_in_that_order(table: Path, said: str) -> None:
    for file in (table.parent / "er").iterdir():
        file.unlink()
    reading = Reading(channels=said)
    manifest = scan(table, reading=reading)
    assert manifest.channel_names == ("rna", "dna")
    np.testing.assert_array_equal(pixels(manifest, reading), [whole(image)[[2, 0], :, 2:22] for image in range(IMAGES)])
    with pytest.raises(UsageError, match="choose among the channels dna, er, rna"):
        scan(table, reading=Reading(channels="dna,mito"))


def test_the_hash_is_of_all_files(table: Path) -> None:
    before = scan(table)
    contents = [(table.parent / name / "1.tif").read_bytes() for name in NAMES]
    digests = b"".join(hashlib.sha256(content).digest() for content in contents)
    assert before.table["sha256"][1] == hashlib.sha256(digests).hexdigest()
    tifffile.imwrite(table.parent / "rna" / "1.tif", plane(99, 2))
    after = scan(table)
    assert (before.table["sha256"] != after.table["sha256"]).to_list() == [False, True, False, False]
    assert before.fingerprint != after.fingerprint


def test_a_file_that_does_not_fit_is_named(table: Path) -> None:
    root = table.parent
    (root / "er" / "0.tif").unlink()
    tifffile.imwrite(root / "rna" / "1.tif", plane(1, 2)[:, :-1])
    tifffile.imwrite(root / "er" / "2.tif", plane(2, 1).astype(np.uint8))
    tifffile.imwrite(root / "rna" / "3.tif", np.stack([plane(3, 2)] * 3, 2), photometric="rgb")
    manifest = scan(table)
    assert manifest.table["error"].to_list() == [
        "er/0.tif: no such file",
        "rna/1.tif: has 23 × 20 pixels of uint16, but the file of the image's first channel has 24 × 20 pixels of "
        "uint16",
        "er/2.tif: has 24 × 20 pixels of uint8, but the file of the image's first channel has 24 × 20 pixels of uint16",
        "rna/3.tif: has 3 channels, and the file of one channel is expected to have one; save it as grey",
    ]
    preprocessing = Preprocessing(3, "uint16", 20, names=NAMES)
    (decoded,) = files(manifest.files(), preprocessing, batch_size=100)
    assert decoded.errors[1:] == manifest.table["error"].to_list()[1:]
    assert decoded.errors[0] == "er/0.tif: no such file"
    assert len(decoded.pixels) == 0


def test_the_cache_holds_all_channels_and_names_the_file_that_cannot_be_decoded(table: Path) -> None:
    manifest = scan(table)
    (table.parent / "er" / "2.tif").unlink()
    cache = ImageCache(manifest, geometry(manifest, size=20))
    images, readable = cache.take(np.arange(IMAGES))
    assert readable.tolist() == [True, True, False, True]
    np.testing.assert_array_equal(images[3].transpose(2, 0, 1), whole(3)[:, :, 2:22])
    assert cache.errors[2].startswith("er/2.tif: ")


def test_the_tables_of_cellprofiler_are_understood(table: Path) -> None:
    root = table.parent
    columns = {"Metadata_Well": ["A01"] * IMAGES}
    for name in ("rna", "dna"):
        columns |= {
            f"FileName_{name}": [f"{image}.tif" for image in range(IMAGES)],
            f"PathName_{name}": [f"{root / name}/"] * IMAGES,  # with a slash or without
        }
    manifest = scan(write_table(root / "load_data.csv", columns))
    assert manifest.channel_names == ("rna", "dna")
    assert manifest.table["path"][0] == str(root / "rna" / "0.tif")
    np.testing.assert_array_equal(pixels(manifest), [whole(image)[[2, 0], :, 2:22] for image in range(IMAGES)])


def test_a_column_of_a_persons_own_is_not_taken_for_ours(table: Path) -> None:
    columns = {"path": [f"dna/{image}.tif" for image in range(IMAGES)], "files": ["er/0.tif"] * IMAGES}
    manifest = scan(write_table(table.parent / "own.csv", columns))
    assert (manifest.channel_names, manifest.table["channels"].to_list()) == ((), [1] * IMAGES)
    assert image_table(table.parent / "own.csv", channel_names=()) == [
        (table.parent / f"dna/{image}.tif",) for image in range(IMAGES)
    ]


def test_a_manifest_keeps_the_files_and_one_of_before_is_read(table: Path, tmp_path: Path) -> None:
    manifest = scan(table)
    manifest.write(tmp_path / "manifest.parquet")
    again = Manifest.read(tmp_path / "manifest.parquet")
    assert again.table.equals(manifest.table)
    assert (again.channel_names, list(again.files())) == (NAMES, list(manifest.files()))
    old = manifest.table.drop("files")
    metadata = {"classes": "a\nb", "root": str(table.parent), "source": "table.csv", "notes": ""}
    old.write_parquet(tmp_path / "old.parquet", metadata=metadata)
    before = Manifest.read(tmp_path / "old.parquet")
    assert before.channel_names == ()
    assert list(before.files()) == [(path,) for path in before.paths()]


def test_the_files_of_images_are_numbered_and_sliced_as_a_list_is(table: Path) -> None:
    manifest = scan(table)
    images, rows = manifest.files(), manifest.table.select("path", "files").rows()
    expected = [tuple(table.parent / name for name in (path, *others)) for path, others in rows]
    assert list(images) == expected
    assert images[-1] == expected[-1]
    assert list(images[1:3]) == expected[1:3]
    with pytest.raises(IndexError):
        images[len(expected)]


def test_bad_tables_are_named_with_a_way_out(table: Path, tmp_path: Path) -> None:
    def refused(text: str, message: str) -> None:
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(LeadlineError, match=message):
            scan(tmp_path / "bad.csv")

    refused("path:dna,path:er,label\ndna/0.tif,er/0.tif,a\ndna/1.tif,,b\n", "row 3 has no path:er")
    refused("path,path:er,label\ndna/0.tif,er/0.tif,a\n", "has both path and path:er; take one of them away")
    refused("path:dna,path:er,label\ndna/0.tif,er/0.tif,a\ndna/0.tif,er/1.tif,b\n", "lists dna/0.tif more than once")
    refused("path:dna,path:er\ndna/0.tif,er/0.tif\n", "has no column label")


def test_a_trained_classifier_finds_its_channels_by_name_in_any_order_and_nowhere_else(
    table: Path, tmp_path: Path
) -> None:
    manifest = scan(table, channel_names=("rna", "er"))
    np.testing.assert_array_equal(pixels(manifest), [whole(image)[[2, 1], :, 2:22] for image in range(IMAGES)])
    with pytest.raises(LeadlineError, match=re.escape("the columns path:dna, path:mito; it has dna, er, rna")):
        scan(table, channel_names=("dna", "mito"))
    with pytest.raises(LeadlineError, match="but the classifier was trained on images with all channels in one file"):
        scan(table, channel_names=())
    for label in "ab":
        (tmp_path / "folder" / label).mkdir(parents=True)
        tifffile.imwrite(tmp_path / "folder" / label / "0.tif", whole(ord(label)), photometric="minisblack",
                         metadata={"axes": "CYX"})  # fmt: skip
    with pytest.raises(LeadlineError, match="folder: the classifier was trained on images with a file per channel"):
        scan(tmp_path / "folder", channel_names=NAMES)
    with pytest.raises(ImageError, match="the classifier's images have a file for each of dna, er, rna"):
        Preprocessing(3, "uint16", 20, names=NAMES).read(tmp_path / "folder" / "a" / "0.tif")


@pytest.mark.parametrize("names", [("dna",), ("dna", "er")])
def test_of_a_file_that_is_too_large_to_be_decoded_nothing_is_read(
    table: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = table.parent / "dna" / "1.tif"
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read") if path == large else read(path))
    reading = Reading(channels=",".join(names))
    with large.open("r+b") as file:
        file.truncate(3 * 2**30)
    (error,) = scan(table, reading=reading).unusable["error"]
    assert error.endswith("the file is larger than 1 GiB; cut it into tiles")


@pytest.mark.parametrize("names", [("dna",), ("dna", "er")])
def test_a_file_that_grew_since_is_not_read_to_be_looked_at(table: Path, names: tuple[str, ...]) -> None:
    manifest = scan(table, reading=Reading(channels=",".join(names)))
    with (table.parent / "dna" / "1.tif").open("r+b") as file:
        file.truncate(3 * 2**30)
    assert [error.endswith("larger than 1 GiB; cut it into tiles") for error in look_at(manifest).errors] == [
        False, True, False, False,
    ]  # fmt: skip
