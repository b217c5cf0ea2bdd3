"""Which branches of an inception module the layers after it listen to."""

import torch
from torch import Tensor, nn

from leadline.zoo.googlenet import GoogLeNet, Inception

BRANCHES = {"branch1": "1×1", "branch2": "3×3", "branch3": "5×5", "branch4": "pooling"}


@torch.no_grad()
def branch_use(network: GoogLeNet) -> dict[str, dict[str, float]]:
    """Module → branch → how much of it is used, per channel; 1 for all branches where all channels are used alike.

    What a channel weighs is the scale that its batch normalisation gives it times the mean size of the weights by which
    the next layers read it. At the start all scales are 1 and all weights of one distribution.
    """
    modules = [(name, layer) for name, layer in network.named_children() if isinstance(layer, Inception)]
    use = {}
    for number, (name, module) in enumerate(modules):
        following = modules[number + 1][1] if number + 1 < len(modules) else network.fc
        reading = _reading(following)
        scales = torch.cat([_last_norm(getattr(module, branch)).weight.abs() for branch in BRANCHES])
        weights = scales * reading
        start, used = 0, {}
        for branch, words in BRANCHES.items():
            channels = _last_norm(getattr(module, branch)).num_features
            used[words] = round(float(weights[start : start + channels].mean() / weights.mean()), 4)
            start += channels
        use[name.removeprefix("inception")] = used
    return use


def _last_norm(branch: nn.Module) -> nn.BatchNorm2d:
    return [layer for layer in branch.modules() if isinstance(layer, nn.BatchNorm2d)][-1]


def _reading(following: nn.Module) -> Tensor:
    """Per input channel, the mean size of the weights of the layers that see it first."""
    if isinstance(following, nn.Linear):
        return following.weight.abs().mean(dim=0)
    branches = [getattr(following, branch) for branch in BRANCHES]
    first = [next(layer for layer in branch.modules() if isinstance(layer, nn.Conv2d)) for branch in branches]
    return torch.cat([layer.weight.abs().flatten(2).mean(dim=2) for layer in first]).mean(dim=0)
