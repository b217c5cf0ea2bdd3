"""The catalogue: every network by name, one line each. `build_model` builds one, `architecture` describes one.

Names, costs and readings are had without torch, which takes seconds to import: only what builds a network needs it.
"""

import csv
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from leadline.errors import LeadlineError, UsageError
from leadline.zoo import readings
from leadline.zoo.published_errors import PUBLISHED_ERRORS, PublishedError

if TYPE_CHECKING:
    import torch
    from torch import nn

# name, parameters, multiply_adds, weights: what follows from the networks and from torchvision; `make catalogue` writes
# it, and a test measures it again.
COSTS = Path(__file__).with_name("costs.csv")


class Builder(Protocol):
    """Makes the network; the keywords are what a user may change: in any of them, or where there is a `drop_rate`."""

    def __call__(self, *, num_classes: int, in_channels: int, drop_rate: float = ...) -> "nn.Module": ...


def _build(file: str, maker: str, *row: str | int, **options: Any) -> "nn.Module":
    """`maker`, a class or function of a paper's file, called with the name of a row there."""
    network: nn.Module = getattr(import_module(f"leadline.zoo.{file}"), maker)(*row, **options)
    return network


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One network of the catalogue, as published. `depth` counts the convolutions and fully connected layers on the
    longest way through; `minimum_size` is the smallest height and width the network takes, in pixels."""

    name: str
    family: str
    year: int
    paper: str
    build: Builder
    depth: int
    input: tuple[int, int, int] = (3, 224, 224)
    num_classes: int = 1000
    minimum_size: int = 32
    small_images: bool = False  # meant for images of at most 64 pixels
    deviates: str = ""  # from the paper that names it; empty where as published
    readings: tuple[str, ...] = ()  # what neither the paper nor its authors' code settles, or where the two disagree
    aliases: tuple[str, ...] = ()
    drop_rate: float | None = None  # as published, where `build_model` takes another

    @property
    def parameters(self) -> int:
        """Learned numbers that prediction uses, with the published classes and channels."""
        return int(_costs()[self.name]["parameters"])

    @property
    def multiply_adds(self) -> int:
        """For one image of the published size, as anatomy.measure counts them."""
        return int(_costs()[self.name]["multiply_adds"])

    @property
    def errors(self) -> tuple[PublishedError, ...]:
        """The errors its authors report, each with its data and test protocol."""
        return PUBLISHED_ERRORS.get(self.name, ())

    @property
    def weights(self) -> tuple[str, ...]:
        """What `create_model(weights=…)` can download for it by a tag, the default first."""
        return tuple(_costs()[self.name]["weights"].split()) if self.name in _costs() else ()

    def check_size(self, height: int, width: int) -> None:
        """Raises LeadlineError if images of this height and width, in pixels, are too small for the network."""
        if min(height, width) < self.minimum_size:
            least = f"{self.minimum_size}×{self.minimum_size}"
            raise LeadlineError(f"{self.name}: {height}×{width} pixels are too few; it needs at least {least}")


@cache
def _costs() -> dict[str, dict[str, str]]:
    with COSTS.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


# What all networks of a paper have in common; a row below may say otherwise.
LENET = partial(Architecture, family="LeNet", year=1998, paper="Proc. IEEE 86(11)", small_images=True)
ALEXNET = partial(Architecture, family="AlexNet", year=2012, paper="NeurIPS 25", depth=8, minimum_size=36)
VGG = partial(Architecture, family="VGG", year=2014, paper="arXiv 1409.1556", readings=readings.VGG)
VGG_BN: dict[str, Any] = {"deviates": readings.VGG_BN_DEVIATES, "readings": ()}
NIN = partial(Architecture, family="Network in Network", year=2013, paper="arXiv 1312.4400", readings=readings.NIN)
GOOGLENET = partial(Architecture, family="GoogLeNet", year=2014, paper="arXiv 1409.4842", depth=22)
RESNET = partial(Architecture, family="ResNet", year=2015, paper="arXiv 1512.03385", readings=readings.RESNET)
V1_5: dict[str, Any] = {"deviates": readings.RESNET_V1_5_DEVIATES, "readings": ()}
RESNEXT = partial(Architecture, family="ResNeXt", year=2016, paper="arXiv 1611.05431", readings=readings.RESNEXT)
DENSENET = partial(
    Architecture, family="DenseNet", year=2016, paper="arXiv 1608.06993", readings=readings.DENSENET, drop_rate=0.0
)
SQUEEZENET = partial(
    Architecture, family="SqueezeNet", year=2016, paper="arXiv 1602.07360", depth=18, readings=readings.SQUEEZENET
)
# What all networks for CIFAR-10 have in common, and ours for images as small.
CIFAR: dict[str, Any] = {"input": (3, 32, 32), "num_classes": 10, "minimum_size": 8, "small_images": True}
RESNET_CIFAR = partial(RESNET, **CIFAR, readings=readings.RESNET_CIFAR)
DENSENET_CIFAR = partial(DENSENET, **CIFAR, readings=readings.DENSENET_CIFAR)

_lenet = partial(_build, "lenet", "LeNet5")
_alexnet, _alexnet_owt = partial(_build, "alexnet", "AlexNet"), partial(_build, "alexnet", "AlexNetOWT")
_vgg, _vgg_bn = partial(_build, "vgg", "VGG"), partial(_build, "vgg", "VGG", batch_norm=True)
_nin, _googlenet = partial(_build, "nin", "NetworkInNetwork"), partial(_build, "googlenet", "GoogLeNet")
_resnet, _cifar = partial(_build, "resnet", "imagenet_resnet"), partial(_build, "resnet", "cifar_resnet")
_v1_5 = partial(_build, "resnet", "imagenet_resnet", stride_in="3x3")
_resnext, _densenet = partial(_build, "resnext", "ResNeXt"), partial(_build, "densenet", "DenseNet")
_squeezenet = partial(_build, "squeezenet", "SqueezeNet")

# fmt: off
TABLE: tuple[Architecture, ...] = (
    LENET(name="lenet5", build=_lenet, depth=5, input=(1, 32, 32), num_classes=10, deviates=readings.LENET_DEVIATES),

    ALEXNET(name="alexnet", build=_alexnet, readings=readings.ALEXNET),
    ALEXNET(name="alexnet_ungrouped", build=partial(_alexnet, "ungrouped"), deviates="one group throughout",
            readings=readings.ALEXNET),
    ALEXNET(name="alexnet_owt", build=_alexnet_owt, minimum_size=63, deviates=readings.ALEXNET_OWT_DEVIATES),
    ALEXNET(name="alexnet_small", build=partial(_alexnet, "small"), **CIFAR, deviates=readings.ALEXNET_SMALL_DEVIATES),

    VGG(name="vgg_a", build=partial(_vgg, "A"), depth=11, aliases=("vgg11",)),
    VGG(name="vgg_a_lrn", build=partial(_vgg, "A-LRN"), depth=11, readings=readings.VGG_LRN),
    VGG(name="vgg_b", build=partial(_vgg, "B"), depth=13, aliases=("vgg13",)),
    VGG(name="vgg_c", build=partial(_vgg, "C"), depth=16),
    VGG(name="vgg_d", build=partial(_vgg, "D"), depth=16, aliases=("vgg16",)),
    VGG(name="vgg_e", build=partial(_vgg, "E"), depth=19, aliases=("vgg19",)),
    VGG(name="vgg_a_bn", build=partial(_vgg_bn, "A"), depth=11, aliases=("vgg11_bn",), **VGG_BN),
    VGG(name="vgg_b_bn", build=partial(_vgg_bn, "B"), depth=13, aliases=("vgg13_bn",), **VGG_BN),
    VGG(name="vgg_d_bn", build=partial(_vgg_bn, "D"), depth=16, aliases=("vgg16_bn",), **VGG_BN),
    VGG(name="vgg_e_bn", build=partial(_vgg_bn, "E"), depth=19, aliases=("vgg19_bn",), **VGG_BN),
    VGG(name="vgg_small", build=partial(_vgg_bn, "small"), depth=12, **CIFAR, deviates=readings.VGG_SMALL_DEVIATES,
        readings=()),

    NIN(name="nin_cifar10", build=partial(_nin, "CIFAR-10"), depth=9, **CIFAR),
    NIN(name="nin_cifar100", build=partial(_nin, "CIFAR-100"), depth=9, **{**CIFAR, "num_classes": 100}),
    NIN(name="nin_imagenet", build=partial(_nin, "ImageNet"), depth=12, minimum_size=39,
        readings=readings.NIN_IMAGENET),
    NIN(name="nin_small", build=partial(_nin, "small"), depth=9, **CIFAR, deviates=readings.NIN_SMALL_DEVIATES,
        readings=()),

    GOOGLENET(name="googlenet", build=_googlenet, minimum_size=79, readings=readings.GOOGLENET),
    GOOGLENET(name="googlenet_naive", build=partial(_googlenet, "naive"), depth=13, minimum_size=79,
              deviates=readings.GOOGLENET_NAIVE_DEVIATES, readings=readings.GOOGLENET),
    GOOGLENET(name="googlenet_bn", build=partial(_googlenet, "bn"), deviates=readings.GOOGLENET_BN_DEVIATES),
    GOOGLENET(name="googlenet_small", build=partial(_googlenet, "small"), depth=16, **CIFAR,
              deviates=readings.GOOGLENET_SMALL_DEVIATES),

    RESNET(name="plain18", build=partial(_resnet, "18-layer", shortcut=None), depth=18),
    RESNET(name="plain34", build=partial(_resnet, "34-layer", shortcut=None), depth=34),
    RESNET(name="resnet18", build=partial(_resnet, "18-layer"), depth=18),
    RESNET(name="resnet18_a", build=partial(_resnet, "18-layer", shortcut="A"), depth=18),
    RESNET(name="resnet18_c", build=partial(_resnet, "18-layer", shortcut="C"), depth=18),
    RESNET(name="resnet34", build=partial(_resnet, "34-layer"), depth=34),
    RESNET(name="resnet34_a", build=partial(_resnet, "34-layer", shortcut="A"), depth=34),
    RESNET(name="resnet34_c", build=partial(_resnet, "34-layer", shortcut="C"), depth=34),
    RESNET(name="resnet50", build=partial(_resnet, "50-layer"), depth=50),
    RESNET(name="resnet101", build=partial(_resnet, "101-layer"), depth=101),
    RESNET(name="resnet152", build=partial(_resnet, "152-layer"), depth=152),
    RESNET(name="resnet50_v1_5", build=partial(_v1_5, "50-layer"), depth=50, **V1_5),
    RESNET(name="resnet101_v1_5", build=partial(_v1_5, "101-layer"), depth=101, **V1_5),
    RESNET(name="resnet152_v1_5", build=partial(_v1_5, "152-layer"), depth=152, **V1_5),
    RESNET_CIFAR(name="plain20_cifar", build=partial(_cifar, 20, shortcut=None), depth=20),
    RESNET_CIFAR(name="plain32_cifar", build=partial(_cifar, 32, shortcut=None), depth=32),
    RESNET_CIFAR(name="plain44_cifar", build=partial(_cifar, 44, shortcut=None), depth=44),
    RESNET_CIFAR(name="plain56_cifar", build=partial(_cifar, 56, shortcut=None), depth=56),
    RESNET_CIFAR(name="plain110_cifar", build=partial(_cifar, 110, shortcut=None), depth=110),
    RESNET_CIFAR(name="resnet20_cifar", build=partial(_cifar, 20), depth=20),
    RESNET_CIFAR(name="resnet32_cifar", build=partial(_cifar, 32), depth=32),
    RESNET_CIFAR(name="resnet44_cifar", build=partial(_cifar, 44), depth=44),
    RESNET_CIFAR(name="resnet56_cifar", build=partial(_cifar, 56), depth=56),
    RESNET_CIFAR(name="resnet110_cifar", build=partial(_cifar, 110), depth=110),
    RESNET_CIFAR(name="resnet1202_cifar", build=partial(_cifar, 1202), depth=1202),

    RESNEXT(name="resnext50_32x4d", build=partial(_resnext, "ResNeXt-50 (32×4d)"), depth=50),
    RESNEXT(name="resnext101_32x4d", build=partial(_resnext, "ResNeXt-101 (32×4d)"), depth=101),
    RESNEXT(name="resnext101_64x4d", build=partial(_resnext, "ResNeXt-101 (64×4d)"), depth=101),
    RESNEXT(name="resnext101_32x8d", build=partial(_resnext, "ResNeXt-101 (32×8d)"), depth=101,
            deviates=readings.RESNEXT_32X8D_DEVIATES),
    RESNEXT(name="resnext29_8x64d_cifar", build=partial(_resnext, "ResNeXt-29 (8×64d)"), depth=29, **CIFAR),
    RESNEXT(name="resnext29_16x64d_cifar", build=partial(_resnext, "ResNeXt-29 (16×64d)"), depth=29, **CIFAR),
    RESNEXT(name="resnext_small", build=partial(_resnext, "small"), depth=20, **CIFAR,
            deviates=readings.RESNEXT_SMALL_DEVIATES),

    DENSENET(name="densenet121", build=partial(_densenet, "DenseNet-121"), depth=121),
    DENSENET(name="densenet161", build=partial(_densenet, "DenseNet-161"), depth=161,
             deviates=readings.DENSENET_161_DEVIATES),
    DENSENET(name="densenet169", build=partial(_densenet, "DenseNet-169"), depth=169),
    DENSENET(name="densenet201", build=partial(_densenet, "DenseNet-201"), depth=201),
    DENSENET(name="densenet264", build=partial(_densenet, "DenseNet-264"), depth=265, readings=readings.DENSENET_264),
    DENSENET_CIFAR(name="densenet40_k12_cifar", build=partial(_densenet, "DenseNet (L=40, k=12)"), depth=40),
    DENSENET_CIFAR(name="densenet100_k12_cifar", build=partial(_densenet, "DenseNet (L=100, k=12)"), depth=100),
    DENSENET_CIFAR(name="densenet100_k24_cifar", build=partial(_densenet, "DenseNet (L=100, k=24)"), depth=100),
    DENSENET_CIFAR(name="densenet_bc100_k12_cifar", build=partial(_densenet, "DenseNet-BC (L=100, k=12)"), depth=100),
    DENSENET_CIFAR(name="densenet_bc250_k24_cifar", build=partial(_densenet, "DenseNet-BC (L=250, k=24)"), depth=250),
    DENSENET_CIFAR(name="densenet_bc190_k40_cifar", build=partial(_densenet, "DenseNet-BC (L=190, k=40)"), depth=190),
    DENSENET(name="densenet_small", build=partial(_densenet, "small"), depth=40, **CIFAR,
             deviates=readings.DENSENET_SMALL_DEVIATES, readings=()),

    SQUEEZENET(name="squeezenet1_0", build=partial(_squeezenet, "1.0"), minimum_size=21),
    SQUEEZENET(name="squeezenet1_1", build=partial(_squeezenet, "1.1"), minimum_size=17,
               deviates=readings.SQUEEZENET_1_1_DEVIATES),
)
# fmt: on
BY_NAME = {name: row for row in TABLE for name in (row.name, *row.aliases)}
FAMILIES = tuple(dict.fromkeys(row.family for row in TABLE))


def architecture(name: str) -> Architecture:
    """The catalogue's line for `name` or for what else it is called (vgg16 → vgg_d); UsageError names the nearest.

    NETWORK+VARIATION is that network with one thing changed (zoo.variations).
    """
    network, _, variation = name.partition("+")
    if variation:
        return _varied(architecture(network), variation)
    if name not in BY_NAME:
        import difflib

        near = [other for other in BY_NAME if other.startswith(name)][:3]
        near = near or difflib.get_close_matches(name, BY_NAME, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`leadline models` lists them all"
        raise UsageError(f"{name}: no network of this name; {hint}")
    return BY_NAME[name]


def _varied(row: Architecture, name: str) -> Architecture:
    from leadline.zoo.variations import VARIATIONS

    variations = VARIATIONS.get(row.name, {})
    if name not in variations:
        known = f"has the variations {', '.join(variations)}" if variations else "has no variations"
        raise UsageError(f"{row.name}+{name}: {row.name} {known}")
    varied = variations[name]
    return replace(
        row,
        name=f"{row.name}+{name}",
        build=varied.build(row.build),
        depth=varied.depth or row.depth,
        deviates="; ".join(filter(None, (varied.says, row.deviates))),
        aliases=(),
    )


def list_models(family: str | None = None) -> list[str]:
    """Names in the catalogue's order, of one family or of all; the family is matched without regard to case."""
    if family is None:
        return [row.name for row in TABLE]
    names = [row.name for row in TABLE if row.family.casefold() == family.casefold()]
    if not names:
        raise UsageError(f"{family}: no family of this name; there are {', '.join(FAMILIES)}")
    return names


