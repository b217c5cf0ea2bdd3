"""Which parameters decay and which learn at a rate of their own, as the groups of an optimiser."""

from collections.abc import Iterator
from typing import Any

from torch import nn

from leadline.training.recipe import Recipe
from leadline.training.tuning import parts_of
from leadline.zoo.last_layer import last_layer


def groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """The parameters that are trained, in groups of one weight decay and one "factor" of the learning rate.

    Weights decay; biases and the scales of norms, which have one dimension, do so only where the recipe says it. The
    first two groups are always those, at the recipe's own rate. Parts that thaw at another time are in other groups,
    because the parameters of one begin their momentum together.
    """
    part = {id(value): number for number, value in _numbered(network, recipe)}
    last = last_layer(network)
    found: dict[tuple[bool, float, int], list[nn.Parameter]] = {(True, 1.0, 0): [], (False, 1.0, 0): []}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        layer, _, kind = name.rpartition(".")
        factor = recipe.bias_rate if kind == "bias" else 1.0
        factor *= recipe.last_layer_rate if layer == last else 1.0
        decays = parameter.ndim > 1 or recipe.decay_norms_and_biases
        found.setdefault((decays, factor, part.get(id(parameter), 0)), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": recipe.weight_decay if decays else 0.0, "factor": factor}
        for (decays, factor, _), parameters in found.items()
    ]


def _numbered(network: nn.Module, recipe: Recipe) -> Iterator[tuple[int, nn.Parameter]]:
    """Each parameter with the number of its part, where parts thaw one after another."""
    for number, part in enumerate(parts_of(network) if recipe.tune == "gradual" else []):
        for module in part:
            for parameter in module.parameters(recurse=False):
                yield number, parameter
