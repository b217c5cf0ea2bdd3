"""What metrics.json, comparison.json and classifier.json say of a training beside its figures."""

from dataclasses import asdict
from typing import Any

import msgspec

from leadline.anatomy import measure as anatomy_of
from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.augment.papers import Colours
from leadline.data.manifest import Manifest
from leadline.inference.hardware import environment
from leadline.pretrained.torchvision_files import Pretrained
from leadline.results.run_metrics import Description, LeftOut
from leadline.training.recipe import Recipe
from leadline.zoo import architecture


def description(recipe: Recipe, *, classes: int, channels: int) -> Description:
    """What the recipe's network is and costs per image, as metrics.json and comparison.json say it."""
    about = architecture(recipe.model)
    anatomy = anatomy_of(recipe.model, size=recipe.size, channels=channels, classes=classes)
    return Description(
        name=about.name,
        family=about.family,
        year=about.year,
        depth=about.depth,
        deviates=about.deviates,
        parameters=anatomy.parameters,
        multiply_adds=anatomy.multiply_adds,
        size=recipe.size,
    )


def provenance(
    recipe: Recipe, manifest: Manifest, colours: Colours | None = None, known: Pretrained | None = None
) -> dict[str, Any]:
    """What the classifier came from; with the axes of the colour noise, and with what is `known` of the weights that it
    began with, where there were some."""
    noise = {"colour_axes": colours.axes} if colours and colours.axes and PAPERS[recipe.augment].colour else {}
    made = {"data": manifest.source, "data_fingerprint": manifest.fingerprint, "recipe": vars(recipe)}
    begun = {"pretrained": asdict(known)} if known else {}
    return {**made, **noise, **begun, **msgspec.to_builtins(environment())}


def left_out(manifest: Manifest, names: list[str], errors: dict[int, str]) -> tuple[LeftOut, ...]:
    """The images that could not be used, each with its reason; `errors` by their number among `names`."""
    unusable = [LeftOut(path, error) for path, error in manifest.unusable.select("path", "error").iter_rows()]
    return (*unusable, *(LeftOut(names[row], error) for row, error in sorted(errors.items())))
