"""Classes: too few images, too unequal, too alike in name, or one alone."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from leadline.data.audit.pixels import Looks
from leadline.data.audit.problem import Problem, counted, listed
from leadline.data.manifest import SPLITS, Manifest
from leadline.data.sources.walking import appearance

# Training, validation and test need one each.
NEEDED = 3
# With fewer, training would not get more than half of them, so none is left for the test (data.split).
TESTED = 5
# Below this an accuracy per class is hardly known: of 30 images, 27 right are 74 % to 97 %.
FEW = 30
UNEQUAL = 10.0
# Zero-width non-joiner and joiner.
JOINERS = {"\u200c", "\u200d"}


def single_class(manifest: Manifest) -> Iterator[Problem]:
    if len(manifest.classes) < 2:
        found = f"one class only, {manifest.classes[0]!r}" if manifest.classes else "no class at all"
        yield Problem("single_class", "error", (), f"{found}; a classifier needs at least two",
                      "put the images of each class into a folder of its own")  # fmt: skip


def too_small(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Classes that cannot be in every split, and those whose accuracy will hardly be known."""
    usable = _usable(manifest, looks)
    given = [name for name in SPLITS if name in set(usable["split"].drop_nulls())]
    grouped = usable["group"].null_count() == 0 and len(usable) > 0
    for name in manifest.classes:
        own = usable.filter(label=name)
        paths = tuple(own["path"])
        absent = [split for split in given if split not in set(own["split"])]
        different = own["sha256"].n_unique()  # copies stay together
        untested = "test" not in set(own["split"]) and given != ["train"]  # in folds all images train
        if len(own) < NEEDED:
            yield Problem(
                "class_too_small", "error", paths,
                f"the class {name!r} has {counted(len(own), 'image')} that can be used; training, validation and test "
                "need one each", "add images, or take the class away",
            )  # fmt: skip
        elif different < TESTED and untested and absent in ([], ["test"]) and not grouped:
            yield Problem(
                "class_too_small", "warning", paths,
                f"the class {name!r} has {counted(different, 'different image')}, of which none is for the test split, "
                "so that training gets more than half of them",
                f"add images: at least {TESTED} to be in each split, and {FEW} to know how often it is recognised",
            )  # fmt: skip
        elif absent:
            yield Problem(
                "class_too_small", "error", paths, f"the class {name!r} has no image in the {listed(absent)} split",
                "move some of its images there, or leave the splits to Leadline",
            )  # fmt: skip
        elif grouped and not given and own["group"].n_unique() < NEEDED:
            yield Problem(
                "class_too_small", "error", paths,
                f"the class {name!r} has images of {counted(own['group'].n_unique(), 'group')} only, and groups stay "
                "whole; training, validation and test need one each", "add images of other groups",
            )  # fmt: skip
        elif len(own) < FEW:
            yield Problem(
                "class_too_small", "warning", paths, f"the class {name!r} has {counted(len(own), 'image')}",
                f"with fewer than {FEW}, how often it is recognised will hardly be known; add images",
            )  # fmt: skip


def imbalance(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    counts = dict(_usable(manifest, looks).group_by("label").len().iter_rows())
    counts = {name: counts[name] for name in manifest.classes if counts.get(name)}
    if len(counts) < 2:
        return
    small, large = min(counts, key=lambda name: counts[name]), max(counts, key=lambda name: counts[name])
    if counts[large] >= UNEQUAL * counts[small]:
        share = counts[large] / sum(counts.values())
        yield Problem(
            "class_imbalance", "warning", (),
            f"{large!r} has {counts[large] / counts[small]:.0f} times as many images as {small!r} "
            f"({counts[large]:,} and {counts[small]:,})",
            f"always answering {large!r} is right in {share:.0%}: judge by balanced accuracy and by each class",
        )  # fmt: skip


def similar_names(manifest: Manifest) -> Iterator[Problem]:
    """Names that differ only in case, blanks, hyphens, underscores, characters of no width and the ways of Unicode to
    write one letter."""
    alike = defaultdict(list)
    for name in manifest.classes:
        plain = appearance(name).casefold()
        alike["".join(plain.split()).replace("_", "").replace("-", "")].append(name)
    for names in alike.values():
        if len(names) > 1:
            first = manifest.table.filter(pl.col("label").is_in(names)).unique(
                "label", keep="first", maintain_order=True
            )
            # What looks the same is shown by the numbers of its characters.
            same = len({unicodedata.normalize("NFC", name) for name in names}) < len(names)
            yield Problem(
                "similar_class_names", "warning", tuple(first["path"]),
                f"{' and '.join(map(ascii if same else repr, names))} are counted as different classes",
                "if they are one, give them one name",
            )  # fmt: skip


def unseen_characters(manifest: Manifest) -> Iterator[Problem]:
    """Names with characters of no width, which nobody types again; those that join letters and emoji belong to them."""
    for name in manifest.classes:
        unseen = {one for one in name if unicodedata.category(one) == "Cf"} - JOINERS
        if unseen:
            yield Problem(
                "unseen_characters", "hint", tuple(manifest.table.filter(label=name)["path"].head(1)),
                f"the class {name!a} has characters that cannot be seen",
                "rename it, unless they are meant: tables and other folders must write it in the same way",
            )  # fmt: skip


def _usable(manifest: Manifest, looks: Looks) -> pl.DataFrame:
    return manifest.table.filter(pl.Series(looks.readable) & (manifest.table["error"] == ""))
