"""A folder of class folders, with or without train/val/test above them, and what in it would be lost without a word."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leadline.data.image import IMAGE_SUFFIXES, is_image_name
from leadline.data.manifest import Entry
from leadline.data.sources.refusal import Refuse
from leadline.data.sources.tables import SPLIT_NAMES
from leadline.data.sources.walking import (
    aside,
    dead_links_in,
    folders_in,
    is_text,
    leads_somewhere,
    passed_over,
    shown,
    walk,
)
from leadline.errors import LeadlineError

# Splits, too, but of which of the three?
FURTHER_SPLITS = ("eval", "evaluation", "holdout")
# As people name the folders of a split: test, Test_set, train-images, test1.
SPLIT_FOLDER = re.compile(
    rf"({'|'.join([*SPLIT_NAMES, *FURTHER_SPLITS])})([ _-]?(data)?(set|split|images?|imgs?|files|folder)?)([ _-]?\d*)",
    re.IGNORECASE,
)
# So many files or kinds of them are named, and so many folders of lost classes.
SHOWN, SHOWN_LOST = 3, 10


@dataclass(frozen=True)
class ClassFolders:
    """The images of a folder, and the classes that its folders name."""

    entries: list[Entry]
    classes: tuple[str, ...]  # also those of no image
    notes: tuple[str, ...]  # what a person should know
    lost: dict[str, str]  # folder of a class or a split that has no image → what it holds instead


def read(root: Path, *, refuse: Refuse) -> ClassFolders:
    """What lies in `root`; `refuse` is told what makes it unfit for training, but for `lost`.

    Raises LeadlineError where there is no image at all.
    """
    children = folders_in(root)
    # A split holds class folders; a class that happens to be called "train" holds images.
    splits = {child: split for child in children if (split := split_of(child.name)) and folders_in(child)}
    bare = [child for child in children if splits and child not in splits and split_of(child.name)]
    empty = [child for child in bare if not any(image_files(child))]
    # Kaggle's competitions have test images that nobody but the judges has labels of.
    unlabelled = [child for child in bare if child not in empty and split_of(child.name) != "train"]
    others = [child.name for child in children if child not in {*splits, *empty, *unlabelled}]
    if splits and others:
        splits = _refuse_others(root, splits, others, refuse)
    if splits:
        homes = [(home, split) for child, split in splits.items() for home in folders_in(child)]
    else:
        homes = [(child, "") for child in children]
    for home, _ in homes:
        if not is_text(home.name):
            refuse(f"{shown(home)}: the name of this class is no UTF-8; rename the folder")

    found = {home: [Entry(path, home.name, split or None) for path in image_names(home, root)] for home, split in homes}
    everything = [entry for entries in found.values() for entry in entries]
    entries = [entry for entry in everything if is_text(entry.path)]
    empty += [home for home, images in found.items() if not any(is_text(entry.path) for entry in images)]
    lost = {folder: contents(folder) for folder in empty}
    lost |= dead_links([root, *splits])
    named = {shown(folder.relative_to(root).as_posix()): what for folder, what in lost.items()}
    if not entries:
        entries = _loose(root, named, refuse)
    notes = [f"passed over {shown(child.name)}/, whose images have no labels" for child in unlabelled]
    notes += _misspelt([entry.path for entry in everything if not is_text(entry.path)])
    notes += [*_of_other_formats(root, lost), *out_of_sight(root)]
    return ClassFolders(
        entries, tuple(sorted({home.name for home in found if is_text(home.name)})), tuple(notes), named
    )


def image_files(folder: Path) -> Iterator[Path]:
    """Every image file below `folder`, in order of its path, without what data.sources.walking passes over."""
    for directory, files in walk(folder):
        yield from (directory / name for name in files if is_image_name(name))


def image_names(folder: Path, root: Path) -> Iterator[str]:
    """Every image file below `folder`, in order of its path: relative to `root`, which `folder` is in, with forward
    slashes. A path object for each of a million files would take longer than listing them."""
    for directory, files in walk(folder):
        prefix = "" if directory == root else f"{directory.relative_to(root).as_posix()}/"
        yield from (prefix + name for name in files if is_image_name(name))


def split_of(name: str) -> str | None:
    """The split that a folder of this name is, if it holds class folders."""
    found = SPLIT_FOLDER.fullmatch(name)
    return SPLIT_NAMES.get(found[1].lower()) if found and not found[5] else None


def refuse_names_of_splits(classes: tuple[str, ...], source: Path, refuse: Refuse) -> None:
    """Refuse classes that are all called as splits are; "train" among "bus" and "tram" is a class."""
    if classes and all(map(SPLIT_FOLDER.fullmatch, classes)):
        refuse(
            f"{source}: its classes would be {', '.join(classes)}, which are names of splits. In a folder, each split "
            f"needs a folder per class, such as {classes[0]}/CLASS/IMAGE; in a table, they belong into a column split "
            "beside path and label. If they are classes, rename one of them",
        )


def said_of_lost(lost: dict[str, str]) -> str:
    """That these folders have no image, and what they hold instead."""
    named = [f"{folder!r} ({what})" for folder, what in lost.items()]
    more = f" and {len(named) - SHOWN_LOST:,} more" if len(named) > SHOWN_LOST else ""
    return f"no image that can be read in the folder{'s' * (len(named) > 1)} {', '.join(named[:SHOWN_LOST])}{more}"


def contents(folder: Path) -> str:
    """What a folder without images holds instead, such as "12 .HEIC files, 1 hidden file"."""
    kinds = Counter(_kind(directory / name) for directory, files in walk(folder) for name in files)
    hidden = sum(1 for _ in passed_over(folder))
    if hidden:
        kinds["hidden file"] = hidden
    named = [
        f"{count:,} {kind.replace('file', 'files', 1) if count > 1 else kind}"
        for kind, count in kinds.most_common(SHOWN)
    ]
    return ", ".join(named) + (", …" if len(kinds) > SHOWN else "") or "empty"


def dead_links(levels: Iterable[Path]) -> dict[Path, str]:
    """The links on the levels of classes and splits that lead nowhere, and where to: a drive may not be connected."""
    return {
        link: f"a link to {shown(link.readlink())}, which is not there"
        for level in levels
        for link in dead_links_in(level)
    }


def out_of_sight(root: Path) -> Iterator[str]:
    """A note on images that data.sources.walking passes over."""
    images = [file.relative_to(root) for file in passed_over(root) if is_image_name(file.name)]
    if images:
        places = Counter(next(filter(aside, image.parts)) for image in images)
        named = [f"{shown(name)} ({count:,})" for name, count in places.most_common(SHOWN)]
        yield (
            f"passed over {_counted(len(images), 'image')}, hidden or in folders of the system: {', '.join(named)}"
            f"{', …' if len(places) > SHOWN else ''}"
        )


def _of_other_formats(root: Path, lost: dict[Path, str]) -> Iterator[str]:
    others = [directory / name for directory, files in walk(root) for name in files if not is_image_name(name)]
    dead = [file for file in others if file not in lost and _leads_nowhere(file)]
    if dead:
        names = [file.relative_to(root).as_posix() for file in dead]
        yield f"passed over {_counted(len(dead), 'link')} to nowhere: {_examples(names)}"
    names = [file.name for file in others if file not in {*dead, *lost}]
    if names:
        yield f"passed over {_counted(len(names), 'file')} that are no images by their suffix: {_examples(names)}"


def _refuse_others(root: Path, splits: dict[Path, str], others: list[str], refuse: Refuse) -> dict[Path, str]:
    """Refuse folders beside the splits; the splits with which `leadline check` then goes on."""
    beside = ", ".join(map(shown, others))
    if len(splits) > 1 or any(map(split_of, others)):
        refuse(f"{root}: has splits, and beside them {beside}; move that elsewhere, or name the splits' folder")
        return splits
    (one,) = splits
    refuse(
        f"{root}: {shown(one.name)} holds folders, as a split does, and beside it lies {beside}. If it is a split, "
        f"name the folder of the splits, or move {beside} elsewhere; if it is a class, give it another name (my "
        f"{shown(one.name)}), or list the images in a table (path,label)",
        one.name,
    )
    return splits if "train" in splits.values() else {}


def _loose(root: Path, lost: dict[str, str], refuse: Refuse) -> list[Entry]:
    """Refuse a folder without images in class folders; for `leadline check` the images that lie about in it."""
    paths = list(image_names(root, root))
    hint = f"; {said_of_lost(lost)}" if lost else ""
    hint = f" (it has images such as {shown(paths[0])}, but in no class folder)" if paths else hint
    suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
    message = f"{root}: found no images in class folders{hint}; expected {root.name}/CLASS/IMAGE with {suffixes}"
    refuse(message)
    entries = [Entry(path, label=None) for path in paths if is_text(path)]
    if not entries:
        raise LeadlineError(message)
    return entries


def _leads_nowhere(file: Path) -> bool:
    return file.is_symlink() and not leads_somewhere(file)


def _kind(file: Path) -> str:
    if _leads_nowhere(file):
        return "link to nowhere"
    if not is_text(file.name):
        return "file with a name that is no UTF-8"
    return f"{file.suffix} file" if file.suffix else "file without a suffix"


def _misspelt(paths: list[str]) -> Iterator[str]:
    if paths:
        images, them = ("image whose name is", "it") if len(paths) == 1 else ("images whose names are", "them")
        yield f"passed over {len(paths):,} {images} no UTF-8, such as {shown(min(paths))}; rename {them}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number > 1)}"


def _examples(names: list[str]) -> str:
    return ", ".join(map(shown, sorted(names)[:SHOWN])) + (", …" if len(names) > SHOWN else "")
