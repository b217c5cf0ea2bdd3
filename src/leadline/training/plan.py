"""What a train or compare will do, decided before anything is trained: data, split, and a recipe per network."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leadline.data.audit.copies import with_near_copies
from leadline.data.audit.pixels import decoded
from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.manifest import SPLITS, Manifest, describe_problems
from leadline.data.preprocessing import geometry
from leadline.data.reading import Reading
from leadline.data.shards.finding import find_shards, is_shards
from leadline.data.shards.held_out import shard_manifest
from leadline.data.sources.scan import scan
from leadline.data.split.folds import fold_of_images
from leadline.data.split.holdout import split
from leadline.errors import UsageError
from leadline.evaluation.intervals import wilson
from leadline.inference.hardware import hardware
from leadline.progress import Progress
from leadline.training.cost import SECONDS, Cost, epochs_within, measure
from leadline.training.defaults import SMALL_IMAGES, image_size, natural_size, resolve
from leadline.training.recipe import Recipe
from leadline.training.recipe_files import collect, read_settings, recipe_file

# Of the minutes of a training, what its cost is measured for.
SHARE_MEASURED = 0.01
FEW_IMAGES = 30


@dataclass(frozen=True)
class Plan:
    """The split data and a recipe per network; the costs where they were measured."""

    manifest: Manifest
    recipes: tuple[Recipe, ...]
    costs: tuple[Cost, ...] = ()
    minutes: float | None = None  # of a whole comparison, of which these recipes are the heat

    @property
    def images(self) -> dict[str, int]:
        """How many usable images each split has."""
        return {name: self.manifest.labels(name).total() for name in SPLITS}

    def epochs(self, recipe: Recipe) -> float:
        return recipe.steps / max(1, -(-self.images["train"] // recipe.batch_size))

    def seconds(self, number: int) -> float:
        """How long the training of network `number` and its predictions would take here."""
        recipe = self.recipes[number]
        images = workload(self.images, recipe)
        if recipe.frozen:
            return self.costs[number].seconds_of_features(**images)
        return self.costs[number].seconds(self.epochs(recipe), **images)

    @property
    def seconds_in_all(self) -> float:
        return sum(self.seconds(number) for number in range(len(self.recipes)))

    @property
    def doubts(self) -> list[str]:
        """What could not be judged with so few images, a sentence each."""
        folds = any(recipe.folds for recipe in self.recipes)
        images, what = (self.images["train"], "out-of-fold") if folds else (self.images["validation"], "validation")
        training = self.manifest.labels("train")
        low, high = wilson(round(0.9 * images), images)
        found = [
            f"with {images:,} {what} images an accuracy of 90 % would be known to ± {50 * (high - low):.1f} points"
        ]
        judged = self.manifest.usable.filter(split="train" if folds else "validation")
        if judged["group"].null_count() < len(judged):
            groups = judged["group"].n_unique()
            found[0] += f", were they independent; they are of {groups} group{'s' * (groups > 1)}, and know less"
        few = [f"{label} ({training[label]})" for label in self.manifest.classes if training[label] < FEW_IMAGES]
        if few:
            found.append(f"classes with fewer than {FEW_IMAGES} training images: {', '.join(few)}")
        return found


def collect_settings(recipe: str | Path | None = None, **given: Any) -> dict[str, Any]:
    """The settings of a recipe file or a paper's recipe, overruled by those that are `given` (not None)."""
    return collect(read_settings(recipe_file(recipe)) if recipe else {}, given)


def tell_shortened(plan: Plan, recipe: str | Path | None, progress: Progress) -> None:
    """What part of the length in the recipe's file this is, and where costs were measured how long all of it takes."""
    length = read_settings(recipe_file(recipe)).get("epochs") if recipe else None
    planned = plan.epochs(plan.recipes[0])
    if length is None or math.isclose(planned, length, rel_tol=0.01):
        return
    whole = ""
    if plan.costs:
        longer = length / planned
        full = [one if one.frozen else replace(one, steps=max(1, round(one.steps * longer))) for one in plan.recipes]
        hours = replace(plan, recipes=tuple(full)).seconds_in_all / 3600
        whole = f"; all of them would take about {hours:.1f} hours here"
    progress.note(f"{recipe} is for {length:g} epochs, these are {planned:.3g}: its schedule is scaled to them{whole}")


