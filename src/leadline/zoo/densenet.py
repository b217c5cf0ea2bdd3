"""DenseNet. Huang, Liu, van der Maaten, Weinberger, "Densely connected convolutional networks", arXiv 1608.06993."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from leadline.zoo.layers import initialise_he


class Row(NamedTuple):
    """Layers per dense block; growth rate k; channels of the first convolution; bottlenecks and compression or not."""

    blocks: tuple[int, ...]
    growth_rate: int
    first: int
    bottlenecks: bool = True


# Table 1, for ImageNet: bottlenecks of 4k channels, compression 0.5.
TABLE_1 = {
    "DenseNet-121": Row((6, 12, 24, 16), 32, 64),
    "DenseNet-169": Row((6, 12, 32, 32), 32, 64),
    "DenseNet-201": Row((6, 12, 48, 32), 32, 64),
    "DenseNet-264": Row((6, 12, 64, 48), 32, 64),
    "DenseNet-161": Row((6, 12, 36, 24), 48, 96),
}
# Table 2, for CIFAR (L, k): three blocks of (L - 4) / 3 layers, or half as many layers of two convolutions each in BC.
TABLE_2 = {
    "DenseNet (L=40, k=12)": Row((12,) * 3, 12, 16, bottlenecks=False),
    "DenseNet (L=100, k=12)": Row((32,) * 3, 12, 16, bottlenecks=False),
    "DenseNet (L=100, k=24)": Row((32,) * 3, 24, 16, bottlenecks=False),
    "DenseNet-BC (L=100, k=12)": Row((16,) * 3, 12, 24),
    "DenseNet-BC (L=250, k=24)": Row((41,) * 3, 24, 48),
    "DenseNet-BC (L=190, k=40)": Row((31,) * 3, 40, 80),
    "small": Row((3, 6, 9), 16, 32),
    # For zoo.variations: BC networks of other depths.
    **{f"small, {6 * layers + 4} layers": Row((layers,) * 3, 12, 24) for layers in (1, 2, 3, 5)},
}


@contextmanager
def _statistics_kept(norm: nn.BatchNorm2d) -> Iterator[None]:
    """While a checkpoint recomputes a layer, its running statistics must not count the same batch again."""
    momentum, norm.momentum = norm.momentum, 0.0
    counted = norm.num_batches_tracked.clone() if norm.num_batches_tracked is not None else None
    try:
        yield
    finally:
        norm.momentum = momentum
        if counted is not None and norm.num_batches_tracked is not None:
            norm.num_batches_tracked.copy_(counted)


class DenseLayer(nn.Module):
    """H of section 3: BN-ReLU-3×3, with a bottleneck BN-ReLU-1×1 to 4k channels before it; puts out k new channels."""

    def __init__(
        self, in_channels: int, growth_rate: int, *, bottleneck: bool, drop_rate: float, memory_efficient: bool
    ) -> None:
        super().__init__()
        self.drop_rate, self.memory_efficient = drop_rate, memory_efficient
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        if bottleneck:
            self.conv1 = nn.Conv2d(in_channels, 4 * growth_rate, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(4 * growth_rate)
            self.relu2 = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(4 * growth_rate, growth_rate, 3, padding=1, bias=False)
        else:
            self.conv1 = nn.Conv2d(in_channels, growth_rate, 3, padding=1, bias=False)
        self.bottleneck = bottleneck

    def _on_everything_before(self, *features: Tensor) -> Tensor:
        out: Tensor = self.conv1(self.relu1(self.norm1(torch.cat(features, dim=1))))
        return out

    def forward(self, features: list[Tensor]) -> Tensor:
        if self.memory_efficient and torch.is_grad_enabled():
            # The concatenation and its normalisation, the quadratic part, are computed again in the backward pass.
            out = checkpoint(
                self._on_everything_before,
                *features,
                use_reentrant=False,
                context_fn=lambda: (nullcontext(), _statistics_kept(self.norm1)),
            )
        else:
            out = self._on_everything_before(*features)
        if self.bottleneck:
            out = F.dropout(out, self.drop_rate, self.training)
            out = self.conv2(self.relu2(self.norm2(out)))
        return F.dropout(out, self.drop_rate, self.training)


class DenseBlock(nn.Module):
    """Figure 2: every layer sees the concatenation of the block's input and of all earlier layers' outputs."""

    def __init__(
        self,
        layers: int,
        in_channels: int,
        growth_rate: int,
        *,
        bottleneck: bool,
        drop_rate: float,
        memory_efficient: bool,
    ) -> None:
        super().__init__()
        for index in range(layers):
            layer = DenseLayer(
                in_channels + index * growth_rate,
                growth_rate,
                bottleneck=bottleneck,
                drop_rate=drop_rate,
                memory_efficient=memory_efficient,
            )
            self.add_module(f"denselayer{index + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.children():
            features.append(layer(features))
        return torch.cat(features, dim=1)


class Transition(nn.Sequential):
    """Section 3: BN-ReLU-1×1, which keeps or halves the channels, and 2×2 average pooling."""

    def __init__(self, in_channels: int, out_channels: int, *, drop_rate: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        if drop_rate:
            self.dropout = nn.Dropout(drop_rate)  # as the authors' Lua code; torchvision has none here
        self.pool = nn.AvgPool2d(2)


class DenseNet(nn.Module):
    """Row `row` of Table 1 or Table 2, with torchvision's parameter names; input (batch, in_channels, height, width).

    `drop_rate` is the paper's dropout after each convolution but the first (0.2 without augmentation), the transitions'
    among them.
    `memory_efficient` recomputes concatenations in the backward pass: slower, the gradients the same.
    """

    def __init__(
        self,
        row: str,
        *,
        drop_rate: float = 0.0,
        memory_efficient: bool = False,
        num_classes: int,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        imagenet = row in TABLE_1
        blocks, growth_rate, channels, bottlenecks = (TABLE_1 if imagenet else TABLE_2)[row]
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if imagenet:
            layers["conv0"] = nn.Conv2d(in_channels, channels, 7, 2, 3, bias=False)
            layers["norm0"] = nn.BatchNorm2d(channels)
            layers["relu0"] = nn.ReLU(inplace=True)
            layers["pool0"] = nn.MaxPool2d(3, 2, 1)
        else:
            layers["conv0"] = nn.Conv2d(in_channels, channels, 3, 1, 1, bias=False)
        for number, count in enumerate(blocks, start=1):
            layers[f"denseblock{number}"] = DenseBlock(
                count,
                channels,
                growth_rate,
                bottleneck=bottlenecks,
                drop_rate=drop_rate,
                memory_efficient=memory_efficient,
            )
            channels += count * growth_rate
            if number < len(blocks):
                out_channels = channels // 2 if bottlenecks else channels
                layers[f"transition{number}"] = Transition(channels, out_channels, drop_rate=drop_rate)
                channels = out_channels
        layers[f"norm{len(blocks) + 1}"] = nn.BatchNorm2d(channels)
        layers[f"relu{len(blocks) + 1}"] = nn.ReLU(inplace=True)
        self.features = nn.Sequential(layers)
        self.stages = (
            *(f"features.denseblock{number}" for number in range(1, len(blocks))),
            f"features.relu{len(blocks) + 1}",
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, num_classes)
        initialise_he(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits
