"""Trained weights that a network begins with: from what a person names to a network, a size and a normalisation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.torchvision_files import Pretrained
from leadline.pretrained.weights import is_path, known_of, network_in
from leadline.progress import Progress
from leadline.training.recipe import Recipe
from leadline.zoo import architecture, build_model
from leadline.zoo.last_layer import check_last_layer

# `compare --weights imagenet`: of each family the lightest network that torchvision has weights of.
OF_IMAGENET = ("alexnet_owt", "vgg_a_bn", "googlenet_bn", "resnet18", "resnext50_32x4d", "densenet121")


@dataclass(frozen=True)
class StartWeights:
    """The network `model` with the weights that `weights` names, made for images of `size` pixels."""

    model: str
    weights: str
    sha256: str
    size: int


def start_weights(model: str | None, weights: str, *, frozen: bool, progress: Progress) -> StartWeights:
    """That of one network, of which only the last layer is to be trained where it is `frozen`; without `model` the one
    whose run folder `weights` is.

    The weights are fetched and compared with the network, so that what cannot be had, or does not fit, is refused
    before any image is read. A file is named in full, so that a run can be resumed from any folder.
    """
    if not weights:
        raise UsageError("--weights: is empty; name a tag, a file or the folder of a run, or leave it out")
    if is_path(weights) and not Path(weights).exists():
        raise UsageError(f"--weights {weights}: no such file or folder")
    found = model or network_in(weights)
    if found is None and Path(weights).is_dir():
        raise UsageError(f"--weights {weights}: is no folder of a finished run")
    if found is None:
        raise UsageError(f"--weights {weights}: does not say of which network it is; choose one with --model")
    about = architecture(found)
    known = known_of(about.build, weights, name=about.name, in_channels=about.input[0], progress=progress)
    if frozen:
        with torch.device("meta"):
            check_last_layer(build_model(about.name), name=about.name)
    named = str(Path(weights).resolve()) if is_path(weights) else weights
    return StartWeights(about.name, named, known.sha256, known.crop or about.input[1])


def add_start_weights(settings: dict[str, Any], given: dict[str, Any], *, progress: Progress) -> StartWeights | None:
    """What the network of `settings` begins with, which they then have with its model and size; None where that is
    chance. Of the settings those `given` are no recipe's."""
    frozen = settings.get("tune") == "head"
    if frozen:
        refuse_beside_frozen(given)
    if given.get("weights") is None and not settings.get("weights"):
        return None
    begun = start_weights(settings.get("model"), str(settings["weights"]), frozen=frozen, progress=progress)
    of_recipe = settings.get("weights_sha256") if given.get("weights") is None else None
    if of_recipe and of_recipe != begun.sha256:
        raise UsageError(
            f"{begun.weights}: is not what the recipe began with, whose SHA-256 begins with {of_recipe[:12]}; name it "
            "with --weights to begin with it"
        )
    size = settings.get("size") or begun.size
    settings |= {"model": begun.model, "weights": begun.weights, "weights_sha256": begun.sha256, "size": size}
    return begun


def refuse_beside_frozen(given: dict[str, Any]) -> None:
    """UsageError where what only a training by steps knows is given to one that fits the last layer alone."""
    of_steps = ("epochs", "minutes", "batch_size", "learning_rate", "augment")
    named = [f"--{name.replace('_', '-')}" for name in of_steps if given.get(name) is not None]
    if named:
        raise UsageError(
            f"--tune head computes the features of each image once and fits the last layer to them until it settles: "
            f"leave out {', '.join(named)}"
        )


