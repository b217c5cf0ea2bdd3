"""Class activation maps: how much each place of an image speaks for a class, or against it.

Networks that end in global average pooling and one linear layer have an exact map: HiResCAM (Draelos and Carin 2020,
arXiv 2011.08891), which is CAM (Zhou et al. 2016, arXiv 1512.04150) there. Its values and a bias add up to the logit.
All others have Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391), which says where the network looked, but not how
much of the logit came from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leadline.data.preprocessing import Preprocessing
from leadline.zoo.last_layer import ends_in_average

Floats = NDArray[np.float64]
Method = Literal["CAM", "Grad-CAM"]


@dataclass(frozen=True)
class Maps:
    """Maps of a batch of images, in its order, each of one class."""

    method: Method
    values: Floats  # (images, rows, columns): the last feature maps' places, in logits; Grad-CAM's have no unit
    bias: Floats  # (images,) what the logit has beside the sum of the map; NaN with Grad-CAM
    logits: Floats  # (images, classes)
    classes: NDArray[np.int64]  # (images,) which class each map is of


def method_of(network: nn.Module) -> Method:
    return "CAM" if ends_in_average(network) else "Grad-CAM"


def maps_of(
    network: nn.Module, preprocessing: Preprocessing, pixels: NDArray[Any], *, classes: NDArray[np.int64] | None = None
) -> Maps:
    """The maps of images (batch, size, size, channels), of the class that each is predicted as or of `classes`.

    In single precision on the network's own device; network and caller's gradients stay as they were.
    """
    device = next(network.parameters()).device
    exact = ends_in_average(network)
    with _frozen(network), torch.enable_grad(), _features(network, exact=exact) as features:
        logits = network(preprocessing.normalise(torch.from_numpy(np.ascontiguousarray(pixels)).to(device)))
        wanted = logits.argmax(dim=1) if classes is None else torch.from_numpy(classes).to(device)
        chosen = logits.gather(1, wanted[:, None])[:, 0]
        (activations,) = features
        (gradients,) = torch.autograd.grad(chosen.sum(), activations)
    if exact:
        values = (gradients.double() * activations.double()).sum(dim=1)
        bias = chosen.double() - values.sum(dim=(1, 2))
    else:
        weights = gradients.double().mean(dim=(2, 3), keepdim=True)
        values = (weights * activations.double()).sum(dim=1).relu()
        bias = torch.full_like(chosen, torch.nan)
    values, bias, logits = (tensor.detach().cpu().double() for tensor in (values, bias, logits))
    return Maps(method_of(network), values.numpy(), bias.numpy(), logits.numpy(), wanted.cpu().numpy())


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """In evaluation mode and without gradients of its parameters, then as it was."""
    modes = [(module, module.training) for module in network.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    network.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, gradient in wanted:
            parameter.requires_grad_(gradient)


@contextmanager
def _features(network: nn.Module, *, exact: bool) -> Iterator[list[Tensor]]:
    """The feature maps that a map is made of, once the network has run: those that are averaged, or the last stage's.

    The network goes on with a copy, so that a ReLU that works in place does not change them.
    """
    kept: list[Tensor] = []

    def keep(features: Tensor) -> Tensor:
        kept.append(features.detach().requires_grad_())
        return kept[-1].clone()

    if exact:
        hook = network.get_submodule("avgpool").register_forward_pre_hook(lambda _, inputs: (keep(inputs[0]),))
    else:
        *_, last = cast(tuple[str, ...], network.stages)
        hook = network.get_submodule(last).register_forward_hook(lambda _, __, output: keep(output))
    try:
        yield kept
    finally:
        hook.remove()


def on_the_image(values: Floats, height: int, width: int) -> Floats:
    """A map (rows, columns) on the pixels of the original image (height, width), bilinearly; NaN outside the central
    square, which is what the network was shown."""
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    enlarged = nn.functional.interpolate(
        torch.from_numpy(values)[None, None], size=(side, side), mode="bilinear", align_corners=False
    )
    whole = np.full((height, width), np.nan)
    whole[top : top + side, left : left + side] = enlarged[0, 0].numpy()
    return whole
