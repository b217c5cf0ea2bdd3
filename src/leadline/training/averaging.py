"""The mean of the weights over the last steps, as what is validated and kept (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from leadline.training.recipe import Recipe

Average = dict[str, Tensor]  # by the names of the network's state; empty before the first step that counts


def first_step(recipe: Recipe) -> int:
    """The steps that are done before the averaged ones."""
    return recipe.steps - round(recipe.averaged * recipe.steps)


@torch.no_grad()
def add(average: Average, network: nn.Module, *, count: int) -> None:
    """Make `average` that of `count` steps, the newest being the network's state; whole numbers are the newest ones."""
    for name, value in network.state_dict().items():
        if count == 1 or not value.is_floating_point():
            average[name] = value.clone()
        else:
            average[name].lerp_(value, 1 / count)


@contextmanager
def installed(network: nn.Module, average: Average) -> Iterator[None]:
    """The network with the averaged weights; afterwards it has its own again. Without an average it keeps them."""
    own = {name: value.clone() for name, value in network.state_dict().items()} if average else {}
    install(network, average)
    try:
        yield
    finally:
        install(network, own)


def install(network: nn.Module, values: Average) -> None:
    """Give the network these weights, where there are any."""
    if values:
        network.load_state_dict(values)
