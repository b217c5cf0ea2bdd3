"""Where Leadline keeps what it can make again: never in the data folder."""

import os
import sys
from pathlib import Path

from leadline.errors import LeadlineError
from leadline.writing import written

CACHE_WAY_OUT = "set LEADLINE_CACHE to a folder on a disk with room, where you may write"


def cache_folder() -> Path:
    """LEADLINE_CACHE where it is set, otherwise the place that the operating system has for such files.

    LeadlineError where it has none, because there is no home folder.
    """
    named = os.environ.get("LEADLINE_CACHE")
    system = os.environ.get({"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME"))
    if named:
        return Path(named)
    if system:
        return Path(system) / "leadline"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise LeadlineError(
            f"no folder for the cache, because this user has no home folder; {CACHE_WAY_OUT}"
        ) from error
    places = {"win32": home / "AppData" / "Local", "darwin": home / "Library" / "Caches"}
    return places.get(sys.platform, home / ".cache") / "leadline"


def made_in_cache(*names: str) -> Path:
    """The folder of that name in the cache, made where there is none; LeadlineError where it cannot be."""
    folder = cache_folder().joinpath(*names)
    with written(folder, way_out=CACHE_WAY_OUT):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
