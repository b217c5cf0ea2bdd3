"""Where Leadline keeps what it can make again: never in the data folder."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """LEADLINE_CACHE where it is set, otherwise the place that the operating system has for such files."""
    named = os.environ.get("LEADLINE_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "leadline"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "leadline"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leadline"
