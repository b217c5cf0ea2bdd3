"""Standard output and error, wherever they lead: to a code page, a reader that leaves, a full disk, nowhere.

Work is not given up because its words reach nobody: what cannot be written is dropped, and `undelivered` tells.
"""

import codecs
import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# How signs that a code page lacks are written in it; others become a question mark.
ALIKE = str.maketrans(
    {"→": "->", "–": "-", "—": "-", "−": "-", "×": "x", "·": "-", "…": "...", "≥": ">=", "≤": "<=", "±": "+-",
     "“": '"', "”": '"', "’": "'", "‘": "'", "✓": "+", "✗": "x", "≈": "~"}
)  # fmt: skip


class Output(io.FileIO):
    """A standard stream that never raises: after the first failure, which is kept, what is written is dropped."""

    failure: OSError | None = None

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)

    def write(self, data: "ReadableBuffer") -> int | None:  # type: ignore[override]
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as failure:
                self.failure = failure
        return memoryview(data).nbytes


def prepare() -> None:
    """Make this process's standard streams such that printing never fails.

    Streams that were put in their place, as by a test or a notebook, stay as they are.
    """
    codecs.register_error("alike", _alike)
    if None in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        _fill_descriptors()
    if sys.stdout is sys.__stdout__:
        sys.stdout = _prepared(sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _prepared(sys.stderr)


def undelivered() -> str:
    """Why standard output is not complete, or nothing; a reader that had read enough is no reason."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, Output) else None
    # Windows has no error of its own for a pipe without a reader.
    if failure is None or failure.errno == (errno.EINVAL if sys.platform == "win32" else errno.EPIPE):
        return ""
    return f"standard output: could not be written ({failure.strerror or failure}), so what was printed is not complete"


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")  # as long as the process
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    if (
        type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO
    ):  # a console of Windows, which writes all signs
        stream.reconfigure(errors="alike")
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(Output(stream.fileno())),
        encoding=stream.encoding,
        errors="alike",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(ALIKE)
    return "".join(sign if sign.isascii() else "?" for sign in signs), error.end


def _fill_descriptors() -> None:
    """Take the numbers 0 to 2 where they are free: a file that is opened later would get what is said on stderr."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
