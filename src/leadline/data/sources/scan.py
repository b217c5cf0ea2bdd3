"""From what a person names (a folder of class folders, a table, a built-in data set) to the entries of a manifest."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.manifest import Manifest, examine
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.shards.finding import is_shards
from leadline.data.sources import builtin, class_folders, imagenet
from leadline.data.sources.channel_columns import refuse_unlike_training
from leadline.data.sources.class_folders import image_files
from leadline.data.sources.refusal import Refuse, refuse_at_once
from leadline.data.sources.tables import TABLE_READERS, columns_of, image_table, scan_table
from leadline.data.sources.walking import appearance, folders_in, is_text, shown
from leadline.data.split.grouping import group_values
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
    those found, sorted. `group` says how to find each image's patient, plate or slide. `reading` says
    what is done with stacks and, where each channel has a file of its own, which of them count; `channel_names` are the
    ones that a trained classifier has, in their order. With `split`, a source that has this split is read of it alone.
    Raises LeadlineError when there is nothing to read.

    `refuse` is told what makes the source unfit for training, and raises it; if it does not (as in `leadline check`),
    the manifest holds what there is: rows without a label, a single class.
    """
    path = Path(source)
    if is_shards(source):
        raise LeadlineError(
            f"{source}: these are shards, which train, evaluate and predict read; for anything else, name the images"
        )
    if path.is_dir():
        manifest = _scan_folder(path, str(source), reading, split, refuse, for_training=classes is None)
    elif path.is_file() and path.suffix.lower() in TABLE_READERS:
        if not is_text(path):
            raise LeadlineError(f"{shown(path)}: is no UTF-8, so this table cannot be read; rename it or its folder")
        manifest = scan_table(path, str(source), reading=reading, channel_names=channel_names, refuse=refuse)
    elif str(source) in builtin.NAMES:
        root = builtin.materialise(str(source))
        manifest = _scan_folder(root, str(source), reading, split, refuse, for_training=classes is None)
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
    if path.is_file():
        class_folders.refuse_names_of_splits(manifest.classes, path, refuse)
    if len(manifest.classes) == 1:
        inner = [child for child in folders_in(path) if len(folders_in(child)) > 1] if path.is_dir() else []
        hint = f"; did you mean {shown(inner[0])}?" if inner else "; a classifier needs at least two"
        refuse(f"{source}: found one class only, {manifest.classes[0]!r}{hint}")
    return manifest


def _scan_folder(
    root: Path, source: str, reading: Reading, only: str | None, refuse: Refuse, *, for_training: bool
) -> Manifest:
    found = imagenet.read(root) or class_folders.read(root, refuse=refuse)
    notes = found.notes
    if for_training:
        class_folders.refuse_names_of_splits(found.classes, root, refuse)
    if found.lost and for_training:
        refuse(
            f"{root}: {class_folders.said_of_lost(found.lost)}. A class or split without images would be lost: put "
            f"images there ({', '.join(sorted(IMAGE_SUFFIXES))}), take away what is none, or list images in a table",
            *found.lost,
        )
    elif found.lost:  # images to be judged need not be of every class
        notes += (class_folders.said_of_lost(found.lost),)
    # Of ImageNet's million images, none is opened in vain.
    wanted = [entry for entry in found.entries if entry.split == only] or found.entries
    return examine(wanted, root=root.resolve(), source=source, classes=found.classes, notes=notes, reading=reading)


def _grouped(table: pl.DataFrame, asked: str, columns: dict[str, list[str | None]]) -> pl.DataFrame:
    groups = pl.Series(group_values(asked, paths=table["path"].to_list(), columns=columns), dtype=pl.String)
    if (groups == table["label"]).all():
        raise UsageError(f"--group {asked}: is the class of every image, so no class could be in two splits")
    return table.with_columns(group=groups)


def _in_classes_of(manifest: Manifest, classes: tuple[str, ...]) -> Manifest:
    # "n01440764" and "n01440764 tench" are one class: the words come from a table that may lie beside one root only.
    known = {synset: name for name in classes if (synset := imagenet.synset_of(name))}
    unknown = sorted(set(manifest.table["label"].drop_nulls()) - set(classes))
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
    same = next((known for known in classes if appearance(known) == appearance(name)), None)
    return f". {name!a} and {same!a} are one name written in two ways; write it as the classifier does" if same else ""
