"""Small ReLU networks of one input, made by hand, and the number of straight pieces that their functions have."""

import torch
from torch import Tensor, nn


def folding_network(depth: int) -> nn.Sequential:
    """`depth` hidden layers of two units that fold [0, 1] in half each: Montúfar et al. 2014, section 3.

    Each layer computes the tent t(x) = 2x for x ≤ ½ and 2 − 2x beyond, from the layer below.
    """
    layers: list[nn.Module] = []
    for number in range(depth):
        layer = nn.Linear(2 if number else 1, 2, dtype=torch.float64)
        # The units relu(t) and relu(t - ½); 2·first - 4·second is the tent of t, which the next layer takes as its t.
        tent = torch.tensor([[2.0, -4.0]] if number else [[1.0]], dtype=torch.float64)
        layer.weight.data = tent.repeat(2, 1)
        layer.bias.data = torch.tensor([0.0, -0.5], dtype=torch.float64)
        layers += [layer, nn.ReLU()]
    last = nn.Linear(2, 1, dtype=torch.float64)
    last.weight.data = torch.tensor([[2.0, -4.0]], dtype=torch.float64)
    last.bias.data.zero_()
    return nn.Sequential(*layers, last)


def one_hidden_layer(units: int) -> nn.Sequential:
    """A zigzag on [0, 1] with a bend for each of its `units`: the most that one hidden layer can have."""
    hidden, last = nn.Linear(1, units, dtype=torch.float64), nn.Linear(units, 1, dtype=torch.float64)
    hidden.weight.data.fill_(1.0)
    hidden.bias.data = -torch.arange(1, units + 1, dtype=torch.float64) / 2 ** units.bit_length()
    signs = torch.tensor([1.0] + [2.0 * (-1) ** number for number in range(1, units)], dtype=torch.float64)
    last.weight.data = signs[None]
    last.bias.data.zero_()
    return nn.Sequential(hidden, nn.ReLU(), last)


def interpolating_network(units: int) -> nn.Sequential:
    """One hidden layer that joins `units` + 1 points of sin(2πx) on [0, 1] by straight lines."""
    knots = torch.linspace(0, 1, units + 1, dtype=torch.float64)
    heights = torch.sin(2 * torch.pi * knots)
    slopes = heights.diff() / knots.diff()
    hidden, last = nn.Linear(1, units, dtype=torch.float64), nn.Linear(units, 1, dtype=torch.float64)
    hidden.weight.data.fill_(1.0)
    hidden.bias.data = -knots[:-1]
    last.weight.data = torch.cat([slopes[:1], slopes.diff()])[None]
    last.bias.data.zero_()
    return nn.Sequential(hidden, nn.ReLU(), last)


def linear_pieces(network: nn.Module, *, steps: int = 2**14) -> int:
    """Straight pieces of the function that the network computes on [0, 1], counted from its values alone.

    Its bends must lie on multiples of 1 / steps: elsewhere they are counted twice.
    """
    x = torch.linspace(0, 1, steps + 1, dtype=torch.float64)[:, None]
    slopes = values_of(network, x).diff() / x[:, 0].diff()
    bends = slopes.diff().abs() > 1e-6 * slopes.abs().max()
    return int(bends.sum()) + 1


def values_of(network: nn.Module, x: Tensor) -> Tensor:
    """f(x) for each x (n, 1), as (n,)."""
    with torch.no_grad():
        values: Tensor = network(x)[:, 0]
    return values


def pieces_at_random(hidden: tuple[int, ...], *, networks: int = 20, steps: int = 4096) -> float:
    """Mean number of activation patterns met along [-2, 2] by networks with He's initialisation and small biases."""
    x = torch.linspace(-2, 2, steps, dtype=torch.float64)[:, None]
    met = 0
    for _ in range(networks):
        values, changed = x, torch.zeros(steps - 1, dtype=torch.bool)
        for units in hidden:
            weight = torch.randn(units, values.shape[1], dtype=torch.float64) * (2 / values.shape[1]) ** 0.5
            values = values @ weight.T + 0.5 * torch.randn(units, dtype=torch.float64)
            changed |= ((values > 0).diff(dim=0)).any(dim=1)
            values = values.relu()
        met += int(changed.sum()) + 1
    return met / networks
