"""The settings that fit a data set and a network, for whatever a person has not decided."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import nn

from leadline.data.manifest import Manifest
from leadline.data.sources.builtin import AUGMENT
from leadline.training.recipe import Recipe
from leadline.zoo import architecture, build_model

# Up to this size the papers' CIFAR networks and our small variants are meant.
SMALL_IMAGES = 64
# Sizes in pixels between which a comparison chooses, up to that of the images.
SIZES = (32, 48, 64, 96, 128, 160, 192, 224)
# Images seen in training where neither epochs nor minutes are given, and the epochs between which that is kept.
IMAGES_SEEN, FEWEST_EPOCHS, MOST_EPOCHS = 600_000, 10, 60
# AdamW's peak rate, of small networks and of those for large images: of the rates tried, what learned most in 100 to
# 1,000 steps (docs/results.md). Wide hidden layers that are fully connected, and a large network without normalisation,
# bear less.
ADAMW_RATE, LARGE_ADAMW_RATE = 0.004, 0.001
WIDE, OF_WIDE, OF_LARGE_WITHOUT_NORMS = 256, 1 / 4, 1 / 8
ADAMW_DECAY = 0.05
# SGD's with batch normalisation, at 128 images per batch; scaled with the batch (Goyal et al. 2017, arXiv 1706.02677).
SGD_RATE_WITH_NORMS = 0.1
# Without, the curvature and not the batch sets the limit: what AlexNet and VGG used, and what LeNet-5 and the small
# variants learn fastest with on `digits`.
SGD_RATE_WITHOUT, SMALL_SGD_RATE_WITHOUT = 0.01, 0.05
# Networks for large images are trained further from their weights at this share of the rate, but for the last layer, as
# is usual with ImageNet's. Small ones gain from all of it: on 424 cells four points (docs/results.md).
FURTHER = 0.1


def image_size(manifest: Manifest) -> int:
    """The median short side of the images in pixels."""
    table = manifest.usable
    return int(min(table["width"].median(), table["height"].median()))  # type: ignore[arg-type, type-var]


def natural_size(manifest: Manifest) -> int:
    """The working size that loses nothing of small images, and is small for large ones: 64 pixels at most."""
    return min(image_size(manifest), SMALL_IMAGES)


def default_epochs(images: int) -> float:
    """Epochs over so many training images where nobody said how long to train."""
    return float(min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(IMAGES_SEEN / images))))


def default_batch_size(images: int) -> int:
    return 128 if images >= 8000 else 64 if images >= 2000 else 32


def resolve(settings: Mapping[str, Any], manifest: Manifest, *, model: str, epochs: float | None = None) -> Recipe:
    """The recipe for `model` on the split `manifest`: `settings` where they decide, what fits the data where not.

    `epochs` is the length where none is among the settings.
    """
    images = manifest.labels("train").total()
    batch_size = settings.get("batch_size") or default_batch_size(images)
    steps_per_epoch = max(1, -(-images // batch_size))
    length = settings.get("epochs") or (default_epochs(images) if epochs is None else epochs)
    optimizer = settings.get("optimizer") or "adamw"
    rate = default_rate(model, optimizer, batch_size)
    chosen: dict[str, Any] = {
        "model": model,
        "data": manifest.source,
        "steps": max(1, round(length * steps_per_epoch)),
        "batch_size": batch_size,
        "optimizer": optimizer,
        "learning_rate": rate,
        "size": max(settings.get("size") or natural_size(manifest), architecture(model).minimum_size),
        "augment": AUGMENT.get(manifest.source, "shift"),
    }
    if optimizer == "adamw":
        chosen["weight_decay"] = ADAMW_DECAY
    if settings.get("weights") and not settings.get("learning_rate") and not architecture(model).small_images:
        chosen |= {"learning_rate": FURTHER * rate, "last_layer_rate": 1 / FURTHER}
    own = {field.name for field in fields(Recipe)} - {"model", "data", "size"}
    chosen |= {name: value for name, value in settings.items() if name in own and value is not None}
    if chosen.get("tune") == "head":  # features are computed once, of the images as they are
        chosen |= {"steps": steps_per_epoch, "augment": "none"}
    return Recipe(**chosen)


def default_rate(model: str, optimizer: str, batch_size: int) -> float:
    """The peak learning rate that the network bears."""
    small = architecture(model).small_images
    with torch.device("meta"):
        network = build_model(model)
    normalised = any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    if optimizer == "adamw":
        if not small and not normalised:
            return LARGE_ADAMW_RATE * OF_LARGE_WITHOUT_NORMS
        heads = tuple(getattr(network, "heads", {}).values())  # which are there in training only
        connected = [
            module.out_features
            for name, module in network.named_modules()
            if isinstance(module, nn.Linear) and not name.startswith(heads or "-")
        ]
        wide = any(width >= WIDE for width in connected[:-1])
        return (ADAMW_RATE if small else LARGE_ADAMW_RATE) * (OF_WIDE if wide else 1.0)
    if normalised:
        return SGD_RATE_WITH_NORMS * batch_size / 128
    return SMALL_SGD_RATE_WITHOUT if small else SGD_RATE_WITHOUT
