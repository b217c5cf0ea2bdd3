"""The networks: one file per paper, a catalogue of them all, and what several papers share.

Names and costs are had without torch; what needs it is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from leadline.zoo.catalogue import Architecture, architecture, create_model, list_models
from leadline.zoo.pretrained import Pretrained

if TYPE_CHECKING:
    from leadline.zoo.layers import WithAuxiliary
    from leadline.zoo.weights import weights_of

__all__ = [
    "Architecture",
    "Pretrained",
    "WithAuxiliary",
    "architecture",
    "create_model",
    "list_models",
    "weights_of",
]


def __getattr__(name: str) -> Any:
    if name == "WithAuxiliary":
        from leadline.zoo.layers import WithAuxiliary

        return WithAuxiliary
    if name == "weights_of":
        from leadline.zoo.weights import weights_of

        return weights_of
    raise AttributeError(f"module 'leadline.zoo' has no attribute {name!r}")