def read_data(data: str | Path, settings: dict[str, Any], progress: Progress) -> Manifest:
    """The split manifest of `data`, after telling what was passed over or left out."""
    reading = Reading.of(settings)
    if is_shards(data):
        refuse_for_shards(settings)
        streamed = shard_manifest(find_shards(data, progress=progress), reading=reading, progress=progress)
        for note in [*streamed.notes, *describe_problems(streamed.unusable)]:
            progress.note(note)
        return streamed
    found = scan(data, group=settings.get("group", ""), reading=reading)
    with progress.task("looking", len(found.table)):
        found = decoded(found, project=reading.projection, progress=progress)
    manifest = split(
        with_near_copies(found, project=reading.projection),
        seed=settings.get("split_seed", 0),
        test_group=tuple(settings.get("test_group", ())),
        folds=bool(settings.get("folds")),
    )
    if settings.get("folds"):  # what folds cannot be made of is told before anything is trained
        fold_of_images(manifest, settings["folds"], seed=settings.get("split_seed", 0))
    for note in [*manifest.notes, *describe_problems(manifest.unusable)]:
        progress.note(note)
    return manifest


def refuse_for_shards(settings: dict[str, Any]) -> None:
    """UsageError for what needs every image at hand, or was decided when the shards were written."""
    decided = "was decided when the shards were written: leadline shard has this option"
    reasons = {
        "folds": "needs all images at hand; unpack the shards, or train without",
        "group": decided,
        "test_group": decided,
    }
    for name, reason in reasons.items():
        if settings.get(name):
            raise UsageError(f"--{name.replace('_', '-')}: {reason}")
    if settings.get("balance") == "sampling":
        raise UsageError("--balance sampling: shards are read in their own order; take --balance weights")
    if settings.get("tune") == "head":
        raise UsageError("--tune head: keeps the features of all images, which shards are too many for; take gradual")


def workload(images: dict[str, int], recipe: Recipe) -> dict[str, int]:
    """The images of all trainings of a recipe together, as `Cost.seconds` takes them: folds, and one on all images.

    Features of a frozen body are computed once for all of them.
    """
    if not recipe.folds:
        return images
    all_images = images["train"]
    return {
        "train": all_images if recipe.frozen else all_images + recipe.repeats * (recipe.folds - 1) * all_images,
        "validation": recipe.repeats * all_images,
        "test": images["test"],
    }


def make_plan(manifest: Manifest, settings: dict[str, Any], *, timed: bool, progress: Progress) -> Plan:
    """The recipe of one network. Its cost is measured where `timed` or where minutes have to become steps."""
    minutes = settings.get("minutes")
    shape = geometry(manifest, size=1, reading=Reading.of(settings))
    if image_size(manifest) > SMALL_IMAGES and "size" not in settings:
        progress.note(
            f"images of about {image_size(manifest)} pixels are worked on at {natural_size(manifest)} (--size)"
        )
    recipe = resolve(settings, manifest, model=settings["model"])
    if "size" in settings and recipe.size != settings["size"]:
        progress.note(f"{recipe.model} works at {recipe.size} pixels, its smallest, and not at {settings['size']}")
    if recipe.augment in PAPERS and PAPERS[recipe.augment].colour and shape.channels != 3:
        progress.note(
            f"--augment {recipe.augment}: no colour noise, which is for 3 channels; these have {shape.channels}"
        )
    if not timed and not minutes:
        return Plan(manifest, (recipe,))
    seconds = max(SECONDS, SHARE_MEASURED * 60 * (minutes or 0))
    cost = measure(
        recipe, classes=len(manifest.classes), channels=shape.channels, dtype=shape.dtype, hardware=hardware(),
        seconds=seconds,
    )  # fmt: skip
    if minutes and not recipe.frozen:
        images = workload(Plan(manifest, ()).images, recipe)
        epochs = epochs_within(60 * minutes, [cost], **images)
        if not epochs:
            raise UsageError(
                f"--minutes {minutes:g}: not even the predictions fit into it; give more minutes, fewer --folds, or a "
                "smaller --size"
            )
        recipe = resolve(settings, manifest, model=settings["model"], epochs=epochs)
    return Plan(manifest, (recipe,), (cost,))
