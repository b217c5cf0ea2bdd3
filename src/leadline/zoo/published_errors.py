"""The errors that the papers report, in percent, each with its data and test protocol: not comparable across protocols.

From the papers' tables; where these are silent, from the authors' code, its logs and README files, as said in the row.
"""

from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class PublishedError:
    """One network alone, no ensemble. `top1` and `top5` in percent, None where not reported."""

    data: str
    protocol: str
    top1: float | None
    top5: float | None = None


_val = partial(PublishedError, "ImageNet 2012 validation")
_test_2010 = partial(PublishedError, "ImageNet 2010 test")
_plain, _augmented = "no augmentation", "shifts and flips in training"
_c10, _c10_plus = partial(PublishedError, "CIFAR-10", _plain), partial(PublishedError, "CIFAR-10", _augmented)
_c100, _c100_plus = partial(PublishedError, "CIFAR-100", _plain), partial(PublishedError, "CIFAR-100", _augmented)
_dense = "dense, S = Q = 256"  # VGG's: the whole image of short side Q through the network made convolutional
_jitter = "dense, S in 256 to 512, Q = 384"

PUBLISHED_ERRORS: dict[str, tuple[PublishedError, ...]] = {
    "alexnet": (
        _val("10 crops", 40.7, 18.2),
        _test_2010("10 crops", 37.5, 17.0),
        _test_2010("centre crop (authors' log)", 39.0, 18.3),
    ),
    "vgg_a": (_val(_dense, 29.6, 10.4),),
    "vgg_a_lrn": (_val(_dense, 29.7, 10.5),),
    "vgg_b": (_val(_dense, 28.7, 9.9),),
    "vgg_c": (_val(_dense, 28.1, 9.4), _val(_jitter, 27.3, 8.8)),
    "vgg_d": (_val(_dense, 27.0, 8.8), _val(_jitter, 25.6, 8.1), _val("150 crops and dense", 24.4, 7.2)),
    "vgg_e": (_val(_dense, 27.3, 9.0), _val(_jitter, 25.5, 8.0), _val("150 crops and dense", 24.4, 7.1)),
    "nin_cifar10": (_c10(10.41), _c10_plus(8.81)),
    "nin_cifar100": (_c100(35.68),),
    "nin_imagenet": (_val("as released (readme)", 40.64),),
    "googlenet": (_val("1 crop", None, 10.07), _val("10 crops", None, 9.15), _val("144 crops", None, 7.89)),
    "plain18": (_val("10 crops", 27.94),),
    "plain34": (_val("10 crops", 28.54, 10.02),),
    "resnet18": (_val("centre crop (fb.resnet.torch)", 30.43, 10.76),),
    "resnet18_a": (_val("10 crops", 27.88),),
    "resnet34": (_val("10 crops", 24.52, 7.46), _val("centre crop (fb.resnet.torch)", 26.73, 8.74)),
    "resnet34_a": (_val("10 crops", 25.03, 7.76),),
    "resnet34_c": (_val("10 crops", 24.19, 7.40),),
    "resnet50": (_val("10 crops", 22.85, 6.71), _val("centre crop (readme)", 24.7, 7.8)),
    "resnet101": (_val("10 crops", 21.75, 6.05), _val("centre crop (readme)", 23.6, 7.1)),
    "resnet152": (_val("10 crops", 21.43, 5.71), _val("centre crop (readme)", 23.0, 6.7)),
    "resnet50_v1_5": (_val("centre crop (fb.resnet.torch)", 24.01, 7.02),),
    "resnet101_v1_5": (_val("centre crop (fb.resnet.torch)", 22.44, 6.21),),
    "resnet152_v1_5": (_val("centre crop (fb.resnet.torch)", 22.16, 6.16),),
    "resnet20_cifar": (_c10_plus(8.75),),
    "resnet32_cifar": (_c10_plus(7.51),),
    "resnet44_cifar": (_c10_plus(7.17),),
    "resnet56_cifar": (_c10_plus(6.97),),
    "resnet110_cifar": (_c10_plus(6.43),),
    "resnet1202_cifar": (_c10_plus(7.93),),
    "resnext50_32x4d": (_val("centre crop", 22.2),),
    "resnext101_32x4d": (_val("centre crop", 21.2, 5.6),),
    "resnext101_64x4d": (_val("centre crop", 20.4, 5.3),),
    "resnext29_8x64d_cifar": (_c10_plus(3.65), _c100_plus(17.77)),
    "resnext29_16x64d_cifar": (_c10_plus(3.58), _c100_plus(17.31)),
    "densenet121": (_val("centre crop", 25.02, 7.71), _val("10 crops", 23.61, 6.66)),
    "densenet161": (_val("centre crop (readme)", 22.2),),
    "densenet169": (_val("centre crop", 23.80, 6.85), _val("10 crops", 22.08, 5.92)),
    "densenet201": (_val("centre crop", 22.58, 6.34), _val("10 crops", 21.46, 5.54)),
    "densenet264": (_val("centre crop", 22.15, 6.12), _val("10 crops", 20.80, 5.29)),
    "densenet40_k12_cifar": (_c10(7.00), _c10_plus(5.24), _c100(27.55), _c100_plus(24.42)),
    "densenet100_k12_cifar": (_c10(5.77), _c10_plus(4.10), _c100(23.79), _c100_plus(20.20)),
    "densenet100_k24_cifar": (_c10(5.83), _c10_plus(3.74), _c100(23.42), _c100_plus(19.25)),
    "densenet_bc100_k12_cifar": (_c10(5.92), _c10_plus(4.51), _c100(24.15), _c100_plus(22.27)),
    "densenet_bc250_k24_cifar": (_c10(5.19), _c10_plus(3.62), _c100(19.64), _c100_plus(17.60)),
    "densenet_bc190_k40_cifar": (_c10_plus(3.46), _c100_plus(17.18)),
}
