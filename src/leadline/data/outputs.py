"""What a verb writes where it is told to never takes the place of what a person handed over, or has made."""

from collections.abc import Callable, Iterable
from pathlib import Path

from leadline.data.sources.walking import walk
from leadline.errors import LeadlineError, UsageError


def check_output(
    out: str | Path,
    *,
    ours: Callable[[Path], bool],
    kind: str,
    sources: Iterable[str | Path] = (),
    option: str = "--out",
) -> None:
    """Before any work: whether the file `out` may be written. A file that is there already is replaced where it is
    `ours`, of the `kind` that the verb writes, or empty.

    Raises UsageError where `out` is one of `sources`, or lies in a folder among them, by whatever link or spelling;
    LeadlineError where there is no folder for it, or something else in its place.
    """
    file = Path(out)
    if not file.parent.is_dir():
        raise LeadlineError(f"{out}: {file.parent} is no folder; make it first")
    if file.is_dir():
        raise LeadlineError(f"{out}: is a folder; name a file in it with {option}")
    for source in map(Path, sources):
        if source.is_dir() and lies_in(file, source):
            raise UsageError(f"{out}: lies in {source}, where nothing is written; name another file with {option}")
        if source.is_file() and file.exists() and file.samefile(source):
            raise UsageError(f"{out}: is what is read here; name another file with {option}")
    if file.is_file() and file.stat().st_size and not _readable_and(ours, file):
        raise LeadlineError(
            f"{out}: exists already, and only a {kind} from an earlier call is replaced; name another file with "
            f"{option}, or take it away"
        )


def lies_in(path: Path, root: Path) -> bool:
    """Whether `path`, which need not exist, lies in the folder `root` or in one that a link below `root` leads to.

    Folders are compared by what they are, not by their names, of which they may have several.
    """
    above = {_identity(folder) for folder in path.resolve().parents if folder.is_dir()}
    return any(_identity(folder) in above for folder, _ in walk(root))


def says_leadline(file: Path) -> bool:
    """Whether a drawing or page says in its beginning who made it."""
    with file.open("rb") as opened:
        return b"Leadline" in opened.read(2**16)


def _readable_and(ours: Callable[[Path], bool], file: Path) -> bool:
    try:
        return ours(file)
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
