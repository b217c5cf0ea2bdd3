"""The folders of a person's data, walked in one way by all who do: in order, past hidden files, never in a circle."""

import os
from collections.abc import Iterator
from pathlib import Path


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """`root` and every folder below it, in order, each with the names of its files; links to folders are followed."""
    for directory, folders, files in os.walk(root, followlinks=True):
        folder = Path(directory)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _circle(folder / name, root))
        yield folder, sorted(name for name in files if not name.startswith("."))


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie in `folder`, sorted."""
    children = (child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    return sorted(child for child in children if not _circle(child, folder))


def _circle(child: Path, root: Path) -> bool:
    """Whether `child`, a folder below `root`, is a link to a folder that it lies in, so that its images come again."""
    if not child.is_symlink():
        return False
    steps = child.relative_to(root).parts[:-1]
    passed = [root.joinpath(*steps[:number]).resolve() for number in range(len(steps) + 1)]
    return child.resolve() in {above for folder in passed for above in (folder, *folder.parents)}
