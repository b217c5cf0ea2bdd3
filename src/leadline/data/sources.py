"""From what a person names (a folder of class folders, a table, a built-in data set) to the entries of a manifest."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from leadline.data import builtin, imagenet
from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.manifest import Entry, Manifest, examine
from leadline.errors import LeadlineError, UsageError

# Folder names that mean a split, as people write them.
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
TABLE_READERS = {
    ".csv": lambda file: pl.read_csv(file, infer_schema=False),
    ".tsv": lambda file: pl.read_csv(file, separator="\t", infer_schema=False),
    ".parquet": lambda file: pl.read_parquet(file),
}


def scan(
    source: str | Path, *, classes: tuple[str, ...] | None = None, group: str = "", split: str | None = None
) -> Manifest:
    """The manifest of `source`: a folder of class folders (with or without train/val/test above them), a CSV, TSV or
    Parquet table with the columns `path, label[, group, split]`, an ImageNet (ILSVRC-2012) root, or the name of a
    built-in data set.

    With `classes` (those of a trained classifier) an image of any other class is an error; without, the classes are
    those found, sorted. `group` is a regular expression that is searched in each path; what its first group matches is
    the image's patient, plate or slide. With `split`, a source that has this split is read of it alone. Raises
    LeadlineError when there is nothing to read.
    """
    path = Path(source)
    if path.is_dir():
        manifest = _scan_folder(path, str(source), split)
    elif path.is_file() and path.suffix.lower() in TABLE_READERS:
        manifest = _scan_table(path, str(source))
    elif str(source) in builtin.NAMES:
        manifest = _scan_folder(builtin.materialise(str(source)), str(source), split)
    elif path.is_file():
        raise LeadlineError(f"{path}: is neither a folder nor a table ({', '.join(TABLE_READERS)})")
    else:
        names = ", ".join(builtin.NAMES)
        raise LeadlineError(f"{source}: no such folder or table, and no built-in data set of this name ({names})")
    if split is not None and split in manifest.table["split"]:
        manifest = manifest.with_table(manifest.table.filter(split=split))
    if group:
        manifest = manifest.with_table(_grouped(manifest.table, group))
    if classes is not None:
        return _in_classes_of(manifest, classes)
    if len(manifest.classes) == 1:
        inner = [child for child in _folders(path) if len(_folders(child)) > 1] if path.is_dir() else []
        hint = f"; did you mean {inner[0]}?" if inner else "; a classifier needs at least two"
        raise LeadlineError(f"{source}: found one class only, {manifest.classes[0]!r}{hint}")
    return manifest


def image_files(folder: Path) -> Iterator[Path]:
    """Every image file below `folder`, in order of its path; hidden files and folders are passed over."""
    for directory, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(directory, name)


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _scan_folder(root: Path, source: str, only: str | None) -> Manifest:
    known = imagenet.read(root)
    if known is not None:  # of a million images, none is opened in vain
        wanted = [entry for entry in known.entries if entry.split == only] or known.entries
        return examine(wanted, root=root.resolve(), source=source, classes=known.classes, notes=known.notes)
    children = _folders(root)
    # A split holds class folders; a class that happens to be called "train" holds images.
    named = {child: SPLIT_FOLDERS.get(child.name.lower()) for child in children if _folders(child)}
    splits = {child: split for child, split in named.items() if split}
    others = [child.name for child in children if child not in splits]
    if splits and others:
        raise LeadlineError(
            f"{root}: has splits, and beside them {', '.join(others)}; move that elsewhere, or name the splits' folder"
        )
    if splits:
        homes = [(home, split) for child, split in splits.items() for home in _folders(child)]
    else:
        homes = [(child, "") for child in children]
    entries = [
        Entry(file.relative_to(root).as_posix(), label=home.name, split=split or None)
        for home, split in homes
        for file in image_files(home)
    ]
    if not entries:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        loose = next(image_files(root), None)
        hint = f" (it has images such as {loose.name}, but in no class folder)" if loose else ""
        raise LeadlineError(
            f"{root}: found no images in class folders{hint}; expected {root.name}/CLASS/IMAGE with {suffixes}"
        )
    classes = tuple(sorted({entry.label for entry in entries if entry.label is not None}))
    return examine(entries, root=root.resolve(), source=source, classes=classes, notes=_passed_over(root))


def _passed_over(root: Path) -> tuple[str, ...]:
    others = [
        name
        for _, _, files in os.walk(root, followlinks=True)
        for name in files
        if not name.startswith(".") and Path(name).suffix.lower() not in IMAGE_SUFFIXES
    ]
    if not others:
        return ()
    shown = ", ".join(sorted(others)[:3]) + (", …" if len(others) > 3 else "")
    return (f"passed over {len(others)} file{'s' * (len(others) > 1)} that are no images by their suffix: {shown}",)


def _scan_table(file: Path, source: str) -> Manifest:
    try:
        table = TABLE_READERS[file.suffix.lower()](file)
    except pl.exceptions.PolarsError as error:
        raise LeadlineError(f"{file}: cannot be read as a table ({error})") from error
    missing = [name for name in ("path", "label") if name not in table.columns]
    if missing:
        raise LeadlineError(
            f"{file}: has no column {' and '.join(missing)}; it has {', '.join(table.columns)}, "
            "and path,label[,group,split] are expected"
        )
    table = table.with_columns(pl.col(name).cast(pl.String) for name in table.columns)
    for number, (path, label) in enumerate(table.select("path", "label").iter_rows(), start=2):
        if not path or not label:
            raise LeadlineError(f"{file}: row {number} has no {'label' if path else 'path'}")
    twice = table["path"].filter(table["path"].is_duplicated())
    if len(twice):
        raise LeadlineError(f"{file}: lists {twice[0]} more than once")
    columns = {
        name: table[name].to_list() if name in table.columns else [None] * len(table) for name in ("split", "group")
    }
    splits = [_split_name(file, number, split) for number, split in enumerate(columns["split"], start=2)]
    entries = [
        Entry(path, label, split, group or None)
        for path, label, split, group in zip(table["path"], table["label"], splits, columns["group"], strict=True)
    ]
    root = file.resolve().parent
    absent = [entry.path for entry in entries if not (root / entry.path).is_file()]
    if len(absent) == len(entries):
        raise LeadlineError(
            f"{file}: none of its {len(entries)} files exists, such as {absent[0]} (sought from {root})"
        )
    classes = tuple(sorted({entry.label for entry in entries if entry.label}))
    return examine(entries, root=root, source=source, classes=classes)


def _split_name(file: Path, row: int, value: str | None) -> str | None:
    if not value:
        return None
    name = SPLIT_FOLDERS.get(value.lower())
    if name is None:
        raise LeadlineError(f"{file}: row {row} has the split {value!r}; expected train, validation or test")
    return name


def _grouped(table: pl.DataFrame, pattern: str) -> pl.DataFrame:
    try:
        found = [re.search(pattern, path) for path in table["path"]]
    except re.error as error:
        raise UsageError(f"--group {pattern}: is not a regular expression ({error})") from error
    for path, match in zip(table["path"], found, strict=True):
        if match is None:
            raise LeadlineError(f"{path}: does not match --group {pattern}, so it would belong to no group")
    values = [match[match.re.groups and 1] for match in found if match]
    return table.with_columns(group=pl.Series(values, dtype=pl.String))


def _in_classes_of(manifest: Manifest, classes: tuple[str, ...]) -> Manifest:
    unknown = sorted(set(manifest.classes) - set(classes))
    if unknown:
        raise LeadlineError(
            f"{manifest.source}: has the class {unknown[0]!r}, which the classifier does not know; "
            f"it knows {', '.join(classes)}"
        )
    return Manifest(manifest.table, classes, manifest.root, manifest.source, manifest.notes)
