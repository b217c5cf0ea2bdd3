"""Networks that differ from one of the catalogue in one thing, to show what that thing does: NETWORK+VARIATION.

`build_model("alexnet_small+no-lrn")` is alexnet_small without its local response normalisation. The networks of the
catalogue are not touched: a variation changes what was built, or builds another row of a paper's file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from torch import nn

from leadline.zoo.layers import LocalResponseNorm
from leadline.zoo.lenet import ScaledTanh

Build = Callable[..., nn.Module]


@dataclass(frozen=True)
class Variation:
    """`build` makes it, given what builds the network itself; `says` is what is different."""

    says: str
    build: Callable[[Build], Build]
    depth: int | None = None  # where it is another


def swapped(old: type[nn.Module], new: Callable[..., nn.Module], says: str) -> Variation:
    """`new(layer)` in the place of every layer of the kind `old`; other layers keep the initial values of a seed."""

    def build(original: Build, **options: Any) -> nn.Module:
        network = original(**options)
        for module in list(network.modules()):
            for name, layer in list(module.named_children()):
                if isinstance(layer, old):
                    setattr(module, name, new(layer))
        return network

    return Variation(says, lambda original: partial(build, original))


def another(says: str, file: str, maker: str, row: str | int, *, depth: int | None = None, **options: Any) -> Variation:
    """`row` of a paper's file."""

    def build(**more: Any) -> nn.Module:
        network: nn.Module = getattr(import_module(f"leadline.zoo.{file}"), maker)(row, **options, **more)
        return network

    return Variation(says, lambda _: build, depth)


def _fully_connected_head(original: Build, *, num_classes: int, **options: Any) -> nn.Module:
    """Lin et al. 2013, section 4.6: the class maps, pooled to 4×4, are connected to every class."""
    network = original(num_classes=num_classes, **options)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * num_classes, num_classes))
    network.avgpool = nn.Sequential(*head, nn.Unflatten(1, (num_classes, 1, 1)))
    return network


def _linear_maps(original: Build, **options: Any) -> nn.Module:
    network = original(**options)
    maps = network.get_submodule("classifier" if hasattr(network, "classifier") else "features")
    name, last = list(maps.named_children())[-1]
    assert isinstance(last, nn.ReLU)
    setattr(maps, name, nn.Identity())
    return network


# What averages class maps is linear without their ReLU, so that its last layer can be fitted alone. The parameters have
# the same names.
LINEAR_MAPS = {"linear-maps": Variation("class maps without a ReLU", lambda original: partial(_linear_maps, original))}


def _layers(layers: int, file: str, maker: str, row: str | int, **options: Any) -> Variation:
    return another(f"{layers} layers", file, maker, row, depth=layers, **options)


_depth = "resnet", "cifar_resnet"
# NETWORK → its variations by name.
VARIATIONS: dict[str, dict[str, Variation]] = {
    "lenet5": {
        "relu": swapped(ScaledTanh, lambda _: nn.ReLU(), "rectified units"),
        "sigmoid": swapped(ScaledTanh, lambda _: nn.Sigmoid(), "sigmoid units"),
    },
    "alexnet_small": {
        "no-lrn": swapped(LocalResponseNorm, lambda _: nn.Identity(), "no local response normalisation"),
        "no-dropout": swapped(nn.Dropout, lambda _: nn.Identity(), "no dropout"),
        "2x2-pooling": swapped(
            nn.MaxPool2d, lambda _: nn.MaxPool2d(2, 2, ceil_mode=True), "2×2 windows of stride 2 that do not overlap"
        ),
    },
    "vgg_small": {
        "large-filters": another(
            "one 5×5 or 7×7 filter for each stack of two or three 3×3", "vgg", "VGG", "small, large filters", depth=7,
            batch_norm=True,
        ),
        **{
            f"{layers}-layers": _layers(layers, "vgg", "VGG", f"small, {layers} layers", batch_norm=True)
            for layers in (7, 11, 15, 19)
        },
    },
    "nin_small": {
        "fully-connected": Variation(
            "a fully connected layer for the global average pooling", lambda original: partial(
                _fully_connected_head, original
            ), depth=10,
        )
    },
    **dict.fromkeys(("nin_cifar10", "nin_cifar100", "nin_imagenet", "squeezenet1_0", "squeezenet1_1"), LINEAR_MAPS),
    "plain20_cifar": {
        f"{layers}-layers": _layers(layers, *_depth, layers, shortcut=None) for layers in (8, 14, 26, 38)
    },
    "resnet20_cifar": {f"{layers}-layers": _layers(layers, *_depth, layers) for layers in (8, 14, 26, 38)},
    "resnext_small": {
        f"{groups}x{width}d": another(
            f"three blocks of {groups} groups of {width} channels", "resnext", "ResNeXt", f"small, {groups}×{width}d",
            depth=11,
        )
        for groups, width in ((1, 32), (2, 20), (4, 12), (8, 7), (32, 2))
    },
    "densenet_small": {
        f"{layers}-layers": _layers(layers, "densenet", "DenseNet", f"small, {layers} layers")
        for layers in (10, 16, 22, 34)
    },
}  # fmt: skip
