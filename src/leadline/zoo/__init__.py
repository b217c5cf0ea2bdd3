"""The networks: one file per paper, a catalogue of them all, and what several papers share."""

from leadline.zoo.catalogue import Architecture, architecture, create_model, list_models
from leadline.zoo.layers import WithAuxiliary
from leadline.zoo.pretrained import Pretrained
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
