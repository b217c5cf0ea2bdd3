"""The networks: one file per paper, a catalogue of them all, and what several papers share."""

from leadline.zoo.catalogue import Architecture, architecture, create_model, list_models
from leadline.zoo.layers import WithAuxiliary

__all__ = ["Architecture", "WithAuxiliary", "architecture", "create_model", "list_models"]
