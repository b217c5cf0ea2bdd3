"""The catalogue of networks, with what each costs."""

from typing import Any

from leadline.anatomy import measure
from leadline.zoo import architecture, list_models


def models(family: str | None = None) -> list[dict[str, Any]]:
    """A dictionary per network, in the catalogue's order: of one family (without regard to case) or of all.

    `input` is (channels, height, width) as published, `depth` counts weight layers, `parameters` and `multiply_adds`
    (for one image) leave out training-only heads, `deviates` says where it is not as published. UsageError for a family
    that there is not.
    """
    return [describe(name) for name in list_models(family)]


def describe(name: str) -> dict[str, Any]:
    """One line of the catalogue with its totals."""
    row, anatomy = architecture(name), measure(name)
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
        "parameters": anatomy.parameters,
        "multiply_adds": anatomy.multiply_adds,
        "deviates": row.deviates,
        "weights": list(row.weights),
    }