def frozen_networks(named: Sequence[str], *, progress: Progress) -> list[StartWeights]:
    """Those of a comparison: run folders, NETWORK=WEIGHTS, and "imagenet" for one network of each family."""
    found: dict[str, tuple[str, StartWeights]] = {}
    for text in named:
        model, separator, weights = text.partition("=")
        pairs: list[tuple[str | None, str]]
        if text == "imagenet":
            pairs = [(name, text) for name in OF_IMAGENET]
        elif Path(text).is_dir():
            pairs = [(None, text)]
        elif separator and weights:
            pairs = [(architecture(model).name, weights)]
        else:
            raise UsageError(
                f"--weights {text}: expected the folder of a finished run, NETWORK=WEIGHTS such as resnet18=imagenet, "
                "or imagenet for one network of each family"
            )
        for name, source in pairs:
            one = start_weights(name, source, frozen=True, progress=progress)
            if one.model in found:
                raise UsageError(
                    f"--weights: {found[one.model][0]} and {text} are both of {one.model}; a comparison has one row "
                    "for a network with a frozen body, so take them in turn"
                )
            found[one.model] = (text, one)
    return [one for _, one in found.values()]


def refuse_seen(weights: str, manifest: Manifest, *, folds: bool = False, fewer: bool = False) -> None:
    """UsageError where the run whose weights these are was trained on images that are to be judged, or, with `folds`
    or a training on `fewer`, on any that are to be trained on: then no figure would be of images not seen before."""
    seen = images_seen_by(weights)
    if seen is None:
        return
    judged = manifest.usable if folds or fewer else manifest.usable.filter(manifest.usable["split"] != "train")
    both = judged.filter(judged["sha256"].is_in(list(seen)))
    if len(both):
        what = "images that would be judged" if not fewer else "images, and a learning curve would hide some of them"
        way = (
            "take weights that were trained on other images"
            if folds or fewer
            else "take the split of that run (--split-seed and --group), or weights that were trained on other images"
        )
        raise UsageError(
            f"--weights {weights}: was trained on {len(both):,} of the {len(judged):,} {what}, such as "
            f"{both['path'][0]}; {way}"
        )


def images_seen_by(weights: str) -> set[str] | None:
    """The SHA-256 of the images that a run was trained on, and those before it that its weights came from; None where
    that is not known."""
    folder = Path(weights)
    home = folder.parent if folder.name == "classifier" else folder
    if not is_path(weights) or not (home / "manifest.parquet").is_file():
        return None
    try:
        seen = set(Manifest.read(home / "manifest.parquet").usable.filter(split="train")["sha256"])
        before = Recipe.read(home / "recipe.toml").weights
    except LeadlineError:
        return None
    if not before:
        return seen
    earlier = images_seen_by(before)
    return None if earlier is None else seen | earlier


def refuse_changed(recipe: Recipe, known: Pretrained | None) -> None:
    """LeadlineError where the weights are not those that the recipe was begun with."""
    if known and recipe.weights_sha256 and known.sha256 != recipe.weights_sha256:
        raise LeadlineError(
            f"{recipe.weights}: has changed since this recipe was made: its SHA-256 began with "
            f"{recipe.weights_sha256[:12]} and begins with {known.sha256[:12]} now; put it back, or train anew"
        )


def normalised_as(own: Preprocessing, known: Pretrained | None, *, progress: Progress) -> Preprocessing:
    """`own`, which was measured on the training images, with the mean and standard deviation that the weights ask for.

    They are of intensities from 0 to 1, which mean the same in images of the type and with the limits that the weights
    were trained with, and in those whose limits were chosen now where theirs is the full range. Elsewhere, and where
    nothing is stated, `own` stays.
    """
    if known is None or known.mean is None or known.std is None:
        return own
    same = known.scaling == f"{own.dtype} {own.intensity}"
    chosen = known.scaling.endswith(" dtype") and own.intensity != "dtype"
    if not same and not chosen:
        progress.note(
            f"the weights were trained on {known.scaling.replace(' dtype', '')}, these images are {own.dtype}"
            f"{'' if own.intensity == 'dtype' else f' {own.intensity}'}: they are normalised by their own mean and "
            "standard deviation; --intensity chooses what becomes 0 and 1"
        )
        return own
    return replace(own, mean=known.mean, std=known.std)
