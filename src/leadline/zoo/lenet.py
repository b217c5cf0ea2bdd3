"""LeNet-5. LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.

Proceedings of the IEEE 86(11). Layers carry the names of its figure 2: C convolution, S subsampling, F fully connected.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn


class ScaledTanh(nn.Module):
    """1.7159 · tanh(2x/3): the paper's squashing function (its appendix A), which maps ±1 to ±1."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2 / 3))


class LeNet5(nn.Module):
    """The 61,706-parameter form in common use; input (batch, in_channels, height, width), both at least 32."""

    stages = ("features.C1_squash", "features.C3_squash")

    def __init__(self, *, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                C1=nn.Conv2d(in_channels, 6, 5),
                C1_squash=ScaledTanh(),
                S2=nn.AvgPool2d(2),
                C3=nn.Conv2d(6, 16, 5),
                C3_squash=ScaledTanh(),
                S4=nn.AvgPool2d(2),
            )
        )
        self.avgpool = nn.AdaptiveAvgPool2d(5)  # the identity at the published 32 pixels
        self.classifier = nn.Sequential(
            OrderedDict(
                C5=nn.Conv2d(16, 120, 5),
                C5_squash=ScaledTanh(),
                flatten=nn.Flatten(),
                F6=nn.Linear(120, 84),
                F6_squash=ScaledTanh(),
                output=nn.Linear(84, num_classes),
            )
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = 2.4 / module.weight[0].numel()  # the paper: uniform in ±2.4 / fan-in
                nn.init.uniform_(module.weight, -bound, bound)
                if module.bias is not None:
                    nn.init.uniform_(module.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)))
        return logits
