"""VGG. Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", arXiv 1409.1556."""

from torch import Tensor, nn

from leadline.zoo.layers import LocalResponseNorm, initialise_he

# Table 1, a column per configuration: n is a 3×3 convolution to n channels, (1, n) a 1×1 one, "M" a 2×2 max-pooling.
CONFIGURATIONS: dict[str, list[int | tuple[int, int] | str]] = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "A-LRN": [64, "LRN", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "C": [64, 64, "M", 128, 128, "M", 256, 256, (1, 256), "M", 512, 512, (1, 512), "M", 512, 512, (1, 512), "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
    "small": [32, 32, "M", 64, 64, "M", 128, 128, 128, "M", 256, 256],
    # For zoo.variations: one filter in the place of each stack, as section 4.1 compares them, and other depths.
    "small, large filters": [(5, 32), "M", (5, 64), "M", (7, 128), "M", (5, 256)],
    "small, 7 layers": [32, "M", 64, "M", 128, "M", 256],
    "small, 11 layers": [32, 32, "M", 64, 64, "M", 128, 128, "M", 256, 256],
    "small, 15 layers": [*[32] * 3, "M", *[64] * 3, "M", *[128] * 3, "M", *[256] * 3],
    "small, 19 layers": [*[32] * 4, "M", *[64] * 4, "M", *[128] * 4, "M", *[256] * 4],
}
PUBLISHED_HEAD, SMALL_HEAD = (7, 4096), (4, 256)  # side of the last map, width of the hidden layers


class VGG(nn.Module):
    """Configuration `name` of Table 1 under three fully connected layers, with torchvision's parameter names.

    Input (batch, in_channels, height, width), height and width at least 32.
    """

    def __init__(
        self, name: str = "D", *, batch_norm: bool = False, num_classes: int = 1000, in_channels: int = 3
    ) -> None:
        super().__init__()
        features: list[nn.Module] = []
        stacks: list[int] = []  # where each ends
        channels = in_channels
        for entry in CONFIGURATIONS[name]:
            if entry == "M":
                stacks.append(len(features) - 1)
                features.append(nn.MaxPool2d(2))
            elif entry == "LRN":
                features.append(LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2))
            else:
                kernel, maps = entry if isinstance(entry, tuple) else (3, int(entry))
                features.append(nn.Conv2d(channels, maps, kernel, padding=kernel // 2))
                features += [nn.BatchNorm2d(maps)] * batch_norm
                features.append(nn.ReLU(inplace=True))
                channels = maps
        if entry != "M":
            stacks.append(len(features) - 1)
        side, hidden = SMALL_HEAD if name.startswith("small") else PUBLISHED_HEAD
        self.stages = tuple(f"features.{index}" for index in stacks)
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(side)  # the identity at the published size
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(hidden, num_classes),
        )
        if batch_norm:
            initialise_he(self)
            return
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                nn.init.xavier_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return logits
