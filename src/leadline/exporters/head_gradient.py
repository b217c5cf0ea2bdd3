"""The gradient of a class score through the fully connected layers, written out, because no runtime differentiates."""

import torch
from torch import Tensor, nn

from leadline.errors import LeadlineError
from leadline.zoo.convolutional import as_convolution
from leadline.zoo.lenet import ScaledTanh


def head_gradient(head: nn.Sequential, features: Tensor, chosen: Tensor) -> Tensor:
    """d(logits · chosen)/d features, (batch, channels, height, width), of logits = head(features).

    Knows the layers that the zoo's heads are made of; LeadlineError for another one.
    """
    side = features.shape[-1]
    layers: list[nn.Module] = []
    for layer in head:
        if isinstance(layer, nn.Linear):
            layer = as_convolution(layer, side)
        if isinstance(layer, nn.Conv2d):
            side = 1
        if not isinstance(layer, nn.Flatten | nn.Dropout):
            layers.append(layer)
    values = [features]
    for layer in layers:
        values.append(_forward(layer, values[-1]))
    gradient = chosen[:, :, None, None]
    for layer, before, after in zip(reversed(layers), reversed(values[:-1]), reversed(values[1:]), strict=True):
        gradient = _backward(layer, before, after, gradient)
    return gradient


def _forward(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, nn.ReLU):
        return x.relu()  # not in place: the value before is needed
    result: Tensor = layer(x)
    return result


def _backward(layer: nn.Module, before: Tensor, after: Tensor, gradient: Tensor) -> Tensor:
    if isinstance(layer, nn.ReLU):
        return gradient * (after > 0)
    if isinstance(layer, ScaledTanh):
        return gradient * (1.7159 * (2 / 3)) * (1 - torch.square(after / 1.7159))
    if isinstance(layer, nn.Conv2d) and layer.kernel_size == tuple(before.shape[2:]):
        flat = gradient.flatten(1) @ layer.weight.flatten(1)
        return flat.reshape(before.shape)
    raise LeadlineError(f"no gradient is known of {type(layer).__name__} in a head")
