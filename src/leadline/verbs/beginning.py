"""Trained weights that a network begins with: from what a person names to a network, a size and a normalisation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leadline.data.preprocessing import Preprocessing
from leadline.errors import UsageError
from leadline.zoo import Pretrained, architecture
from leadline.zoo.catalogue import BY_NAME
from leadline.zoo.weights import known_of, network_in

# `compare --weights imagenet`: of each family the lightest network that torchvision has weights of.
OF_IMAGENET = ("alexnet_owt", "vgg_a_bn", "googlenet_bn", "resnet18", "resnext50_32x4d", "densenet121")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Beginning:
    """The network `model` with the weights that `weights` names, made for images of `size` pixels."""

    model: str
    weights: str
    size: int


def beginning(model: str | None, weights: str, *, say: Say) -> Beginning:
    """That of one network; without `model` the one whose run folder `weights` is.

    The weights are fetched, so that what cannot be had is refused before any image is read. A file is named in full,
    so that a run can be resumed from any folder.
    """
    model = model or network_in(weights)
    if model is None:
        raise UsageError(f"no model: --weights {weights} does not say of which network it is; choose one with --model")
    about = architecture(model)
    known = known_of(about.name, weights, say=say)
    path = Path(weights)
    return Beginning(about.name, str(path.resolve()) if path.exists() else weights, known.crop or about.input[1])


def beginnings(named: Sequence[str], *, say: Say) -> list[Beginning]:
    """Those of a comparison: run folders, NETWORK=WEIGHTS, and "imagenet" for one network of each family."""
    found: list[Beginning] = []
    for text in named:
        model, _, weights = text.partition("=")
        if text == "imagenet":
            found += [beginning(name, text, say=say) for name in OF_IMAGENET]
        elif weights and model in BY_NAME:
            found.append(beginning(model, weights, say=say))
        elif Path(text).is_dir():
            found.append(beginning(None, text, say=say))
        else:
            raise UsageError(
                f"--weights {text}: expected the folder of a run, NETWORK=WEIGHTS such as resnet18=imagenet, or "
                "imagenet for one network of each family"
            )
    return found


def normalised_as(own: Preprocessing, known: Pretrained | None, *, say: Say) -> Preprocessing:
    """`own`, which was measured on the training images, with the mean and standard deviation that the weights ask for.

    They are of intensities from 0 to 1, which mean the same in images of the type that the weights were trained on, and
    in those whose limits were chosen (--intensity). In others, and where nothing is stated, `own` stays.
    """
    if known is None or known.mean is None or known.std is None:
        return own
    if own.intensity == "dtype" and own.dtype != known.dtype:
        say(
            f"the weights were trained on {known.dtype}, these images are {own.dtype}: they are normalised by their "
            "own mean and standard deviation; --intensity chooses what becomes 0 and 1"
        )
        return own
    return replace(own, mean=known.mean, std=known.std)
