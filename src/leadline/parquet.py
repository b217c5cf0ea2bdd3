"""Parquet files that may be damaged, or made to do harm: whatever their reader does, it is an error of polars."""

import subprocess
import sys
from pathlib import Path

import polars as pl

TRIAL = "import sys, polars; polars.read_parquet(sys.argv[1])"


def read_parquet(file: Path) -> pl.DataFrame:
    """The table; ComputeError also where the reader panics, which Python would not take for an Exception."""
    try:
        return pl.read_parquet(file)
    except pl.exceptions.PanicException as panic:
        raise _damaged(panic) from None


def read_strangers_parquet(file: Path) -> pl.DataFrame:
    """The same of a file that we did not write: tried in a process of its own first, for a size in it that is a lie
    can end the process."""
    trial = subprocess.run([sys.executable, "-c", TRIAL, str(file)], capture_output=True, check=False)
    if trial.returncode < 0 and file.is_file():
        raise pl.exceptions.ComputeError("it is damaged: it crashes its reader")
    return read_parquet(file)


def read_parquet_metadata(file: Path) -> dict[str, str]:
    """What is written in the file besides its table; ComputeError as above."""
    try:
        return pl.read_parquet_metadata(file)
    except pl.exceptions.PanicException as panic:
        raise _damaged(panic) from None


def _damaged(panic: BaseException) -> pl.exceptions.ComputeError:
    return pl.exceptions.ComputeError(f"it is damaged: {' '.join(str(panic).split())[:200]}")
