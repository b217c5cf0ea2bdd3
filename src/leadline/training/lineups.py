"""`--lineup`: which networks a comparison is between, for small images and for larger ones."""

from leadline.errors import UsageError
from leadline.training.defaults import SMALL_IMAGES
from leadline.zoo import architecture, list_models
from leadline.zoo.catalogue import FAMILIES

# `--lineup families`: one network of each family, for images up to SMALL_IMAGES pixels and for larger ones.
SMALL_FAMILIES = (
    "lenet5", "alexnet_small", "vgg_small", "nin_small", "googlenet_small", "resnet20_cifar", "resnext_small",
    "densenet_small",
)  # fmt: skip
LARGE_FAMILIES = (
    "lenet5", "alexnet", "vgg_a_bn", "nin_imagenet", "googlenet", "resnet18", "resnext50_32x4d", "densenet121",
)  # fmt: skip
# `--lineup depth`: one family at growing depth.
SMALL_DEPTHS = ("resnet20_cifar", "resnet32_cifar", "resnet44_cifar", "resnet56_cifar")
LARGE_DEPTHS = ("resnet18", "resnet34", "resnet50", "resnet101")


def networks_of(lineup: str, size: int) -> list[str]:
    """The networks of a line-up that suit images of `size` pixels."""
    small = size <= SMALL_IMAGES
    if lineup == "families":
        return list(SMALL_FAMILIES if small else LARGE_FAMILIES)
    if lineup == "depth":
        return list(SMALL_DEPTHS if small else LARGE_DEPTHS)
    if lineup.casefold() not in map(str.casefold, FAMILIES):
        raise UsageError(f"--lineup {lineup}: expected families, depth or one of {', '.join(FAMILIES)}")
    family = list_models(lineup)
    fitting = [name for name in family if architecture(name).small_images == small]
    return fitting or family
