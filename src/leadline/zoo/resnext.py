"""ResNeXt. Xie, Girshick, Dollár, Tu, He, "Aggregated residual transformations for deep neural networks", 2016.

arXiv 1611.05431. The networks use form (c) of figure 3; `AsPaths` and `AsConcatenation` are forms (a) and (b).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.zoo.resnet import Bottleneck, ResNet


class Row(NamedTuple):
    """Blocks per stage; cardinality C; path width d and channels put out in the first stage, which double per stage."""

    blocks: tuple[int, ...]
    cardinality: int
    path_width: int
    stem: int = 64
    out: int = 256


# Table 1 and section 5.
TABLE_1 = {
    "ResNeXt-50 (32×4d)": Row((3, 4, 6, 3), 32, 4),
    "ResNeXt-101 (32×4d)": Row((3, 4, 23, 3), 32, 4),
    "ResNeXt-101 (64×4d)": Row((3, 4, 23, 3), 64, 4),
    "ResNeXt-101 (32×8d)": Row((3, 4, 23, 3), 32, 8),
    "ResNeXt-29 (8×64d)": Row((3, 3, 3), 8, 64),
    "ResNeXt-29 (16×64d)": Row((3, 3, 3), 16, 64),
    "small": Row((2, 2, 2), 8, 4, stem=32, out=64),
}

READINGS = (
    "a map is halved in the 3×3 of the bottleneck, as the authors' code does",
    "He initialisation counts fan-out, as the authors' code does",
)
DEVIATES_32X8D = "torchvision's; the paper has no 101 layers of 32×8d"
SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: 20 layers in the CIFAR networks' shape, 8×4d and a quarter of the channels"
)


class ResNeXt(ResNet):
    """Row `row` of Table 1; three stages are CIFAR's, with its stem. Input (batch, in_channels, height, width)."""

    def __init__(self, row: str, *, num_classes: int, in_channels: int = 3) -> None:
        blocks, cardinality, path_width, stem, out = TABLE_1[row]

        def block(in_channels: int, out_channels: int, stride: int) -> Bottleneck:
            width = cardinality * path_width * out_channels // out
            return Bottleneck(in_channels, out_channels, stride, width=width, groups=cardinality, stride_in="3x3")

        super().__init__(
            block,
            blocks,
            [out * 2**stage for stage in range(len(blocks))],
            cifar=len(blocks) == 3,
            stem_width=stem,
            num_classes=num_classes,
            in_channels=in_channels,
        )


# The three equivalent blocks of figure 3, as functions of the weights of one `Bottleneck`: that itself is form (c).


def form_a(block: Bottleneck, x: Tensor) -> Tensor:
    """Figure 3a: every path has its own 1×1, 3×3 and 1×1 convolution, and the paths' outputs are added.

    Batch normalisation of the sum comes before the shortcut is added, as the paper's section 4 asks for this form.
    """
    thirds = block.conv3.weight.chunk(block.conv2.groups, dim=1)
    paths = [F.conv2d(out, third) for out, third in zip(_first_two_layers(block, x), thirds, strict=True)]
    return _with_shortcut(block, x, torch.stack(paths).sum(0))


def form_b(block: Bottleneck, x: Tensor) -> Tensor:
    """Figure 3b: every path has its own 1×1 and 3×3; their outputs are concatenated and share the last 1×1."""
    return _with_shortcut(block, x, block.conv3(torch.cat(_first_two_layers(block, x), dim=1)))


def _first_two_layers(block: Bottleneck, x: Tensor) -> list[Tensor]:
    paths = block.conv2.groups
    outputs = []
    for path, (first, second) in enumerate(
        zip(block.conv1.weight.chunk(paths), block.conv2.weight.chunk(paths), strict=True)
    ):
        out = torch.relu(_normalised(block.bn1, F.conv2d(x, first, stride=block.conv1.stride), path, paths))
        out = F.conv2d(out, second, stride=block.conv2.stride, padding=1)
        outputs.append(torch.relu(_normalised(block.bn2, out, path, paths)))
    return outputs


def _normalised(norm: nn.BatchNorm2d, x: Tensor, path: int, paths: int) -> Tensor:
    """`x` normalised with the part of `norm` that belongs to one of the paths."""
    mean, variance, weight, bias = (
        None if values is None else values.chunk(paths)[path]
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return F.batch_norm(x, mean, variance, weight, bias, norm.training, norm.momentum or 0.0, norm.eps)


def _with_shortcut(block: Bottleneck, x: Tensor, out: Tensor) -> Tensor:
    shortcut = x if block.downsample is None else block.downsample(x)
    return torch.relu(block.bn3(out) + shortcut)
