"""The catalogue: every network by name, one line each. `create_model` builds one, `architecture` describes one."""

import difflib
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import nn

from leadline.errors import LeadlineError, UsageError
from leadline.zoo import alexnet, lenet, resnet
from leadline.zoo.published import PUBLISHED_ERRORS, PublishedError


class Builder(Protocol):
    """Makes the network; the keywords are what a user may change in any of them."""

    def __call__(self, *, num_classes: int, in_channels: int) -> nn.Module: ...


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
    weights: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[PublishedError, ...]:
        """The errors its authors report, each with its data and test protocol."""
        return PUBLISHED_ERRORS.get(self.name, ())


LENET = partial(Architecture, family="LeNet", year=1998, paper="Proc. IEEE 86(11)", small_images=True)
ALEXNET = partial(
    Architecture, family="AlexNet", year=2012, paper="NeurIPS 2012", depth=8, minimum_size=36, readings=alexnet.READINGS
)
RESNET = partial(Architecture, family="ResNet", year=2015, paper="arXiv 1512.03385", readings=resnet.READINGS)
RESNET_CIFAR = partial(
    Architecture,
    family="ResNet",
    year=2015,
    paper="arXiv 1512.03385",
    input=(3, 32, 32),
    num_classes=10,
    minimum_size=8,
    small_images=True,
    readings=resnet.CIFAR_READINGS,
)
_net, _cifar = resnet.imagenet_resnet, resnet.cifar_resnet
_v1_5 = partial(_net, stride_in="3x3")

# fmt: off
TABLE = (
    LENET(name="lenet5", build=lenet.LeNet5, depth=5, input=(1, 32, 32), num_classes=10, deviates=lenet.DEVIATES),

    ALEXNET(name="alexnet", build=alexnet.AlexNet),
    ALEXNET(name="alexnet_ungrouped", build=partial(alexnet.AlexNet, "ungrouped"), deviates="one group throughout"),
    ALEXNET(name="alexnet_owt", build=alexnet.AlexNetOWT, minimum_size=63, deviates=alexnet.OWT_DEVIATES, readings=()),
    ALEXNET(name="alexnet_small", build=partial(alexnet.AlexNet, "small"), input=(3, 32, 32), num_classes=10,
            minimum_size=8, small_images=True, deviates=alexnet.SMALL_DEVIATES),

    RESNET(name="plain18", build=partial(_net, "18-layer", shortcut=None), depth=18),
    RESNET(name="plain34", build=partial(_net, "34-layer", shortcut=None), depth=34),
    RESNET(name="resnet18", build=partial(_net, "18-layer"), depth=18),
    RESNET(name="resnet18_a", build=partial(_net, "18-layer", shortcut="A"), depth=18),
    RESNET(name="resnet18_c", build=partial(_net, "18-layer", shortcut="C"), depth=18),
    RESNET(name="resnet34", build=partial(_net, "34-layer"), depth=34),
    RESNET(name="resnet34_a", build=partial(_net, "34-layer", shortcut="A"), depth=34),
    RESNET(name="resnet34_c", build=partial(_net, "34-layer", shortcut="C"), depth=34),
    RESNET(name="resnet50", build=partial(_net, "50-layer"), depth=50),
    RESNET(name="resnet101", build=partial(_net, "101-layer"), depth=101),
    RESNET(name="resnet152", build=partial(_net, "152-layer"), depth=152),
    RESNET(name="resnet50_v1_5", build=partial(_v1_5, "50-layer"), depth=50, deviates=resnet.V1_5_DEVIATES),
    RESNET(name="resnet101_v1_5", build=partial(_v1_5, "101-layer"), depth=101, deviates=resnet.V1_5_DEVIATES),
    RESNET(name="resnet152_v1_5", build=partial(_v1_5, "152-layer"), depth=152, deviates=resnet.V1_5_DEVIATES),
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
)
# fmt: on
BY_NAME = {name: row for row in TABLE for name in (row.name, *row.aliases)}
FAMILIES = tuple(dict.fromkeys(row.family for row in TABLE))


def architecture(name: str) -> Architecture:
    """The catalogue's line for `name` or for what else it is called (vgg16 → vgg_d); UsageError names the nearest."""
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`leadline models` lists them all"
        raise UsageError(f"{name}: no network of this name; {hint}")
    return BY_NAME[name]


def list_models(family: str | None = None) -> list[str]:
    """Names in the catalogue's order, of one family or of all; the family is matched without regard to case."""
    if family is None:
        return [row.name for row in TABLE]
    names = [row.name for row in TABLE if row.family.casefold() == family.casefold()]
    if not names:
        raise UsageError(f"{family}: no family of this name; there are {', '.join(FAMILIES)}")
    return names


def create_model(
    name: str, *, num_classes: int | None = None, in_channels: int | None = None, weights: str | None = None
) -> nn.Module:
    """A new network, initialised as its paper says from torch's global random state.

    None means what was published: the classes of its data set, its input's channels. It maps images (batch,
    in_channels, height, width) to logits (batch, num_classes); networks with auxiliary heads return `WithAuxiliary` in
    training mode. `model.stages` names the submodules after which the intermediate stages can be read, in order.
    """
    row = architecture(name)
    num_classes = row.num_classes if num_classes is None else num_classes
    in_channels = row.input[0] if in_channels is None else in_channels
    if num_classes < 1 or in_channels < 1:
        raise UsageError(f"{name}: {num_classes} classes and {in_channels} channels; both must be at least 1")
    if weights is not None:
        raise LeadlineError(f"{name}: no pretrained weights are available yet, found weights={weights!r}; leave it out")
    model = row.build(num_classes=num_classes, in_channels=in_channels)
    model.register_forward_pre_hook(partial(_check_input, row.name, row.minimum_size, in_channels))
    return model


def _check_input(name: str, minimum: int, channels: int, _: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
    """Says in one line what torch would say in many, deep inside the network."""
    found, height, width = arguments[0].shape[-3:]
    if found != channels:
        raise LeadlineError(f"{name}: an image has {found} channels, but this network was built for {channels}")
    if min(height, width) < minimum:
        raise LeadlineError(f"{name}: {height}×{width} pixels are too few; it needs at least {minimum}×{minimum}")
