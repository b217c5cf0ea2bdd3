"""AlexNet. Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012."""

from collections import OrderedDict

from torch import Tensor, nn

from leadline.zoo.layers import CeilConv2d, LocalResponseNorm

# Figure 2 and section 3.5, the maps of both GPUs together: (maps, kernel, stride, padding, GPUs that do not talk).
# After the layers in NORMALISED comes LRN, after those in POOLED a 3×3 max-pooling with stride 2.
LAYERS = {
    "two GPUs": [(96, 11, 4, 0, 1), (256, 5, 1, 2, 2), (384, 3, 1, 1, 1), (384, 3, 1, 1, 2), (256, 3, 1, 1, 2)],
    "ungrouped": [
        (96, 11, 4, 0, 1),
        (256, 5, 1, 2, 1),
        (384, 3, 1, 1, 1),
        (384, 3, 1, 1, 1),
        (256, 3, 1, 1, 1),
    ],
    "small": [(48, 5, 1, 2, 1), (128, 5, 1, 2, 2), (192, 3, 1, 1, 1), (192, 3, 1, 1, 2), (128, 3, 1, 1, 2)],
}
NORMALISED = (1, 2)
POOLED = (1, 2, 5)
HEADS = {"two GPUs": (6, 4096), "ungrouped": (6, 4096), "small": (4, 512)}  # last map, fc6 and fc7


class AlexNet(nn.Module):
    """Row `row` of LAYERS under three fully connected layers; input (batch, in_channels, height, width)."""

    stages = ("features.relu1", "features.relu2", "features.relu5")

    def __init__(self, row: str = "two GPUs", *, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        features: OrderedDict[str, nn.Module] = OrderedDict()
        channels = in_channels
        for number, (maps, kernel, stride, padding, groups) in enumerate(LAYERS[row], start=1):
            features[f"conv{number}"] = CeilConv2d(channels, maps, kernel, stride, padding, groups)
            features[f"relu{number}"] = nn.ReLU(inplace=True)
            if number in NORMALISED:
                features[f"norm{number}"] = LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
            if number in POOLED:
                features[f"pool{number}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
            channels = maps
        side, hidden = HEADS[row]
        self.features = nn.Sequential(features)
        self.avgpool = nn.AdaptiveAvgPool2d(side)  # the identity at the published size
        self.classifier = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),
                fc6=nn.Linear(channels * side * side, hidden),
                relu6=nn.ReLU(inplace=True),
                drop6=nn.Dropout(),
                fc7=nn.Linear(hidden, hidden),
                relu7=nn.ReLU(inplace=True),
                drop7=nn.Dropout(),
                fc8=nn.Linear(hidden, num_classes),
            )
        )
        self._initialise(he=row == "small")

    def _initialise(self, *, he: bool) -> None:
        """Section 5: N(0, 0.01) weights; biases one in conv2, conv4, conv5, fc6 and fc7, zero elsewhere."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                one = name.rpartition(".")[2] in ("conv2", "conv4", "conv5", "fc6", "fc7")
                if he:
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                else:
                    nn.init.normal_(module.weight, std=0.01)
                nn.init.constant_(module.bias, float(one and not he))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)))
        return logits


class AlexNetOWT(nn.Module):
    """torchvision's AlexNet, with its parameter names; input (batch, in_channels, height, width), both at least 63."""

    stages = ("features.1", "features.4", "features.11")

    def __init__(self, *, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        features: list[nn.Module] = []
        channels = in_channels
        for number, (maps, kernel, stride, padding) in enumerate(
            [(64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1)], start=1
        ):
            features += [nn.Conv2d(channels, maps, kernel, stride, padding), nn.ReLU(inplace=True)]
            if number in POOLED:
                features.append(nn.MaxPool2d(3, 2))
            channels = maps
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits
