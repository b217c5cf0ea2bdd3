"""The catalogue of networks, with what each costs, and of the trained weights that can be had for them."""

from typing import Any

from leadline.pretrained.torchvision_files import torchvision_weights
from leadline.zoo import architecture, list_models


def models(family: str | None = None) -> list[dict[str, Any]]:
    """A dictionary per network, in the catalogue's order: of one family (without regard to case) or of all.

    `input` is (channels, height, width) as published, `depth` counts weight layers, `parameters` and `multiply_adds`
    (for one image) leave out training-only heads, `deviates` says where it is not as published, `weights` what
    `create_model(weights=…)` can download by a tag, the default first. UsageError for a family that there is not.
    """
    return [describe(name) for name in list_models(family)]


def pretrained(family: str | None = None) -> list[dict[str, Any]]:
    """A dictionary per file of trained weights, of one family or of all; `default` marks what "imagenet" means.

    `top1` and `top5` are accuracies on ImageNet's validation images in percent, as the makers state them for images
    resized to `resize` on the short side and cut to `crop` pixels.
    """
    return [
        {
            "name": name,
            "weights": tag,
            "default": number == 0,
            "top1": known.top1,
            "top5": known.top5,
            "file_bytes": known.file_bytes,
            "resize": known.resize,
            "crop": known.crop,
            "interpolation": known.interpolation,
            "mean": list(known.mean or ()),
            "std": list(known.std or ()),
            "url": known.url,
            "sha256": known.sha256,
        }
        for name in list_models(family)
        for number, (tag, known) in enumerate(torchvision_weights(name).items())
    ]


def describe(name: str) -> dict[str, Any]:
    """One line of the catalogue with its totals."""
    row = architecture(name)
    return {
        "name": row.name,
        "aliases": list(row.aliases),
        "family": row.family,
        "year": row.year,
        "paper": row.paper,
        "input": list(row.input),
        "minimum_size": row.minimum_size,
        "small_images": row.small_images,
        "classes": row.num_classes,
        "depth": row.depth,
        "parameters": row.parameters,
        "multiply_adds": row.multiply_adds,
        "deviates": row.deviates,
        "weights": list(row.weights),
    }
