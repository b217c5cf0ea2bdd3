"""The networks: one file per paper, a catalogue of them all, and what several papers share.

Names and costs are had without torch; what needs it is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from leadline.zoo.catalogue import Architecture, architecture, build_model, list_models

if TYPE_CHECKING:
    from leadline.zoo.layers import WithAuxiliary

__all__ = ["Architecture", "WithAuxiliary", "architecture", "build_model", "list_models"]


def __getattr__(name: str) -> Any:
    if name == "WithAuxiliary":
        from leadline.zoo.layers import WithAuxiliary

        return WithAuxiliary
    raise AttributeError(f"module 'leadline.zoo' has no attribute {name!r}")
