"""What an output depends on, found out by asking it: the gradient is zero exactly where no path leads."""

import torch
from torch import Tensor, nn


def awake(module: nn.Module) -> nn.Module:
    """`module`, from the meta device too, with positive weights in float64, neutral normalisation and no biases.

    On positive inputs no rectifier is then closed and no two paths cancel. For layers without subtraction only.
    """
    module = module.to_empty(device="cpu").double().eval()
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            part.weight.data /= part.weight[0].numel()
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
            part.reset_running_stats()
    return module


def gradient_map(module: nn.Module, channels: int, *, side: int, images: int = 1) -> Tensor:
    """How strongly the middle of the output depends on each pixel: (side, side), the largest is 1.

    Over `images` random inputs, since a maximum looks at one pixel of its window only. `module` must keep the size.
    """
    image = torch.rand(images, channels, side, side, dtype=torch.float64, requires_grad=True)
    output = module(image)
    output[:, :, side // 2, side // 2].sum().backward()
    assert image.grad is not None
    strength = image.grad.abs().sum(dim=(0, 1))
    return strength / strength.max()


def side_seen(gradient: Tensor) -> int:
    """Pixels along one side from the first to the last on which the output depends."""
    rows = torch.nonzero(gradient.sum(dim=1))
    return int(rows.max() - rows.min()) + 1


def dependence(module: nn.Module, channels: int, *, side: int = 5) -> Tensor:
    """Whether each output channel depends on each input channel: a boolean (outputs, inputs)."""
    image = torch.rand(1, channels, side, side, dtype=torch.float64, requires_grad=True)
    outputs = module(image)[0].sum(dim=(1, 2))
    each = torch.eye(len(outputs), dtype=torch.float64)
    (gradients,) = torch.autograd.grad(outputs, image, each, is_grads_batched=True)
    return gradients.abs().sum(dim=(1, 3, 4)) > 0


def shares(depends: Tensor, *, rows: int, columns: int) -> list[list[float]]:
    """A large matrix made small for a figure: of each of `rows` × `columns` blocks, the share that is true."""
    return [[float(block.double().mean()) for block in band.chunk(columns, dim=1)] for band in depends.chunk(rows)]
