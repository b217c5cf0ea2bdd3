"""Leadline: how deep a network do your images need?

The Python API is the verbs, name for name, and `create_model`, `list_models` and `load` beneath them. Nothing heavy is
imported before it is used.

A process that is forked after Leadline was used in it may hang, as polars and torch leave their threads behind: start
processes with `multiprocessing.get_context("spawn")`.
"""

import random
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name → the module that it lives in.
_HOMES = {
    "LeadlineError": "leadline.errors",
    "bench": "leadline.verbs.bench",
    "check": "leadline.verbs.check",
    "compare": "leadline.verbs.compare",
    "create_model": "leadline.pretrained.create",
    "doctor": "leadline.verbs.doctor",
    "evaluate": "leadline.verbs.evaluate",
    "explain": "leadline.verbs.explain",
    "export": "leadline.verbs.export",
    "inspect": "leadline.verbs.inspect",
    "lab": "leadline.verbs.lab",
    "list_models": "leadline.zoo",
    "load": "leadline.classifier",
    "models": "leadline.verbs.models",
    "predict": "leadline.verbs.predict",
    "serve": "leadline.verbs.serve",
    "shard": "leadline.verbs.shard",
    "train": "leadline.verbs.train",
}
__all__ = [
    "LeadlineError",
    "__version__",
    "bench",
    "check",
    "compare",
    "create_model",
    "doctor",
    "evaluate",
    "explain",
    "export",
    "inspect",
    "lab",
    "list_models",
    "load",
    "models",
    "predict",
    "serve",
    "shard",
    "train",
]

if TYPE_CHECKING:
    from leadline.classifier import load
    from leadline.errors import LeadlineError
    from leadline.pretrained.create import create_model
    from leadline.verbs.bench import bench
    from leadline.verbs.check import check
    from leadline.verbs.compare import compare
    from leadline.verbs.doctor import doctor
    from leadline.verbs.evaluate import evaluate
    from leadline.verbs.explain import explain
    from leadline.verbs.export import export
    from leadline.verbs.inspect import inspect
    from leadline.verbs.lab import lab
    from leadline.verbs.models import models
    from leadline.verbs.predict import predict
    from leadline.verbs.serve import serve
    from leadline.verbs.shard import shard
    from leadline.verbs.train import train
    from leadline.zoo import list_models


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'leadline' has no attribute {name!r}")
    state = random.getstate()  # importing rich, which scikit-learn brings, draws from the caller's
    try:
        return getattr(import_module(_HOMES[name]), name)
    finally:
        random.setstate(state)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
