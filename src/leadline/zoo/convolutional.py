"""A network that slides over images larger than it was trained on: its fully connected layers become convolutions.

Simonyan and Zisserman, arXiv 1409.1556, section 3.2: "the first FC layer to a 7 × 7 conv. layer, the last two FC layers
to 1 × 1 conv. layers". Networks with global average pooling do so as they are (He et al., arXiv 1512.03385).
"""

from typing import cast

import torch
from torch import Tensor, nn

from leadline.errors import LeadlineError


class Sliding(nn.Module):
    """`features` and a `head` of convolutions with a class map each, averaged over positions: logits (batch, classes).

    At the size at which the map has one position, the logits are those of the network it was made of.
    """

    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features, self.head = features, head

    def score_map(self, x: Tensor) -> Tensor:
        """Logits at every position, (batch, classes, height, width)."""
        scores: Tensor = self.head(self.features(x))
        return scores

    def forward(self, x: Tensor) -> Tensor:
        return self.score_map(x).mean(dim=(2, 3))


def fully_convolutional(network: nn.Module, *, size: int, channels: int, name: str) -> nn.Module:
    """`network`, which works at `size` pixels, as one for any larger image; parameters are shared, not copied.

    It is in evaluation mode. Raises LeadlineError where the network's last map at `size` is not the one that its fully
    connected layers were made for: an average pooling then stretches it, which no sliding window does.
    """
    pool = getattr(network, "avgpool", None)
    if not isinstance(pool, nn.AdaptiveAvgPool2d) or not isinstance(pool.output_size, int):
        raise LeadlineError(f"{name}: does not end in a pooling that could slide over a larger image")
    side = pool.output_size
    if side == 1:
        return network.eval()
    features, classifier = network.get_submodule("features"), cast(nn.Sequential, network.get_submodule("classifier"))
    network.eval()
    with torch.inference_mode():
        found = features(torch.zeros(1, channels, size, size, device=next(network.parameters()).device)).shape[-1]
    if found != side:
        raise LeadlineError(
            f"{name}: at {size} pixels its last map is {found}×{found}, pooled to the {side}×{side} that its fully "
            "connected layers take, so it cannot slide over larger images; train it at its published size, or choose "
            "another --protocol"
        )
    layers: list[nn.Module] = []
    for layer in classifier:
        if isinstance(layer, nn.Linear):
            layers.append(as_convolution(layer, side))
        elif not isinstance(layer, nn.Flatten):
            layers.append(layer)
        side = 1 if isinstance(layer, nn.Linear | nn.Conv2d) else side
    return Sliding(features, nn.Sequential(*layers)).eval()


def as_convolution(layer: nn.Linear, side: int) -> nn.Conv2d:
    """The convolution of `side`×`side` kernels that is `layer` on a map of that size; it shares the parameters."""
    channels = layer.in_features // side**2
    with torch.device("meta"):
        convolution = nn.Conv2d(channels, layer.out_features, side, bias=layer.bias is not None)
    weight = layer.weight.detach().view(layer.out_features, channels, side, side)
    convolution.weight = nn.Parameter(weight, requires_grad=layer.weight.requires_grad)
    convolution.bias = layer.bias
    return convolution
