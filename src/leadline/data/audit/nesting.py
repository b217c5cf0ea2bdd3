"""Folders within folders: a level that would become the classes by mistake, because the real ones lie below it."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from leadline.data.audit.problem import Problem, listed
from leadline.data.manifest import Manifest

# This share of the images must lie in folders of the inner names.
MOST = 0.9


def nested_folders(manifest: Manifest) -> Iterator[Problem]:
    """Class folders that all hold the same few folders, whose names do not look like numbered patients or plates."""
    if Path(manifest.source).is_file():
        return
    inner: dict[str, set[str]] = defaultdict(set)
    below = 0
    first: dict[str, str] = {}
    for path, label in manifest.table.drop_nulls("label").select("path", "label").iter_rows():
        parts = path.split("/")
        position = parts.index(label) + 1 if label in parts else len(parts)
        inner[label] |= set()
        if position < len(parts) - 1:
            inner[label].add(parts[position])
            first.setdefault(parts[position], path)
            below += 1
    names = set().union(*inner.values()) if inner else set()
    shared = set.intersection(*inner.values()) if inner else set()
    numbered = sum(any(map(str.isdigit, name)) for name in names) > len(names) / 2
    if len(shared) < 2 or len(shared) < len(names) / 2 or below < MOST * len(manifest.table) or numbered:
        return
    outer, within = listed(sorted(inner)), listed(sorted(shared))
    several = len(inner) > 1
    yield Problem(
        "nested_folders", "warning", tuple(first[name] for name in sorted(shared)),
        f"the classes would be {outer}, but each of them holds the folders {within}" if several
        else f"the only class would be {outer}, but it holds the folders {within}",
        f"if {within} are the classes, "
        + ("name the classes in a table (path,label,group), and the outer folders as groups" if several
           else f"name the folder above them: {manifest.root / next(iter(first.values())).split('/')[0]}"),
    )  # fmt: skip