def build_model(
    name: str, *, num_classes: int | None = None, in_channels: int | None = None, drop_rate: float | None = None
) -> "nn.Module":
    """A new network, initialised as its paper says from torch's global random state.

    None means what was published: the classes of its data set, its input's channels. It maps images (batch,
    in_channels, height, width) to logits (batch, num_classes); networks with auxiliary heads return `WithAuxiliary` in
    training mode. `model.stages` names the submodules after which the intermediate stages can be read, in order.
    `drop_rate` is DenseNet's dropout, of at least 0 and less than 1: 0.2 where the paper trains without augmentation.
    """
    row = architecture(name)
    num_classes = row.num_classes if num_classes is None else num_classes
    in_channels = row.input[0] if in_channels is None else in_channels
    if num_classes < 1 or in_channels < 1:
        raise UsageError(f"{name}: {num_classes} classes and {in_channels} channels; both must be at least 1")
    options = {}
    if drop_rate is not None:
        if row.drop_rate is None:
            raise UsageError(f"{name}: drop_rate = {drop_rate}: only DenseNets take one; leave it out")
        if not 0 <= drop_rate < 1:
            raise UsageError(f"{name}: drop_rate = {drop_rate}: expected at least 0 and less than 1")
        options["drop_rate"] = drop_rate
    model = row.build(num_classes=num_classes, in_channels=in_channels, **options)
    model.register_forward_pre_hook(partial(_check_input, row, in_channels), with_kwargs=True)
    return model


def _check_input(
    row: Architecture,
    channels: int,
    _: "nn.Module",
    positional: tuple["torch.Tensor", ...],
    named: dict[str, "torch.Tensor"],
) -> None:
    """Says in one line what torch would say in many, deep inside the network."""
    images = next(iter((*positional, *named.values())), None)
    if images is None:
        return  # Python says what is missing
    if images.dim() < 3:
        raise LeadlineError(
            f"{row.name}: expected images (batch, channels, height, width), found the shape {tuple(images.shape)}"
        )
    found, height, width = images.shape[-3:]
    if found != channels:
        raise LeadlineError(f"{row.name}: an image has {found} channels, but this network was built for {channels}")
    row.check_size(height, width)
