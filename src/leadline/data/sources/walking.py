"""The folders of a person's data, walked in one way by all who do: in order, past hidden files, never in a circle.

A folder that cannot be listed raises LeadlineError: what is in it would be missing from every figure, in silence.
"""

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadline.errors import LeadlineError

# What operating systems, network drives and programs put beside a person's files without hiding it, in lower case:
# thumbnails (copies of images!), bins, snapshots, what a repaired disk or an archive from a Mac left behind.
SIDE_FOLDERS = frozenset({
    "@eadir", "#recycle", "#snapshot", "@tmp", "@sharesnap", "@sharebin", "@synoresource",  # Synology
    "@recycle", "@recently-snapshot", "@__thumb",  # QNAP
    "$recycle.bin", "system volume information", "found.000",  # Windows
    "__macosx", "network trash folder", "temporary items", "thevolumesettingsfolder",  # macOS
    "lost+found", "~snapshot", "__pycache__",  # Linux, NetApp, Python
})  # fmt: skip


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """`root` and every folder below it, in order, each with the names of its files; links to folders are followed.

    Hidden files and folders are passed over, and so are SIDE_FOLDERS; `passed_over` has them.
    """
    for directory, folders, files in os.walk(root, followlinks=True, onerror=lambda error: _refuse(error, root)):
        folder = Path(directory)
        folders[:] = sorted(name for name in folders if not aside(name) and not _circle(folder / name, root))
        yield folder, sorted(name for name in files if not aside(name))


def passed_over(root: Path) -> Iterator[Path]:
    """Every file that `walk` leaves out: the hidden ones, and those in hidden folders and SIDE_FOLDERS.

    Of these folders what cannot be listed is left out: many belong to the system.
    """
    for folder, _ in walk(root):
        with listing(folder) as children:
            left_out = sorted(
                (child.name, child.is_dir(follow_symlinks=False)) for child in children if aside(child.name)
            )
        for name, is_folder in left_out:
            if not is_folder:
                yield folder / name
                continue
            for directory, folders, files in os.walk(folder / name):
                folders.sort()
                yield from (Path(directory) / file for file in sorted(files))


def aside(name: str) -> bool:
    """Whether a file or folder of this name is passed over."""
    return name.startswith(".") or name.lower() in SIDE_FOLDERS


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie in `folder`, sorted."""
    with listing(folder) as children:
        names = [child.name for child in children if not aside(child.name) and _is_folder(child)]
    return [folder / name for name in sorted(names) if not _circle(folder / name, folder)]


def dead_links_in(folder: Path) -> list[Path]:
    """The links in `folder` that lead nowhere, as to a drive that is not connected, sorted."""
    with listing(folder) as children:
        names = [child.name for child in children if not aside(child.name) and child.is_symlink()]
    return [folder / name for name in sorted(names) if not leads_somewhere(folder / name)]


def leads_somewhere(link: Path) -> bool:
    """Whether there is a file or folder at the end of a link, and one that may be looked at."""
    try:
        link.stat()
    except OSError:
        return False
    return True


def shown(name: object) -> str:
    """A name as text that can be written: what is no UTF-8 in it becomes an escape, such as \\udce4."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")


def is_text(name: object) -> bool:
    """Whether a name can stand in a table: names of files are bytes, and need not be UTF-8."""
    return shown(name) == str(name)


def appearance(name: str) -> str:
    """What a name looks like: the same for all ways of Unicode to write it, with or without characters of no width."""
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", visible).strip()


def _is_folder(child: "os.DirEntry[str]") -> bool:
    return (not child.is_symlink() or leads_somewhere(Path(child.path))) and child.is_dir()


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
