"""Gradual thawing: of a network with trained weights the last layer is trained first, then more and more of it."""

from torch import nn

from leadline.training.recipe import Recipe
from leadline.zoo.last_layer import last_layer

# The share of the steps in which `gradual` thaws the network; in the rest all of it is trained.
THAWING = 0.5


def parts_of(network: nn.Module) -> list[list[nn.Module]]:
    """The modules that hold parameters or states of their own, from the input to the output, in the parts that thaw one
    after another: up to each of the network's stages, what follows them, the last layer with training-only heads."""
    names = [name for name, _ in network.named_modules()]
    heads = set(getattr(network, "heads", {}).values())
    ends = [max(i for i, name in enumerate(names) if f"{name}.".startswith(f"{stage}.")) for stage in network.stages]  # type: ignore[union-attr]
    parts: list[list[nn.Module]] = [[] for _ in range(len(ends) + 2)]
    last = last_layer(network)
    for position, (name, module) in enumerate(network.named_modules()):
        if any(True for _ in module.children()):
            continue
        behind = sum(end < position for end in ends)
        parts[-1 if name == last or name.split(".")[0] in heads else behind].append(module)
    return [part for part in parts if any(True for module in part for _ in module.state_dict())]


class Thawing:
    """Trains the last layer of a network alone at first, and further parts towards the input as the steps go by.

    Howard and Ruder 2018 (arXiv 1801.06146), by stages. Frozen parts stay in evaluation mode, so that the means of
    their batch normalisation stay, too. It depends on the step alone, so that a resumed training goes on the same.
    """

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.parts = parts_of(network) if recipe.tune == "gradual" else []
        self.steps = recipe.steps

    def thawed(self, step: int) -> int:
        """How many parts, from the last one on, are trained in `step` (from 0)."""
        return min(len(self.parts), 1 + int(step / (THAWING * self.steps) * (len(self.parts) - 1)))

    def apply(self, step: int) -> None:
        """Make the network what it is trained as in `step`."""
        for position, part in enumerate(self.parts):
            trained = position >= len(self.parts) - self.thawed(step)
            for module in part:
                module.training = trained
                for parameter in module.parameters(recurse=False):
                    parameter.requires_grad_(trained)
