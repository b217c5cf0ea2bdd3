"""A file from the network, once: resumed where it broke off, verified, and in its place whole or not at all."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from socket import gaierror
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from filelock import FileLock

from leadline import __version__
from leadline.errors import LeadlineError
from leadline.progress import Progress

TIMEOUT = 30.0  # seconds without a byte
BETWEEN_REMARKS = 10.0  # seconds after which it is said again how much has come
ATTEMPTS, PAUSE = 3, 1.0  # how often it is tried again without progress, and the seconds before
CHUNK = 1 << 20


class _BrokeOffError(Exception):
    """The connection ended before the file did."""


def download(url: str, file: Path, *, sha256: str, progress: Progress) -> Path:
    """`file`, downloaded from `url` unless it is there; its SHA-256 must begin with `sha256`.

    What has arrived lies in `file`.part, with which the next call goes on. Processes and threads that want the same
    file wait for the one that began. Raises LeadlineError, with the way out, where it cannot be had or is another file.
    """
    if not url.startswith(("https://", "http://")):
        raise LeadlineError(f"{url}: is no address to download from; https:// or http:// is expected")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with _alone(file):
                if not file.exists():  # another one was faster
                    return _download(url, file, sha256=sha256, progress=progress)
        found = _digest(file)
    except OSError as error:
        raise LeadlineError(f"{error.filename or file}: {error.strerror or error}") from error
    if not found.startswith(sha256):
        raise LeadlineError(
            f"{file}: is damaged or another file (its SHA-256 begins with {found[:8]}, expected {sha256}); remove it, "
            "and it is downloaded again"
        )
    return file


def _download(url: str, file: Path, *, sha256: str, progress: Progress) -> Path:
    part = file.with_name(f"{file.name}.part")
    furthest, failures = _size(part), 0
    progress.note(f"downloading {url} to {file}{f', going on at byte {furthest:,}' if furthest else ''}")
    while True:
        try:
            _transfer(url, part, progress=progress)
            break
        except (_BrokeOffError, HTTPException, URLError, ConnectionError, TimeoutError) as error:
            failures = 0 if _size(part) > furthest else failures + 1
            furthest = max(furthest, _size(part))
            refused = isinstance(error, HTTPError) and error.code < 500 and error.code not in (408, 429)
            no_network = isinstance(getattr(error, "reason", None), gaierror)
            if refused or no_network or failures == ATTEMPTS:
                raise _failed(url, file, part, error) from error
            time.sleep(PAUSE * failures)
    found = _digest(part)
    if not found.startswith(sha256):
        part.unlink()
        raise LeadlineError(
            f"{url}: what came is not the file that was asked for (its SHA-256 begins with {found[:8]}, expected "
            f"{sha256}), and was thrown away; try again, or put the right file at {file}"
        )
    part.replace(file)
    return file


def _transfer(url: str, part: Path, *, progress: Progress) -> None:
    """Append to `part` what is missing of the file at `url`, or begin again where the server cannot go on."""
    start = _size(part)
    headers = {"User-Agent": f"leadline/{__version__}", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416 and start:  # nothing after `start`: all of it is there, or it is of another file
            if error.headers.get("Content-Range") == f"bytes */{start}":
                return
            part.unlink()
            raise _BrokeOffError(f"the server has no byte {start:,}") from error
        raise
    with response:
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        length = response.headers.get("Content-Length")
        expected = int(length) + (start if goes_on else 0) if length else None
        said = time.monotonic()
        with part.open("ab" if goes_on else "wb") as target:
            while chunk := response.read(CHUNK):
                target.write(chunk)
                if time.monotonic() - said >= BETWEEN_REMARKS:
                    said = time.monotonic()
                    progress.note(
                        f"{target.tell() / 1e6:,.0f} MB{f' of {expected / 1e6:,.0f}' if expected else ''} have come"
                    )
    if expected is not None and _size(part) < expected:
        raise _BrokeOffError(f"the connection ended at {_size(part):,} of {expected:,} bytes")


def _failed(url: str, file: Path, part: Path, error: Exception) -> LeadlineError:
    reason = f"HTTP status {error.code}" if isinstance(error, HTTPError) else getattr(error, "reason", error)
    text = " ".join(str(reason).split()) or type(error).__name__
    again = "try again, and it goes on from there" if _size(part) else "try again"
    return LeadlineError(f"{url}: could not be downloaded ({text}); {again}, or put the file at {file} yourself")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Nobody else, process or thread, is in this block for the same `file`. The system frees it when a process ends."""
    lock = FileLock(file.with_name(f"{file.name}.lock"))
    with suppress(NotImplementedError):  # a file system without locks: two downloads then write the same bytes
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
