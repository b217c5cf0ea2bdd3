"""Patients, plates and slides are found in names, and running numbers are not taken for them."""

import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from leadline.data.audit.names import likely_group
from leadline.data.manifest import SCHEMA, Manifest


def manifest_of(paths: list[str], labels: list[str]) -> Manifest:
    table = pl.DataFrame({"path": paths, "label": labels, "error": [""] * len(paths)})
    rest = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in table.columns]
    return Manifest(table.with_columns(rest).select(list(SCHEMA)), tuple(sorted(set(labels))), Path("/data"), "data")


def images(
    *, form: str, groups: list[str], of_class: tuple[str, ...] = ("a", "b")
) -> tuple[list[str], list[str], list[str]]:
    """Paths, labels and groups: six images of each group in each class."""
    rows = [
        (f"{label}/{form.format(group=group, number=number, label=label)}", label, group)
        for label in of_class for group in groups for number in range(6)
    ]  # fmt: skip
    paths, labels, values = zip(*rows, strict=True)
    return list(paths), list(labels), list(values)


PATIENTS = [f"C{number}P{number * 7}" for number in range(8, 30)]


@pytest.mark.parametrize(
    ("form", "groups"),
    [
        ("{group}ThinF_IMG_20150918_14{number}334_cell_9.png", PATIENTS),
        ("{group}/{number}.png", [f"patient {number}" for number in range(12)]),
        ("{group}_left_{number}.jpeg", [str(number) for number in range(10, 31)]),
        ("TCGA-A2-{group}-01Z_{number}.png", [f"A{number}T{number}" for number in range(12)]),
        ("{group}-{number}.tif", [f"Müller{number}" for number in range(12)]),
        ("plate {group}-{number}.tif", ["1_A07", "1_B11", "2 C03", "2-D12"]),
        ("{group}_{number}.tif", ["well3", "well4", "well5", "well6"]),
    ],
)
def test_identifiers_that_classes_share_are_found_and_the_expression_works(form: str, groups: list[str]) -> None:
    paths, labels, values = images(form=form, groups=groups)
    likely = likely_group(manifest_of(paths, labels))
    assert likely is not None
    assert likely.shared
    (pattern,) = shlex.split(likely.quoted)
    found = [re.search(pattern, path)[1] for path in paths]
    assert found == likely.values
    # The same partition, whatever its parts are called.
    assert len(set(zip(found, values, strict=True))) == len(set(found)) == len(set(values))


def test_a_word_before_some_of_the_identifiers_does_not_make_others_of_them() -> None:
    """As in the NIH's malaria cells, where some files of C132's images begin with ParasitizedC132."""
    paths, labels, values = images(form="{group}thinF_{number}.png", groups=PATIENTS)
    odd = [path.replace("a/C", "a/ParasitizedC") if number % 5 == 0 else path for number, path in enumerate(paths)]
    likely = likely_group(manifest_of(odd, labels))
    assert likely is not None
    assert likely.pattern == r"(C\d+)[^/]*$"
    assert likely.count == len(set(values))


def test_patients_of_one_class_each_are_found_too() -> None:
    paths, labels, _ = images(form="ill{group}_{number}.png", groups=[f"{n}" for n in range(10, 16)], of_class=("a",))
    more = images(form="ill{group}_{number}.png", groups=[f"{n}" for n in range(20, 26)], of_class=("b",))
    likely = likely_group(manifest_of(paths + more[0], labels + more[1]))
    assert likely is not None
    assert not likely.shared
    assert likely.count == 12


@pytest.mark.parametrize(
    "form",
    [
        "{number:04d}.png",  # counted anew in each class
        "image_{number:04d}.png",
        "{label}_{number}.png",
        "{label}.{number}.jpg",
        "{label}_s_{number:06d}.png",
        "{number}_{label}.png",
        "DSC{number:05d} copy.jpg",
        "tile_{x}_{y}.png",
        "{number:08x}.png",
    ],
)
def test_running_numbers_class_names_and_coordinates_are_no_groups(form: str) -> None:
    rows = [
        (f"{label}/{form.format(number=number, label=label, x=256 * (number % 12), y=256 * (number // 12))}", label)
        for label in ("cat", "dog", "frog") for number in range(200)
    ]  # fmt: skip
    assert likely_group(manifest_of(*map(list, zip(*rows, strict=True)))) is None


def test_the_splits_of_the_folders_are_no_groups() -> None:
    rows = [
        (f"{split}/{label}/{number}.png", label)
        for split in ("train1", "train2", "test1", "test2") for label in "ab" for number in range(50)
    ]  # fmt: skip
    likely = likely_group(manifest_of(*map(list, zip(*rows, strict=True))))
    assert likely is None or "train1" in likely.values
