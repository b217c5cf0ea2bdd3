"""GoogLeNet. Szegedy, Liu, Jia et al., "Going deeper with convolutions", 2014, arXiv 1409.4842."""

import math
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from leadline.zoo.layers import LocalResponseNorm, WithAuxiliary, initialise_he


class Filters(NamedTuple):
    """The columns of Table 1, in the paper's order: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int


TABLE_1 = {
    "3a": Filters(64, 96, 128, 16, 32, 32),
    "3b": Filters(128, 128, 192, 32, 96, 64),
    "4a": Filters(192, 96, 208, 16, 48, 64),
    "4b": Filters(160, 112, 224, 24, 64, 64),
    "4c": Filters(128, 128, 256, 24, 64, 64),
    "4d": Filters(112, 144, 288, 32, 64, 64),
    "4e": Filters(256, 160, 320, 32, 128, 128),
    "5a": Filters(256, 160, 320, 32, 128, 128),
    "5b": Filters(384, 192, 384, 48, 128, 128),
}
# For images up to 64 pixels, in the same columns.
SMALL = {
    "3a": Filters(32, 32, 64, 16, 16, 16),
    "3b": Filters(32, 48, 64, 16, 32, 16),
    "4a": Filters(64, 64, 96, 16, 32, 32),
    "4b": Filters(64, 64, 96, 16, 32, 32),
    "4c": Filters(64, 64, 128, 16, 32, 32),
    "5a": Filters(128, 96, 192, 32, 64, 64),
}


class Convolution(nn.Sequential):
    """A convolution and its ReLU, with batch normalisation between them where the variant has it."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, batch_norm: bool = False
    ) -> None:
        super().__init__()
        padding = kernel // 2
        self.add_module("conv", nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=not batch_norm))
        if batch_norm:
            self.add_module("bn", nn.BatchNorm2d(out_channels, eps=1e-3))
        self.add_module("relu", nn.ReLU(inplace=True))


class Inception(nn.Module):
    """Figure 2: four branches side by side, their maps concatenated; `naive` leaves out the 1×1 reductions (2a)."""

    def __init__(
        self, in_channels: int, filters: Filters, *, five: int = 5, naive: bool = False, batch_norm: bool = False
    ) -> None:
        super().__init__()
        conv = partial(Convolution, batch_norm=batch_norm)
        pool = nn.MaxPool2d(3, 1, 1)
        self.branch1 = conv(in_channels, filters.one, 1)
        if naive:
            self.branch2 = nn.Sequential(conv(in_channels, filters.three, 3))
            self.branch3 = nn.Sequential(conv(in_channels, filters.five, five))
            self.branch4 = nn.Sequential(pool)
        else:
            self.branch2 = nn.Sequential(
                conv(in_channels, filters.three_reduce, 1), conv(filters.three_reduce, filters.three, 3)
            )
            self.branch3 = nn.Sequential(
                conv(in_channels, filters.five_reduce, 1), conv(filters.five_reduce, filters.five, five)
            )
            self.branch4 = nn.Sequential(pool, conv(in_channels, filters.pool, 1))
        self.out_channels = filters.one + filters.three + filters.five + (in_channels if naive else filters.pool)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


class AuxiliaryHead(nn.Module):
    """Section 5: average pooling to 4×4, a 1×1 convolution to 128 maps, fully connected layers, 70 % dropout."""

    def __init__(self, in_channels: int, num_classes: int, *, hidden: int = 1024, batch_norm: bool = False) -> None:
        super().__init__()
        # The paper's 5×5 windows, 3 apart, make 4×4 of the 14×14 maps of the published size by themselves.
        to_4x4 = nn.AdaptiveAvgPool2d(4)
        self.pool = to_4x4 if batch_norm else nn.Sequential(nn.AvgPool2d(5, 3), to_4x4)
        self.conv = Convolution(in_channels, 128, 1, batch_norm=batch_norm)
        self.fc1 = nn.Linear(128 * 4 * 4, hidden)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.relu(self.fc1(self.conv(self.pool(x)).flatten(1)))
        logits: Tensor = self.fc2(self.dropout(hidden))
        return logits


