"""Which trained parameters there are for a network and what their makers state: torchvision's files, by tag."""

import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

# The catalogue's name → the name under which torchvision has the same network, with the same parameter names.
COUNTERPARTS = {
    "alexnet_owt": "alexnet",
    "vgg_a": "vgg11",
    "vgg_b": "vgg13",
    "vgg_d": "vgg16",
    "vgg_e": "vgg19",
    "vgg_a_bn": "vgg11_bn",
    "vgg_b_bn": "vgg13_bn",
    "vgg_d_bn": "vgg16_bn",
    "vgg_e_bn": "vgg19_bn",
    "googlenet_bn": "googlenet",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50_v1_5": "resnet50",
    "resnet101_v1_5": "resnet101",
    "resnet152_v1_5": "resnet152",
    "resnext50_32x4d": "resnext50_32x4d",
    "resnext101_32x8d": "resnext101_32x8d",
    "resnext101_64x4d": "resnext101_64x4d",
    "densenet121": "densenet121",
    "densenet161": "densenet161",
    "densenet169": "densenet169",
    "densenet201": "densenet201",
    "squeezenet1_0": "squeezenet1_0",
    "squeezenet1_1": "squeezenet1_1",
}
# What others call by these names (torchvision and timm) is the variant that stands here.
ELSEWHERE = {theirs: ours for ours, theirs in COUNTERPARTS.items()}

# Their GoogLeNet was trained on (x - 0.5) / 0.5 and turns ImageNet's normalisation into that in its forward pass
# (`transform_input`). Here the weights ask for it in their preprocessing: the same numbers, at the padded border too.
OWN_NORMALISATION = {"googlenet_bn": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))}
OWN_NOTES = {"googlenet_bn": ("torchvision states that the auxiliary heads in this file are not trained",)}

MIRROR = "LEADLINE_WEIGHTS_MIRROR"


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """Where a network's parameters come from and what their makers state; it travels as `model.pretrained`.

    An image is resized to `resize` pixels on its short side, cut to its central `crop` pixels, scaled to 0 to 1, and
    normalised with `mean` and `std`, one value per channel of the network that has them. None is: not stated.
    """

    architecture: str  # a name of the catalogue
    source: str  # what `weights=` was, "imagenet" with the tag that it meant
    top1: float | None = None  # accuracy on ImageNet's validation images in percent, by its makers' protocol
    top5: float | None = None
    resize: int | None = None
    crop: int | None = None
    interpolation: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scaling: str = "uint8 dtype"  # type of those images, and what became 0 and 1 (data.reading)
    notes: tuple[str, ...] = ()  # what was changed to make the parameters fit, and what else a person should know
    url: str = field(default="", repr=False)
    sha256: str = field(default="", repr=False)  # how the file's begins
    file_bytes: int | None = None
    images_known: bool | None = None  # whether it is known which images they were trained on


@cache
def torchvision_weights(name: str) -> dict[str, Pretrained]:
    """torchvision's files for the network `name`: "imagenet:TAG" → what they state. Its own default comes first."""
    if name not in COUNTERPARTS:
        return {}
    from torchvision.models import get_model_weights

    entries = get_model_weights(COUNTERPARTS[name])
    found = {}
    for entry in sorted(entries, key=lambda entry: entry != entries.DEFAULT):
        tag = entry.name.removeprefix("IMAGENET1K_").lower()
        if tag == "features":  # VGG-16 without a trained head, for detection
            continue
        accuracy, transform = entry.meta["_metrics"]["ImageNet-1K"], entry.transforms()
        mean, std = OWN_NORMALISATION.get(name, (tuple(transform.mean), tuple(transform.std)))
        digest = re.search(r"-([0-9a-f]{8,})\.", entry.url)
        found[f"imagenet:{tag}"] = Pretrained(
            architecture=name,
            source=f"imagenet:{tag}",
            top1=accuracy["acc@1"],
            top5=accuracy["acc@5"],
            resize=transform.resize_size[0],
            crop=transform.crop_size[0],
            interpolation=transform.interpolation.value,
            mean=mean,
            std=std,
            notes=OWN_NOTES.get(name, ()),
            url=entry.url,
            sha256=digest[1] if digest else "",
            file_bytes=round(entry.meta["_file_size"] * 2**20),
        )
    return found


def tags(name: str) -> tuple[str, ...]:
    """What `weights=` may be for the network `name`, besides files and the Hugging Face hub; the default first."""
    return tuple(torchvision_weights(name))


def file_name(known: Pretrained) -> str:
    """The name of its file, which is the same wherever it was downloaded."""
    return PurePosixPath(known.url).name


def mirrored(url: str) -> str:
    """The address to download from: the file under LEADLINE_WEIGHTS_MIRROR where that is set, else `url` itself."""
    mirror = os.environ.get(MIRROR)
    return f"{mirror.rstrip('/')}/{PurePosixPath(url).name}" if mirror else url
