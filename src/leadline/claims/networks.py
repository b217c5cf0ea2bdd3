"""Networks of the catalogue, and layers of them, ready to be measured."""

from functools import cache

import torch
from torch import nn

from leadline.anatomy import Anatomy, measure, trace
from leadline.zoo import build_model


@cache
def anatomy(name: str) -> Anatomy:
    """At its published input; several claims ask for the same."""
    return measure(name)


def jumps(network: Anatomy) -> tuple[tuple[int, int], ...]:
    """From and to which layers an input skips others."""
    return tuple((start, end) for end, layer in enumerate(network.layers) for start in layer.inputs if end - start > 1)


def unfilled(name: str) -> nn.Module:
    """The network without values, to take layers from."""
    with torch.device("meta"):
        return build_model(name)


def quickly_filled(name: str) -> nn.Module:
    """The network with small random weights: its speed is that of any other weights."""
    model = unfilled(name).to_empty(device="cpu")
    for values in (*model.parameters(), *model.buffers()):
        if values.is_floating_point():
            values.data.uniform_(0.01, 0.02) if values.dim() == 1 else values.data.uniform_(-0.02, 0.02)
    return model


def cost(module: nn.Module, shape: tuple[int, int, int]) -> tuple[int, int]:
    """Parameters and multiply-adds of any module on one input (channels, height, width)."""
    traced = trace(module, input_shape=shape)
    return traced.parameters, traced.multiply_adds
