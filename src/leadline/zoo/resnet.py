"""ResNet. He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015, arXiv 1512.03385."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from leadline.zoo.layers import initialise_he

Shortcut = Literal["A", "B", "C"]

# Table 1: the blocks of conv2_x to conv5_x. 18 and 34 layers stack basic blocks, the deeper ones bottlenecks.
TABLE_1 = {
    "18-layer": ("basic", (2, 2, 2, 2)),
    "34-layer": ("basic", (3, 4, 6, 3)),
    "50-layer": ("bottleneck", (3, 4, 6, 3)),
    "101-layer": ("bottleneck", (3, 4, 23, 3)),
    "152-layer": ("bottleneck", (3, 8, 36, 3)),
}
WIDTHS = {"basic": (64, 128, 256, 512), "bottleneck": (256, 512, 1024, 2048)}  # what each stage puts out
CIFAR_WIDTHS = (16, 32, 64)  # section 4.2: 6n + 2 layers, n basic blocks at each of three sizes


class PadShortcut(nn.Module):
    """Option A: every second position, and zeros for the new channels. No parameters."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new_channels = stride, out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


def make_shortcut(option: Shortcut | None, in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Section 3.3's three options: A pads with zeros, B projects where the shape changes, C always; None has none."""
    if option is None:
        return None
    same = in_channels == out_channels and stride == 1
    if option != "C" and same:
        return nn.Identity()
    if option == "A":
        return PadShortcut(in_channels, out_channels, stride)
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Figure 5, left: two 3×3 convolutions; with `shortcut=None` it is the plain network's pair of layers."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, *, shortcut: Shortcut | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            out += self.downsample(x)
        activated: Tensor = self.relu(out)
        return activated


class Bottleneck(nn.Module):
    """Figure 5, right: 1×1 to `width` channels, 3×3 (in `groups`, for ResNeXt), 1×1 to `out_channels`.

    With `shortcut=None` it is the three layers alone, which the paper has no network of.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        *,
        width: int | None = None,
        groups: int = 1,
        stride_in: Literal["1x1", "3x3"] = "1x1",
        shortcut: Shortcut | None = "B",
    ) -> None:
        super().__init__()
        width = width or out_channels // 4
        first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
        self.conv1 = nn.Conv2d(in_channels, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            out += self.downsample(x)
        activated: Tensor = self.relu(out)
        return activated


class ResNet(nn.Module):
    """A stem, stages of equal blocks, global average pooling, one fully connected layer.

    Stage i has `blocks[i]` blocks `make_block(in_channels, widths[i], stride)` and halves the map, but for the first.
    ImageNet's stem is a 7×7 convolution and a max-pooling; CIFAR's (`stem_width=` its channels) is one 3×3 convolution,
    and its stages are three.
    """

    def __init__(
        self,
        make_block: Callable[[int, int, int], nn.Module],
        blocks: Sequence[int],
        widths: Sequence[int],
        *,
        cifar: bool = False,
        stem_width: int = 64,
        pool: nn.Module | None = None,
        num_classes: int,
        in_channels: int,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, stem_width, *((3, 1, 1) if cifar else (7, 2, 3)), bias=False)
        self.bn1 = nn.BatchNorm2d(stem_width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if cifar else pool or nn.MaxPool2d(3, 2, 1)
        stem, first, second, third, *fourth = stem_width, *widths
        self.layer1 = make_stage(make_block, blocks[0], stem, first)
        self.layer2 = make_stage(make_block, blocks[1], first, second, stride=2)
        self.layer3 = make_stage(make_block, blocks[2], second, third, stride=2)
        self.layer4 = make_stage(make_block, blocks[3], third, *fourth, stride=2) if fourth else nn.Identity()
        self.stages = tuple(f"layer{number}" for number in range(1, len(blocks) + 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(widths[-1], num_classes)
        initialise_he(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def make_stage(
    make_block: Callable[[int, int, int], nn.Module], count: int, in_channels: int, width: int, *, stride: int = 1
) -> nn.Sequential:
    """`count` blocks that put out `width` channels; the first has the `stride`."""
    blocks = [make_block(in_channels, width, stride)]
    blocks += [make_block(width, width, 1) for _ in range(count - 1)]
    return nn.Sequential(*blocks)


def imagenet_resnet(
    row: str,
    *,
    shortcut: Shortcut | None = "B",
    stride_in: Literal["1x1", "3x3"] = "1x1",
    num_classes: int = 1000,
    in_channels: int = 3,
) -> ResNet:
    """Row `row` of Table 1; no `shortcut` makes it the plain network. Height and width at least 32."""
    kind, blocks = TABLE_1[row]
    as_released = kind == "bottleneck" and stride_in == "1x1"
    return ResNet(
        partial(BasicBlock, shortcut=shortcut)
        if kind == "basic"
        else partial(Bottleneck, shortcut=shortcut, stride_in=stride_in),
        blocks,
        WIDTHS[kind],
        pool=nn.MaxPool2d(3, 2, ceil_mode=True) if as_released else None,
        num_classes=num_classes,
        in_channels=in_channels,
    )


def cifar_resnet(
    layers: int, *, shortcut: Shortcut | None = "A", num_classes: int = 10, in_channels: int = 3
) -> ResNet:
    """Section 4.2's network of 6n + 2 layers; no `shortcut` makes it the plain network."""
    return ResNet(
        partial(BasicBlock, shortcut=shortcut),
        [(layers - 2) // 6] * 3,
        CIFAR_WIDTHS,
        cifar=True,
        stem_width=CIFAR_WIDTHS[0],
        num_classes=num_classes,
        in_channels=in_channels,
    )