class GoogLeNet(nn.Module):
    """A stem, the modules of Table 1 (or of `SMALL`) in order, global average pooling, one fully connected layer.

    In training mode it returns `WithAuxiliary`, with the logits of the two auxiliary heads. Parameter names are
    torchvision's; a layer that a variant lacks is an identity. Input (batch, in_channels, height, width).
    """

    conv1: nn.Module
    conv2: nn.Module
    conv3: nn.Module
    norm1: nn.Module
    norm2: nn.Module
    maxpool1: nn.Module
    maxpool2: nn.Module
    maxpool3: nn.Module
    maxpool4: nn.Module
    inception3a: nn.Module
    inception3b: nn.Module
    inception4a: nn.Module
    inception4b: nn.Module
    inception4c: nn.Module
    inception4d: nn.Module
    inception4e: nn.Module
    inception5a: nn.Module
    inception5b: nn.Module
    aux1: nn.Module
    aux2: nn.Module

    def __init__(
        self,
        variant: Literal["2014", "naive", "bn", "small"] = "2014",
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        small, batch_norm = variant == "small", variant in ("bn", "small")
        conv = partial(Convolution, batch_norm=batch_norm)
        norm = nn.Identity if batch_norm else partial(LocalResponseNorm, 5, alpha=1e-4 / 5, beta=0.75, k=1)
        pool = partial(nn.MaxPool2d, stride=2, ceil_mode=True)
        width = 32 if small else 64
        trunk: dict[str, nn.Module] = {
            "conv1": conv(in_channels, width, 3) if small else conv(in_channels, width, 7, 2),
            "maxpool1": pool(3),
            "norm1": norm(),
            "conv2": conv(width, width, 1),
            "conv3": conv(width, 3 * width, 3),
            "norm2": norm(),
            "maxpool2": nn.Identity() if small else pool(3),
        }
        channels = 3 * width
        # The modules whose outputs the heads take that only training has.
        self.heads = {"inception4a": "aux1", "inception4c" if small else "inception4d": "aux2"}
        for name in TABLE_1:
            if name == "4a":
                trunk["maxpool3"] = pool(3)
            if name == "5a":
                trunk["maxpool4"] = pool(2 if variant == "bn" else 3)
            place = f"inception{name}"
            filters = (SMALL if small else TABLE_1).get(name)
            if filters is None:
                trunk[place] = nn.Identity()
                continue
            module = Inception(
                channels, filters, five=3 if variant == "bn" else 5, naive=variant == "naive", batch_norm=batch_norm
            )
            trunk[place] = module
            channels = module.out_channels
            if place in self.heads:
                head = AuxiliaryHead(channels, num_classes, hidden=256 if small else 1024, batch_norm=batch_norm)
                self.add_module(self.heads[place], head)
        for name, layer in trunk.items():
            self.add_module(name, layer)
        last = ("inception4c", "inception5a") if small else ("inception4e", "inception5b")
        self.stages = ("conv3", "inception3b", *last)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2 if batch_norm else 0.4)
        self.fc = nn.Linear(channels, num_classes)
        self._initialise(variant)

    def _initialise(self, variant: str) -> None:
        if variant == "small":
            initialise_he(self)
            return
        for name, module in self.named_modules():
            if not isinstance(module, nn.Conv2d | nn.Linear):
                continue
            if variant == "bn":
                nn.init.trunc_normal_(module.weight, std=0.01, a=-2, b=2)
                continue
            bound = math.sqrt(3 / module.weight[0].numel())
            nn.init.uniform_(module.weight, -bound, bound)
            if module.bias is not None:
                nn.init.constant_(module.bias, 0.0 if name.rpartition(".")[2] in ("fc", "fc2") else 0.2)

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        auxiliary: list[Tensor] = []
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.norm2(self.conv3(self.conv2(x)))
        x = self.maxpool2(x)
        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.maxpool3(x)
        x = self.inception4a(x)
        if self.training:
            auxiliary.append(self.aux1(x))
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        if self.training:
            auxiliary.append(self.aux2(x))
        x = self.inception4e(x)
        x = self.maxpool4(x)
        x = self.inception5a(x)
        x = self.inception5b(x)
        logits: Tensor = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return WithAuxiliary(logits, tuple(auxiliary)) if self.training else logits
