"""Network in Network. Lin, Chen, Yan, 2013, arXiv 1312.4400; layers carry the names of the authors' released files."""

from collections import OrderedDict

from torch import Tensor, nn

# The mlpconv blocks: (maps, kernel, stride, padding) of the convolution, then the maps of its two 1×1 "cccp" layers.
# 0 stands for the number of classes. Between blocks, 3×3 max-pooling with stride 2.
BLOCKS = {
    "CIFAR-10": [(192, 5, 1, 2, 160, 96), (192, 5, 1, 2, 192, 192), (192, 3, 1, 1, 192, 0)],
    "CIFAR-100": [(192, 5, 1, 2, 160, 96), (192, 5, 1, 2, 192, 192), (192, 3, 1, 1, 192, 0)],
    "ImageNet": [
        (96, 11, 4, 0, 96, 96),
        (256, 5, 1, 2, 256, 256),
        (384, 3, 1, 1, 384, 384),
        (1024, 3, 1, 1, 1024, 0),
    ],
    "small": [(96, 5, 1, 2, 80, 48), (96, 5, 1, 2, 96, 96), (96, 3, 1, 1, 96, 0)],
}
DROPOUT_AFTER = {
    "CIFAR-10": ("pool1", "pool2"),
    "CIFAR-100": ("pool1", "pool2"),
    "ImageNet": ("pool3",),
    "small": ("pool1", "pool2"),
}
# Standard deviation of the normal initial weights where it is not 0.05; biases are zero.
INITIAL_DEVIATION = {
    "CIFAR-10": {},
    "CIFAR-100": {"conv1": 0.001, "cccp1": 0.01, "cccp2": 0.01},
    "ImageNet": {"conv1": 0.01, "conv3": 0.01, "cccp8": 0.01},
    "small": {},
}


class NetworkInNetwork(nn.Module):
    """Blocks of a convolution and two 1×1 layers, the last of which gives one map per class, averaged.

    Input (batch, in_channels, height, width).
    """

    def __init__(self, name: str, *, num_classes: int, in_channels: int = 3) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels, small = in_channels, name == "small"
        for number, (maps, kernel, stride, padding, *cccp) in enumerate(BLOCKS[name], start=1):
            if number > 1:
                pool = f"pool{number - 1}"
                layers[pool] = nn.MaxPool2d(3, 2, ceil_mode=True)
                if pool in DROPOUT_AFTER[name]:
                    layers[f"{pool}_dropout"] = nn.Dropout()
            layers[f"conv{number}"] = nn.Conv2d(channels, maps, kernel, stride, padding)
            if small:
                layers[f"conv{number}_bn"] = nn.BatchNorm2d(maps)
            layers[f"conv{number}_relu"] = nn.ReLU(inplace=True)
            channels = maps
            for index, width in enumerate(cccp, start=2 * number - 1):
                layers[f"cccp{index}"] = nn.Conv2d(channels, width or num_classes, 1)
                if width and small:
                    layers[f"cccp{index}_bn"] = nn.BatchNorm2d(width)
                if width or not small:
                    layers[f"cccp{index}_relu"] = nn.ReLU(inplace=True)
                channels = width
        last = len(BLOCKS[name])
        ends = [f"features.cccp{2 * number}_relu" for number in range(1, last)]
        self.stages = (*ends, f"features.cccp{2 * last}" + "_relu" * (not small))
        self.features = nn.Sequential(layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        for layer, module in layers.items():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                if small:
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                else:
                    nn.init.normal_(module.weight, std=INITIAL_DEVIATION[name].get(layer, 0.05))
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.avgpool(self.features(x)).flatten(1)
        return logits
