"""The two real image sets beside the project are read whole, and a network learns from them."""

import tarfile
from pathlib import Path

import pytest

from leadline.data.audit.names import likely_group
from leadline.data.manifest import Manifest
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError
from leadline.verbs.train import train

from ..conftest import TEST_DATA


def unpacked(name: str, folder: Path) -> Path:
    archive = TEST_DATA / name
    if not archive.is_file():
        pytest.skip(f"no {archive} (set LEADLINE_TEST_DATA)")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder


def counts(manifest: Manifest) -> dict[str, int]:
    return {name: len(manifest.usable.filter(split=name)) for name in ("train", "validation", "test")}


def test_cifar10_is_read_whole_and_its_test_split_kept(tmp_path: Path) -> None:
    manifest = scan(unpacked("cifar10-jpeg.tar.gz", tmp_path) / "cifar10")
    assert (len(manifest.usable), len(manifest.unusable), len(manifest.classes)) == (60_000, 0, 10)
    assert likely_group(manifest) is None
    assert counts(split(manifest)) == {"train": 42_500, "validation": 7_500, "test": 10_000}


def test_malaria_cells_are_read_whole_and_a_network_learns_from_some(tmp_path: Path) -> None:
    root = unpacked("malaria-cells.tar.gz", tmp_path) / "malaria" / "cell_images"
    manifest = scan(root)
    assert (len(manifest.usable), manifest.classes) == (27_558, ("Parasitized", "Uninfected"))
    patients = likely_group(manifest)
    assert patients is not None
    assert (patients.pattern, patients.count, patients.shared) == (r"(C\d+)[^/]*$", 200, True)
    # Its folders divide patients between training and validation: with the patients known, that is refused.
    with pytest.raises(LeadlineError, match="lie in several splits"):
        split(scan(root, group=r"(C\d+\w*?)_?[Tt]hin"))

    some = [name for kind in manifest.classes for name in sorted((root / "train" / kind).glob("*.png"))[::12]]
    lines = [f"{name.relative_to(root).as_posix()},{name.parent.name}\n" for name in some]
    (root / "some.csv").write_text("path,label\n" + "".join(lines))
    run = train(
        root / "some.csv", model="resnet20_cifar", size=32, epochs=4, augment="dihedral", out=tmp_path / "run",
        group=r"(C\d+\w*?)_?[Tt]hin",
    )  # fmt: skip
    assert run.metrics.test.accuracy.low > 0.7
    assert run.metrics.test.accuracy.value > 0.8  # chance is a half, and the largest class little more
    groups = run.manifest.table.group_by("group").agg(split="split")
    assert all(len(set(found)) == 1 for found in groups["split"])
