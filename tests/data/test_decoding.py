"""Before the first step every image is decoded, once, at the size its use needs; what cannot be is named or refused."""

from pathlib import Path

import numpy as np
import pytest

from leadline.data.decoding import DecodedImages
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing, geometry
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress

from ..conftest import MakeImages, Notes
from .test_cache_and_loader import damage


@pytest.fixture
def manifest(make_images: MakeImages) -> Manifest:
    return split(scan(make_images(count=10, size=64)))


def of_split(manifest: Manifest, name: str, label: str | None = None) -> list[Path]:
    rows = manifest.usable.filter(split=name)
    return manifest.paths(rows.filter(label=label) if label else rows)


def opened(manifest: Manifest, *, size: int, training_size: int | None = None, progress: Progress = SILENT):
    decoding = geometry(manifest, size=size)
    return DecodedImages.of(manifest, decoding, training_size=training_size or size, progress=progress)


def test_each_image_is_decoded_once_at_the_size_that_its_use_needs(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: dict[Path, list[int]] = {}
    read = Preprocessing.read

    def counting(self: Preprocessing, files: tuple[Path, ...]) -> np.ndarray:
        decoded.setdefault(files[0], []).append(self.size)
        return read(self, files)

    monkeypatch.setattr(Preprocessing, "read", counting)
    images = opened(manifest, size=16, training_size=30)
    images.sample(np.flatnonzero((manifest.usable["split"] == "train").to_numpy()))
    wanted = {path: [30] for path in of_split(manifest, "train")}
    wanted |= {path: [16] for name in ("validation", "test") for path in of_split(manifest, name)}
    assert decoded == wanted


def test_the_sample_is_of_the_size_that_the_network_works_at(manifest: Manifest) -> None:
    rows = np.flatnonzero((manifest.usable["split"] == "train").to_numpy())[:5]
    larger, same = opened(manifest, size=16, training_size=30), opened(manifest, size=16)
    assert larger.sample(rows).shape == same.sample(rows).shape == (5, 16, 16, 1)
    assert np.array_equal(same.sample(rows), same.training.take(rows)[0])
    assert np.abs(larger.sample(rows).astype(float) - same.sample(rows)).mean() < 10


def test_an_image_that_cannot_be_decoded_is_named_and_the_others_go_on(manifest: Manifest) -> None:
    broken = of_split(manifest, "train", "dark")[0]
    damage(broken)
    manifest = split(scan(manifest.root))  # of the damaged file as it is now
    said = Notes()
    images = opened(manifest, size=17, progress=said)
    assert [images.judged.names[row] for row in images.errors] == [f"dark/{broken.name}"]
    assert any(broken.name in line and "damaged PNG" in line for line in said.notes)


@pytest.mark.parametrize(("name", "label"), [("validation", None), ("test", None), ("train", "light")])
def test_a_split_or_class_of_which_nothing_can_be_decoded_is_refused_again_and_again(
    manifest: Manifest, name: str, label: str | None
) -> None:
    for path in of_split(manifest, name, label):
        damage(path)
    splits = manifest.table.select("path", "split")
    scanned = scan(manifest.root)
    manifest = scanned.with_table(scanned.table.update(splits, on="path"))
    for _ in range(2):  # decoded, then from the cache
        with pytest.raises(LeadlineError, match=f"none of the {name} images.*{label or ''}"):
            opened(manifest, size=18)


def test_images_that_changed_or_vanished_since_they_were_examined_are_refused_by_name(manifest: Manifest) -> None:
    gone, changed = of_split(manifest, "train")[0], of_split(manifest, "test")[0]
    content = gone.read_bytes()
    changed_content = changed.read_bytes()
    gone.unlink()
    changed.write_bytes(content)
    with pytest.raises(LeadlineError, match="2 of the 20 images") as refusal:
        opened(manifest, size=19)
    assert gone.name in str(refusal.value)
    assert changed.name in str(refusal.value)
    gone.write_bytes(content)
    changed.write_bytes(changed_content)
    assert not opened(manifest, size=19).errors, "put back, they are read"
    gone.unlink()
    assert not opened(manifest, size=19).errors, "what is decoded already is not looked for again"
