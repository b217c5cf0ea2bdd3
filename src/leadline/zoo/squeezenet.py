"""SqueezeNet. Iandola, Han, Moskewicz et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016.

arXiv 1602.07360. 1×1 convolutions, and a global average in the place of fully connected layers, as Network in Network.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Fire(NamedTuple):
    """Table 1's columns s1×1, e1×1 and e3×3."""

    squeeze: int
    expand1x1: int
    expand3x3: int


# Table 1: the first convolution (maps, kernel), then fire modules and "M" for a 3×3 max-pooling of stride 2. 1.1 is the
# authors' later version, in their repository.
FIRES = [Fire(16, 64, 64)] * 2 + [Fire(32, 128, 128)] * 2 + [Fire(48, 192, 192)] * 2 + [Fire(64, 256, 256)] * 2
CONFIGURATIONS: dict[str, tuple[tuple[int, int], list[Fire | str]]] = {
    "1.0": ((96, 7), ["M", *FIRES[:3], "M", *FIRES[3:7], "M", FIRES[7]]),
    "1.1": ((64, 3), ["M", *FIRES[:2], "M", *FIRES[2:4], "M", *FIRES[4:]]),
}


class FireModule(nn.Module):
    """Figure 1: 1×1 filters squeeze the channels; 1×1 and 3×3 filters side by side expand them again."""

    def __init__(self, in_channels: int, fire: Fire) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, fire.squeeze, 1)
        self.expand1x1 = nn.Conv2d(fire.squeeze, fire.expand1x1, 1)
        self.expand3x3 = nn.Conv2d(fire.squeeze, fire.expand3x3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.out_channels = fire.expand1x1 + fire.expand3x3

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        expanded: Tensor = self.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))
        return expanded


class SqueezeNet(nn.Module):
    """Version `name`, with torchvision's parameter names; input (batch, in_channels, height, width)."""

    def __init__(self, name: str = "1.0", *, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        (channels, kernel), entries = CONFIGURATIONS[name]
        first = nn.Conv2d(in_channels, channels, kernel, 2)
        features: list[nn.Module] = [first, nn.ReLU(inplace=True)]
        stages = []
        for entry in entries:
            if isinstance(entry, Fire):
                fire = FireModule(channels, entry)
                channels = fire.out_channels
                features.append(fire)
            else:
                stages.append(f"features.{len(features) - 1}")
                features.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        self.stages = (*stages, f"features.{len(features) - 1}")
        self.features = nn.Sequential(*features)
        final = nn.Conv2d(channels, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(), final, nn.ReLU(inplace=True))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.normal_(final.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.avgpool(self.classifier(self.features(x))).flatten(1)
        return logits
