"""The folders of a person's data, walked in one way by all who do: in order, past hidden files, never in a circle.

A folder that cannot be listed raises LeadlineError: what is in it would be missing from every figure, in silence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadline.errors import LeadlineError


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """`root` and every folder below it, in order, each with the names of its files; links to folders are followed."""
    for directory, folders, files in os.walk(root, followlinks=True, onerror=lambda error: _refuse(error, root)):
        folder = Path(directory)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _circle(folder / name, root))
        yield folder, sorted(name for name in files if not name.startswith("."))


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie in `folder`, sorted."""
    with listing(folder) as children:
        names = [child.name for child in children if not child.name.startswith(".") and _is_folder(child)]
    return [folder / name for name in sorted(names) if not _circle(folder / name, folder)]


def shown(name: object) -> str:
    """A name as text that can be written: what is no UTF-8 in it becomes an escape, such as \\udce4."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")


def is_text(name: object) -> bool:
    """Whether a name can stand in a table: names of files are bytes, and need not be UTF-8."""
    return shown(name) == str(name)


def _is_folder(child: "os.DirEntry[str]") -> bool:
    # To a link that leads nowhere or to itself, a DirEntry raises what a Path takes for an answer.
    return Path(child.path).is_dir() if child.is_symlink() else child.is_dir()


@contextmanager
def listing(folder: Path) -> Iterator[Iterator["os.DirEntry[str]"]]:
    """What lies in `folder`, as `os.scandir` has it."""
    try:
        with os.scandir(folder) as children:
            yield children
    except OSError as error:
        _refuse(error, folder)


def _refuse(error: OSError, folder: Path) -> None:
    raise LeadlineError(
        f"{error.filename or folder}: cannot be listed ({error.strerror or error}); get the right to read it, or "
        "move it out of the data"
    ) from error


def _circle(child: Path, root: Path) -> bool:
    """Whether `child`, a folder below `root`, is a link to a folder that it lies in, so that its images come again."""
    if not child.is_symlink():
        return False
    steps = child.relative_to(root).parts[:-1]
    passed = [root.joinpath(*steps[:number]).resolve() for number in range(len(steps) + 1)]
    return child.resolve() in {above for folder in passed for above in (folder, *folder.parents)}
