"""What tifffile and imagecodecs only log about a damaged file, caught in the thread that reads it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_heard = threading.local()


class _Listener(logging.Filter):
    """Lets a record pass unless its thread is reading an image: everybody else's log stays as it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        messages: list[str] | None = getattr(_heard, "messages", None)
        if messages is None:
            return True
        if record.levelno >= logging.WARNING:
            messages.append(record.getMessage())
        return False


_LISTENER = _Listener()


@contextmanager
def complaints() -> Iterator[list[str]]:
    """The warnings that are logged inside, which appear nowhere else."""
    for library in ("tifffile", "imagecodecs"):
        logging.getLogger(library).addFilter(_LISTENER)  # adds it once
    _heard.messages = []
    try:
        yield _heard.messages
    finally:
        _heard.messages = None
