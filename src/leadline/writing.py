"""Writing a file in one piece, or not at all: on a full disk, without the right to write, killed in the middle."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leadline.errors import LeadlineError, StorageError

# Libraries written in Rust pass on what the system said in this way.
OS_ERROR = re.compile(r"(?P<said>[^:]+) \(os error \d+\)|Os \{ code: \d+, .*message: \"(?P<quoted>[^\"]+)\"")
WAY_OUT = "make room or get the right to write there, or name another folder"


@contextmanager
def in_one_piece(file: Path, *, way_out: str = WAY_OUT, shared: bool = False) -> Iterator[Path]:
    """A new file beside `file` to write to; it replaces `file` at the end, or is removed where that is not reached.

    `shared`: another process may be writing the same file. Raises LeadlineError, with the `way_out`, where the system
    does not let it be written.
    """
    temporary = file.with_name(f"{file.name}.{os.getpid()}.new" if shared else f"{file.name}.new")
    try:
        with written(file, way_out=way_out):
            yield temporary
            temporary.replace(file)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def written(file: Path, *, way_out: str = WAY_OUT) -> Iterator[None]:
    """LeadlineError, with the `way_out`, where the system does not let `file` be written inside."""
    try:
        yield
    except LeadlineError:
        raise
    except Exception as error:
        reason = _said_by_the_system(error)
        if reason is None:
            raise
        raise StorageError(f"{file}: could not be written ({reason}); {way_out}") from error


def _said_by_the_system(error: BaseException | None) -> str | None:
    """Why it refused, whatever a library made of that; None where the system has nothing to do with the error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.strerror or str(error)
        found = OS_ERROR.search(str(error))
        if found:
            return (found["said"] or found["quoted"]).strip()
        error = error.__cause__ or error.__context__
    return None
