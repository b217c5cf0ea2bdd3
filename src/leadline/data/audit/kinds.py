"""Kinds of images: several depths, channel counts or sizes, and whether the kind of file gives the class away."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl

from leadline.data.audit.pixels import Looks
from leadline.data.audit.problem import Problem, counted, listed
from leadline.data.manifest import Manifest
from leadline.data.reading import Reading

# A long side of so many short sides: the central square, which is what a network sees, is less than half the image.
LONG = 2.0
# Sides that differ by so much show things at another scale.
UNEQUAL = 4.0
# The class is given away where guessing it from the kind of file removes this share of the mistakes.
GIVEN_AWAY, FEWEST = 0.5, 20


def mixed_types(manifest: Manifest, looks: Looks, reading: Reading) -> Iterator[Problem]:
    """Mixtures that a training refuses, and the one that it does not; of channels that were asked for, those alone."""
    table = manifest.table.filter(pl.Series(looks.readable))
    asked_for = () if manifest.channel_names else reading.numbers
    if asked_for and (table["channels"] > max(asked_for)).all():
        table = table.with_columns(channels=pl.lit(len(asked_for), pl.Int32))
    kinds = table.group_by("channels", "dtype").agg(pl.len(), pl.col("path")).sort("len", descending=True)
    if len(kinds) < 2:
        return
    found = {(channels, dtype) for channels, dtype in kinds.select("channels", "dtype").iter_rows()}
    harmless = found == {(1, "uint8"), (3, "uint8")}
    shown = "; ".join(
        f"{counted(count, 'image')} with {counted(channels, 'channel')} of {dtype}, such as {paths[0]}"
        for channels, dtype, count, paths in kinds.iter_rows()
    )
    odd = [path for paths in kinds["path"][1:] for path in paths]
    yield Problem(
        "mixed_types", "hint" if harmless else "error", tuple(odd), shown,
        "the grey ones are read as colour, which loses nothing" if harmless
        else "a network learns from one kind at a time: convert them, choose what they share (--channels), or keep one",
    )  # fmt: skip


def mixed_sizes(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    table = manifest.table.filter(pl.Series(looks.readable))
    if not len(table):
        return
    short, long = pl.min_horizontal("width", "height"), pl.max_horizontal("width", "height")
    narrow = table.filter(long > LONG * short)
    if len(narrow):
        yield Problem(
            "mixed_sizes", "hint", tuple(narrow["path"]),
            f"{counted(len(narrow), 'image')} more than {LONG:g} times as long as wide, such as {narrow['path'][0]} "
            f"({narrow['width'][0]} × {narrow['height'][0]})",
            "a network sees the central square, less than half of them: cut them into tiles if the rest matters",
        )  # fmt: skip
    typical = float(np.median(table.select(short).to_series().to_numpy()))
    odd = table.filter((short > UNEQUAL * typical) | (UNEQUAL * short < typical))
    if len(odd):
        yield Problem(
            "mixed_sizes", "hint", tuple(odd["path"]),
            f"{counted(len(odd), 'image')} more than {UNEQUAL:g} times as large or as small as the typical "
            f"{typical:.0f} pixels, such as {odd['path'][0]} ({odd['width'][0]} × {odd['height'][0]})",
            "all are brought to one size, so things in them appear at another scale",
        )  # fmt: skip


def class_by_file(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Where the size, the type or the format of the file tells the class, a network may learn that instead."""
    table = manifest.table.with_columns(format=pl.Series(looks.formats, dtype=pl.String))
    table = table.filter(pl.Series(looks.readable)).drop_nulls("label")
    if table["label"].n_unique() < 2 or len(table) < FEWEST:
        return
    attributes = {
        "size in pixels": pl.format("{} × {}", "width", "height"),
        "channels and type": pl.format("{} of {}", "channels", "dtype"),
        "file format": pl.col("format"),
    }
    labels = table["label"].to_list()
    largest = max(Counter(labels).values()) / len(labels)
    for name, expression in attributes.items():
        values = table.select(expression).to_series().to_list()
        right = _guessed(values, labels)
        if right - largest >= GIVEN_AWAY * (1 - largest) and largest < 1:
            shown = [f"{label} {_most_frequent(values, labels, label)}" for label in sorted(set(labels))]
            yield Problem(
                "class_by_file", "warning", (),
                f"the {name} alone tells the class of {right:.0%} of the images ({listed(shown)})",
                "make all classes in the same way, or a network may learn how they were made",
            )  # fmt: skip


def _most_frequent(values: list[str], labels: list[str], label: str) -> str:
    return Counter(value for value, own in zip(values, labels, strict=True) if own == label).most_common(1)[0][0]


def _guessed(values: list[str], labels: list[str]) -> float:
    """How often the most frequent class of the other images with an image's value is its own."""
    total, joint = Counter(labels), Counter(zip(values, labels, strict=True))
    by_value: dict[str, Counter[str]] = {}
    for (value, label), count in joint.items():
        by_value.setdefault(value, Counter())[label] = count
    right = 0
    for (value, label), count in joint.items():
        others = by_value[value].copy()
        others[label] -= 1
        best = max(others, key=lambda name: (others[name], total[name]))
        right += count * (best == label)
    return right / len(labels)
