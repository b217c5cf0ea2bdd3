"""Files: those that cannot be read, those of another format than they say, and images that are passed over."""

from collections.abc import Iterator
from pathlib import Path

from leadline.data.audit.pixels import Looks
from leadline.data.audit.problem import Problem, counted
from leadline.data.image import FORMATS, IMAGE_SUFFIXES, is_image_name
from leadline.data.manifest import Manifest
from leadline.data.sources.walking import is_text, walk

# As many bytes as the longest of the beginnings by which a format is recognised.
BEGINNING = 16


def unreadable(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Each file that cannot be decoded to its last pixel, with the reason."""
    for path, error in zip(manifest.table["path"], looks.errors, strict=True):
        if error:
            yield Problem(
                "unreadable_file", "error", (path,), f"{path}: {error}", "it is left out of training and evaluation"
            )


def misnamed(manifest: Manifest, looks: Looks) -> Iterator[Problem]:
    """Each file whose content is of another format than its name says."""
    for path, notes in zip(manifest.table["path"], looks.notes, strict=True):
        if notes.startswith("named "):
            yield Problem(
                "misnamed_file", "warning", (path,), f"{path}: {notes.partition(';')[0]}",
                "it is read as what it is here; rename it for the sake of other programs",
            )  # fmt: skip


def overlooked(manifest: Manifest) -> Iterator[Problem]:
    """Images of a folder that belong to no class, or that no suffix gives away as images."""
    if Path(manifest.source).is_file():
        return  # a table lists what it means
    known = set(manifest.table["path"])
    outside, hidden = [], []
    for directory, files in walk(manifest.root):
        prefix = "" if directory == manifest.root else f"{directory.relative_to(manifest.root).as_posix()}/"
        for name in files:
            path = prefix + name
            if path in known or not is_text(path):  # of those that are no text scan has told
                continue
            if is_image_name(name):
                outside.append(path)
            elif _is_image(directory / name):
                hidden.append(path)
    if outside:
        yield Problem(
            "overlooked_image", "warning", tuple(outside),
            f"{counted(len(outside), 'image')} in no class folder, so passed over, such as {outside[0]}",
            "move them into the folders of their classes, or out of the data",
        )  # fmt: skip
    if hidden:
        yield Problem(
            "overlooked_image", "warning", tuple(hidden),
            f"{counted(len(hidden), 'image')} not so named, so passed over, such as {hidden[0]}",
            f"name them with one of {', '.join(sorted(IMAGE_SUFFIXES))}",
        )  # fmt: skip


def _is_image(file: Path) -> bool:
    if not file.is_file():  # but a pipe, say, which nobody may be writing to
        return False
    try:
        with file.open("rb") as opened:
            content = opened.read(BEGINNING)
    except OSError:
        return False
    # Two letters are too few to call a file without a suffix of its own a BMP.
    return any(beginning.match(content) for name, (beginning, _) in FORMATS.items() if name != "BMP")
