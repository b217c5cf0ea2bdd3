"""Parquet files that may be damaged, or made to do harm: whatever their reader does, it is an error of polars."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import polars as pl

# Reads the file in a process with so many bytes of memory: a size in it that is a lie can end that process, and a
# small file can hold billions of equal rows.
TRIAL = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]),) * 2)
except ImportError:  # Windows
    pass
import polars
try:
    polars.read_parquet_metadata(sys.argv[1])
    polars.read_parquet(sys.argv[1])
except (polars.exceptions.PolarsError, OSError):  # which whoever reads it next is told
    pass
"""
MEMORY, MEMORY_PER_BYTE = 2**30, 64  # a manifest of some millions of images, and what packs well
SECONDS = 60  # of a trial

_sound: set[bytes] = set()  # hashes of files that were tried, or written, by this process


def read_parquet(file: Path) -> pl.DataFrame:
    """The table. A run folder may come from a stranger, so it is read in a process of its own first, once for each
    content; ComputeError also where its reader panics, which Python would not take for an Exception."""
    content = _tried(file)
    try:
        return pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PanicException as panic:
        raise _damaged(panic) from None


def read_parquet_metadata(file: Path) -> dict[str, str]:
    """What is written in the file besides its table; ComputeError as above."""
    content = _tried(file)
    try:
        return pl.read_parquet_metadata(io.BytesIO(content))
    except pl.exceptions.PanicException as panic:
        raise _damaged(panic) from None


def write_parquet(table: pl.DataFrame, file: Path, metadata: dict[str, str] | None = None) -> None:
    """What this process writes needs no trial when it is read again."""
    table.write_parquet(file, metadata=metadata)
    _sound.add(_hash(file.read_bytes()))


def _tried(file: Path) -> bytes:
    """The content of a file that ends no process; ComputeError where it does."""
    content = file.read_bytes()
    if _hash(content) not in _sound:
        _try(file.absolute(), MEMORY + MEMORY_PER_BYTE * len(content))
        _sound.add(_hash(content))
    return content


def _try(file: Path, memory: int) -> None:
    command = [sys.executable, "-c", TRIAL, str(file), str(memory)]
    try:  # where its memory ends, polars crashes, panics, or waits for itself
        crashed = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS).returncode != 0
    except subprocess.TimeoutExpired:
        crashed = True
    if crashed:
        raise pl.exceptions.ComputeError(
            f"it is damaged: it crashes its reader, or takes more than {memory / 1e9:.1f} GB of memory"
        )


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _damaged(panic: BaseException) -> pl.exceptions.ComputeError:
    return pl.exceptions.ComputeError(f"it is damaged: {' '.join(str(panic).split())[:200]}")
