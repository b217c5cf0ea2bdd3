"""From what a person names (a folder of class folders, a table, a built-in data set) to the entries of a manifest."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from leadline.data import builtin, imagenet
from leadline.data.channel_columns import refuse_unlike_training
from leadline.data.grouping import group_values
from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.manifest import Entry, Manifest, examine
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.refusal import Refuse, refuse_at_once
from leadline.data.tables import SPLIT_NAMES, TABLE_READERS, columns_of, image_table, scan_table
from leadline.data.walking import folders_in, is_text, shown, walk
from leadline.errors import LeadlineError, UsageError

__all__ = ["TABLE_READERS", "columns_of", "image_files", "image_table", "scan"]


def scan(
    source: str | Path,
    *,
    classes: tuple[str, ...] | None = None,
    group: str = "",
    reading: Reading = AS_IT_IS,
    channel_names: tuple[str, ...] | None = None,
    split: str | None = None,
    refuse: Refuse = refuse_at_once,
) -> Manifest:
    """The manifest of `source`: a folder of class folders (with or without train/val/test above them), a CSV, TSV or
    Parquet table with the columns `path, label[, group, split]`, an ImageNet (ILSVRC-2012) root, or the name of a
    built-in data set. A table may have a column per channel instead of `path` (data.channel_columns).

    With `classes` (those of a trained classifier) an image of any other class is an error; without, the classes are
    those found, sorted. `group` says how to find each image's patient, plate or slide (data.grouping). `reading` says
    what is done with stacks and, where each channel has a file of its own, which of them count; `channel_names` are the
    ones that a trained classifier has, in their order. With `split`, a source that has this split is read of it alone.
    Raises LeadlineError when there is nothing to read.

    `refuse` is told what makes the source unfit for training, and raises it; if it does not (as in `leadline check`),
    the manifest holds what there is: rows without a label, a single class.
    """
    path = Path(source)
    if path.is_dir():
        manifest = _scan_folder(path, str(source), reading, split, refuse)
    elif path.is_file() and path.suffix.lower() in TABLE_READERS:
        manifest = scan_table(path, str(source), reading=reading, channel_names=channel_names, refuse=refuse)
    elif str(source) in builtin.NAMES:
        manifest = _scan_folder(builtin.materialise(str(source)), str(source), reading, split, refuse)
    elif path.is_file():
        raise LeadlineError(f"{path}: is neither a folder nor a table ({', '.join(TABLE_READERS)})")
    else:
        names = ", ".join(builtin.NAMES)
        raise LeadlineError(f"{source}: no such folder or table, and no built-in data set of this name ({names})")
    if channel_names is not None:
        refuse_unlike_training(source, manifest.channel_names, trained=channel_names)
    if group:
        columns = columns_of(path, reading=reading, channel_names=channel_names) if path.is_file() else {}
        manifest = manifest.with_table(_grouped(manifest.table, group, columns))
    if split is not None and split in manifest.table["split"]:
        manifest = manifest.with_table(manifest.table.filter(split=split))
    if classes is not None:
        return _in_classes_of(manifest, classes)
    if len(manifest.classes) == 1:
        inner = [child for child in folders_in(path) if len(folders_in(child)) > 1] if path.is_dir() else []
        hint = f"; did you mean {shown(inner[0])}?" if inner else "; a classifier needs at least two"
        refuse(f"{source}: found one class only, {manifest.classes[0]!r}{hint}")
    return manifest


def image_files(folder: Path) -> Iterator[Path]:
    """Every image file below `folder`, in order of its path; hidden files and folders are passed over."""
    for directory, files in walk(folder):
        for name in files:
            if Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield directory / name


def _scan_folder(root: Path, source: str, reading: Reading, only: str | None, refuse: Refuse) -> Manifest:
    known = imagenet.read(root)
    if known is not None:  # of a million images, none is opened in vain
        wanted = [entry for entry in known.entries if entry.split == only] or known.entries
        return examine(
            wanted, root=root.resolve(), source=source, classes=known.classes, notes=known.notes, reading=reading
        )
    children = folders_in(root)
    # A split holds class folders; a class that happens to be called "train" holds images.
    named = {child: _split_of(child) for child in children if folders_in(child)}
    splits = {child: split for child, split in named.items() if split}
    # Kaggle's competitions have test images that nobody but the judges has labels of.
    unlabelled = [
        child for child in children if splits and child not in splits and _split_of(child) in ("validation", "test")
    ]
    others = [child.name for child in children if child not in splits and child not in unlabelled]
    if splits and others:
        refuse(
            f"{root}: has splits, and beside them {', '.join(map(shown, others))}; move that elsewhere, or name the "
            "splits' folder"
        )
    if splits:
        homes = [(home, split) for child, split in splits.items() for home in folders_in(child)]
    else:
        homes = [(child, "") for child in children]
    for home, _ in homes:
        if not is_text(home.name):
            refuse(f"{shown(home)}: the name of this class is no UTF-8; rename the folder")
    found = [
        Entry(file.relative_to(root).as_posix(), label=home.name, split=split or None)
        for home, split in homes
        for file in image_files(home)
    ]
    entries = [entry for entry in found if is_text(entry.path)]
    if not entries:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        loose = next(image_files(root), None)
        hint = f" (it has images such as {shown(loose.name)}, but in no class folder)" if loose else ""
        message = f"{root}: found no images in class folders{hint}; expected {root.name}/CLASS/IMAGE with {suffixes}"
        refuse(message)
        loose_paths = [file.relative_to(root).as_posix() for file in image_files(root)]
        entries = [Entry(path, label=None) for path in loose_paths if is_text(path)]
        if not entries:
            raise LeadlineError(message)
    classes = tuple(sorted({entry.label for entry in entries if entry.label is not None}))
    notes = tuple(f"passed over {child.name}/, whose images have no labels" for child in unlabelled)
    notes += (*_misspelt([entry.path for entry in found if not is_text(entry.path)]), *_passed_over(root))
    return examine(entries, root=root.resolve(), source=source, classes=classes, notes=notes, reading=reading)


def _split_of(folder: Path) -> str | None:
    return SPLIT_NAMES.get(folder.name.lower())


def _misspelt(paths: list[str]) -> tuple[str, ...]:
    if not paths:
        return ()
    one = len(paths) == 1
    images, them = ("image whose name is", "it") if one else ("images whose names are", "them")
    return (f"passed over {len(paths):,} {images} no UTF-8, such as {shown(min(paths))}; rename {them}",)


def _passed_over(root: Path) -> tuple[str, ...]:
    others = [name for _, files in walk(root) for name in files if Path(name).suffix.lower() not in IMAGE_SUFFIXES]
    if not others:
        return ()
    examples = ", ".join(map(shown, sorted(others)[:3])) + (", …" if len(others) > 3 else "")
    return (f"passed over {len(others)} file{'s' * (len(others) > 1)} that are no images by their suffix: {examples}",)


def _grouped(table: pl.DataFrame, asked: str, columns: dict[str, list[str | None]]) -> pl.DataFrame:
    groups = pl.Series(group_values(asked, paths=table["path"].to_list(), columns=columns), dtype=pl.String)
    if (groups == table["label"]).all():
        raise UsageError(f"--group {asked}: is the class of every image, so no class could be in two splits")
    return table.with_columns(group=groups)


def _in_classes_of(manifest: Manifest, classes: tuple[str, ...]) -> Manifest:
    # "n01440764" and "n01440764 tench" are one class: the words come from a table that may lie beside one root only.
    known = {synset: name for name in classes if (synset := imagenet.synset_of(name))}
    unknown = sorted(set(manifest.classes) - set(classes))
    same = {name: known[synset] for name in unknown if (synset := imagenet.synset_of(name)) in known}
    if same:
        manifest = manifest.with_table(manifest.table.with_columns(pl.col("label").replace(same)))
        unknown = [name for name in unknown if name not in same]
    if unknown:
        raise LeadlineError(
            f"{manifest.source}: has the class {unknown[0]!r}, which the classifier does not know; "
            f"it knows {', '.join(classes)}{_spelling(unknown[0], classes)}"
        )
    return replace(manifest, classes=classes)


def _spelling(name: str, classes: tuple[str, ...]) -> str:
    """Names that look the same may be written in several ways: an é is one character, or an e and an accent."""
    plain = unicodedata.normalize("NFKC", name)
    same = next((known for known in classes if unicodedata.normalize("NFKC", known) == plain), None)
    return f". {name!a} and {same!a} are one name written in two ways; write it as the classifier does" if same else ""
