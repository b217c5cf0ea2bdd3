"""`leadline doctor`: what is installed here, what it computes with, and where the cache is."""

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from leadline.data.cache_folder import cache_folder
from leadline.errors import LeadlineError
from leadline.inference.hardware import environment
from leadline.results.run_metrics import Environment

# What an extra adds: the module, and the extra that installs it.
OPTIONAL = {
    "openvino": "openvino",
    "onnxruntime": "onnx",
    "huggingface_hub": "hub",
    "fastapi": "serve",
    "timm": "bench",
}


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """The folder with what Leadline can make again. It may be removed at any time when nothing is running."""

    folder: str = ""
    bytes: int = 0
    files: int = 0
    problem: str = ""  # why there is none, or none that can be written


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What `leadline doctor` says."""

    environment: Environment
    optional: dict[str, str | None]  # package → its version; None where it is not installed
    extras: dict[str, str]  # package → the extra that installs it
    settings: dict[str, str]  # environment variables that change what is computed, or where
    cache: Cache


def doctor() -> Diagnosis:
    """What is installed here, what it computes with, and the size and place of the cache. Changes nothing."""
    names = ("LEADLINE_CACHE", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES", "NO_COLOR")
    return Diagnosis(
        environment=environment(),
        optional={name: _version(name) for name in OPTIONAL},
        extras=OPTIONAL,
        settings={name: os.environ[name] for name in names if name in os.environ},
        cache=_cache(),
    )


def _version(module: str) -> str | None:
    if find_spec(module) is None:
        return None
    try:
        return version(module)
    except PackageNotFoundError:
        return "unknown"


def _cache() -> Cache:
    try:
        folder = cache_folder()
    except LeadlineError as error:
        return Cache(problem=str(error))
    above = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    problem = "" if os.access(above, os.W_OK) else f"{above} may not be written; set LEADLINE_CACHE to another folder"
    sizes = list(_sizes(folder))
    return Cache(folder=str(folder), bytes=sum(sizes), files=len(sizes), problem=problem)


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(place) / name).stat().st_size
            except OSError:  # another process has just removed it
                continue
