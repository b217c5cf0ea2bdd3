"""The settings that fit a data set and a network, for whatever a person has not decided."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import nn

from leadline.data.builtin import AUGMENT
from leadline.data.manifest import Manifest
from leadline.training.recipe import Recipe
from leadline.zoo import architecture, create_model

# Up to this size the papers' CIFAR networks and our small variants are meant.
SMALL_IMAGES = 64
# Sizes between which a comparison chooses where the images are larger than that, in pixels.
SIZES = (64, 96, 128, 160, 192, 224)
# Images seen in training where neither epochs nor minutes are given, and the epochs between which that is kept.
IMAGES_SEEN, FEWEST_EPOCHS, MOST_EPOCHS = 600_000, 10, 60
# AdamW's peak rate, for any batch: of the rates tried what learned most in 100 to 1,000 steps on three data sets
# (docs/results.md). Wide fully connected layers bear less: the rate falls with their width (Yang et al. 2022, arXiv
# 2203.03466), from this one on.
ADAMW_RATE, WIDTH = 0.004, 128
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


def resolve(
    settings: Mapping[str, Any], manifest: Manifest, *, model: str, epochs: float | None = None, steps: int = 0
) -> Recipe:
    """The recipe for `model` on the split `manifest`: `settings` where they decide, what fits the data where not.

    `steps` or `epochs` is the length where none is among the settings.
    """
    images = len(manifest.usable.filter(split="train"))
    batch_size = settings.get("batch_size") or default_batch_size(images)
    steps_per_epoch = max(1, -(-images // batch_size))
    length = settings.get("epochs") or (default_epochs(images) if epochs is None else epochs)
    optimizer = settings.get("optimizer") or "adamw"
    rate = default_rate(model, optimizer, batch_size)
    chosen: dict[str, Any] = {
        "model": model,
        "data": manifest.source,
        "steps": steps or max(1, round(length * steps_per_epoch)),
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
    with torch.device("meta"):
        modules = list(create_model(model).modules())
    if optimizer == "adamw":
        hidden = [module.out_features for module in modules if isinstance(module, nn.Linear)][:-1]
        return ADAMW_RATE * min(1.0, WIDTH / max(hidden, default=1))
    if any(isinstance(module, nn.BatchNorm2d) for module in modules):
        return SGD_RATE_WITH_NORMS * batch_size / 128
    return SMALL_SGD_RATE_WITHOUT if architecture(model).small_images else SGD_RATE_WITHOUT
