"""What a train or compare will do, decided before anything is trained: data, split, and a recipe per network."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

from leadline.data.audit.copies import with_near_copies
from leadline.data.folds import fold_of_images
from leadline.data.manifest import SPLITS, Manifest, describe_problems
from leadline.data.papers import TABLE as PAPERS
from leadline.data.preprocessing import geometry
from leadline.data.reading import Reading
from leadline.data.sources import scan
from leadline.data.split import split
from leadline.errors import UsageError
from leadline.evaluation.intervals import wilson
from leadline.runtime.hardware import hardware
from leadline.training.budget import Cost, epochs_within, measure
from leadline.training.defaults import SIZES, SMALL_IMAGES, complete, image_size, natural_size
from leadline.training.published import recipe_file
from leadline.training.recipe import Recipe, read_settings
from leadline.training.watch import Watch
from leadline.verbs.beginning import Beginning

# With fewer epochs than this at a size, a comparison prefers a smaller size.
EPOCHS_WORTH_A_SIZE = 10
# On how many images two good networks give different answers, for the estimate of a dry run.
TYPICAL_DISAGREEMENT = 0.05
FEW_IMAGES = 30


@dataclass(frozen=True)
class Plan:
    """The split data and a recipe per network; the costs where they were measured."""

    manifest: Manifest
    recipes: tuple[Recipe, ...]
    costs: tuple[Cost, ...] = ()
    further: int = 0  # trainings of a network that is not known yet, taken for the dearest

    @property
    def images(self) -> dict[str, int]:
        """How many usable images each split has."""
        counts = Counter(self.manifest.usable["split"])
        return {name: counts[name] for name in SPLITS}

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
        each = [self.seconds(number) for number in range(len(self.recipes))]
        seeds = len({recipe.seed for recipe in self.recipes})
        return sum(each) + self.further * seeds * max(each, default=0.0)

    def doubts(self, margin: float | None) -> list[str]:
        """What could not be judged with so few images, a sentence each."""
        folds = any(recipe.folds for recipe in self.recipes)
        images, what = (self.images["train"], "out-of-fold") if folds else (self.images["validation"], "validation")
        training = Counter(self.manifest.usable.filter(split="train")["label"])
        low, high = wilson(round(0.9 * images), images)
        found = [
            f"with {images:,} {what} images an accuracy of 90 % would be known to ± {50 * (high - low):.1f} points"
        ]
        judged = self.manifest.usable.filter(split="train" if folds else "validation")
        if judged["group"].null_count() < len(judged):
            groups = judged["group"].n_unique()
            found[0] += f", were they independent; they are of {groups} group{'s' * (groups > 1)}, and know less"
        if margin is not None:
            # Of two equally good networks: z² × disagreement / margin² (docs/evaluation.md).
            needed = math.ceil(NormalDist().inv_cdf(0.95) ** 2 * TYPICAL_DISAGREEMENT / margin**2)
            if needed > images:
                found.append(
                    f"with a margin of {margin:.3g} and networks that disagree on {TYPICAL_DISAGREEMENT:.0%} of "
                    f"the images a verdict needs about {needed:,} {what} images"
                )
        few = [f"{label} ({training[label]})" for label in self.manifest.classes if training[label] < FEW_IMAGES]
        if few:
            found.append(f"classes with fewer than {FEW_IMAGES} training images: {', '.join(few)}")
        return found

    def repeated(self, seeds: int) -> "Plan":
        """The same with `seeds` seeds per network, one network's after another."""
        recipes = [replace(recipe, seed=recipe.seed + number) for recipe in self.recipes for number in range(seeds)]
        costs = [cost for cost in self.costs for _ in range(seeds)]
        return replace(self, recipes=tuple(recipes), costs=tuple(costs))


def collect_settings(recipe: str | Path | None, **given: Any) -> dict[str, Any]:
    """The settings of a recipe file or a paper's recipe, overruled by those that are `given` (not None)."""
    settings = read_settings(recipe_file(recipe)) if recipe else {}
    chosen = {name: value for name, value in given.items() if value is not None}
    if "test_group" in chosen:
        chosen["test_group"] = tuple(chosen["test_group"])
    lengths = {"steps", "epochs", "minutes"}
    if lengths & set(chosen):  # a length that is given replaces the one in the file, whatever its unit
        settings = {name: value for name, value in settings.items() if name not in lengths}
    if (
        settings.get("tune") == "head" and chosen.get("tune", "head") != "head"
    ):  # what only a frozen body is trained with
        settings = {name: value for name, value in settings.items() if name not in {"augment", *lengths}}
    settings |= chosen
    if len(lengths & set(settings)) > 1:
        raise UsageError(f"{' and '.join(sorted(lengths & set(settings)))}: give one of them only")
    for name in lengths & set(settings):
        if settings[name] <= 0:
            raise UsageError(f"{name} = {settings[name]}: must be more than 0")
    return settings


def tell_shortened(plan: Plan, recipe: str | Path | None, watch: Watch) -> None:
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
    watch.note(f"{recipe} is for {length:g} epochs, these are {planned:.3g}: its schedule is scaled to them{whole}")


def read_data(data: str | Path, settings: dict[str, Any], watch: Watch) -> Manifest:
    """The split manifest of `data`, after telling what was passed over or left out."""
    reading = Reading.of(settings)
    found = scan(data, group=settings.get("group", ""), reading=reading)
    manifest = split(
        with_near_copies(found, project=reading.projection),
        seed=settings.get("split_seed", 0),
        test_group=tuple(settings.get("test_group", ())),
        folds=bool(settings.get("folds")),
    )
    if settings.get("folds"):  # what folds cannot be made of is told before anything is trained
        fold_of_images(manifest, settings["folds"], seed=settings.get("split_seed", 0))
    for note in [*manifest.notes, *describe_problems(manifest.unusable)]:
        watch.note(note)
    return manifest


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


def make_plan(
    manifest: Manifest,
    models: list[str],
    settings: dict[str, Any],
    *,
    timed: bool,
    watch: Watch,
    further: int = 0,
    frozen: Sequence[Beginning] = (),
) -> Plan:
    """A recipe per model, then one per network whose body is `frozen`. Costs are measured where `timed` or where
    minutes have to become steps.

    The minutes are for these trainings and for `further` ones of the dearest.
    """
    minutes = settings.get("minutes")
    geometric = geometry(manifest, size=1, reading=Reading.of(settings))

    def cost(recipe: Recipe) -> Cost:
        return measure(
            recipe,
            classes=len(manifest.classes),
            channels=geometric.channels,
            dtype=geometric.dtype,
            hardware=hardware(),
            budget=60 * (minutes or 0) / (len(models) + len(frozen)),
        )

    with_frozen_body = tuple(_with_frozen_body(one, settings, manifest) for one in frozen)
    frozen_costs = tuple(map(cost, with_frozen_body)) if timed or minutes else ()
    seconds = 60.0 * (minutes or 0.0)
    if minutes:
        alone = Plan(manifest, with_frozen_body, frozen_costs)
        seconds -= alone.seconds_in_all
        if seconds <= 0:
            raise UsageError(
                f"--minutes {minutes:g}: the features of {' and '.join(one.model for one in frozen)} alone take about "
                f"{alone.seconds_in_all / 60:.1f}; give more minutes, fewer --weights, or a smaller --size"
            )
    if models and image_size(manifest) > SMALL_IMAGES and "size" not in settings:
        settings = {**settings, "size": natural_size(manifest)}
        if minutes:
            small = [cost(complete(settings, model=model, manifest=manifest)) for model in models]
            images = workload(Plan(manifest, ()).images, complete(settings, model=models[0], manifest=manifest))
            settings["size"] = _size_within(
                seconds, [*small, *small[-1:] * further], images, largest=image_size(manifest)
            )
        watch.note(f"images of about {image_size(manifest)} pixels are worked on at {settings['size']} (--size)")
    recipes = [complete(settings, model=model, manifest=manifest) for model in models]
    for recipe in recipes:
        if "size" in settings and recipe.size != settings["size"]:
            watch.note(f"{recipe.model} works at {recipe.size} pixels, its smallest, and not at {settings['size']}")
    augment = recipes[0].augment if recipes else ""
    if augment in PAPERS and PAPERS[augment].colour and geometric.channels != 3:
        watch.note(f"--augment {augment}: no colour noise, which is for 3 channels; these have {geometric.channels}")
    costs = tuple(map(cost, recipes)) if timed or minutes else ()
    if minutes and recipes:
        dearest = max(costs, key=lambda one: one.training)
        images = workload(Plan(manifest, ()).images, recipes[0])
        epochs = epochs_within(seconds, [*costs, *[dearest] * further], **images)
        if not epochs:
            raise UsageError(
                f"--minutes {minutes:g}: not even the predictions fit into it; give more minutes, fewer --models or "
                "--folds, or a smaller --size"
            )
        recipes = [complete(settings, model=model, manifest=manifest, epochs=epochs) for model in models]
    return Plan(manifest, (*recipes, *with_frozen_body), (*costs, *frozen_costs), further)


def _with_frozen_body(one: Beginning, settings: dict[str, Any], manifest: Manifest) -> Recipe:
    size = settings.get("size") or one.size
    own = {**settings, "weights": one.weights, "weights_sha256": one.sha256, "tune": "head", "size": size}
    return complete(own, model=one.model, manifest=manifest)


def _size_within(seconds: float, costs: list[Cost], images: dict[str, int], *, largest: int) -> int:
    """The largest of SIZES at which the time allows enough epochs; cost grows with the area."""
    allowed = [SIZES[0]]
    for size in SIZES:
        factor = (size / SIZES[0]) ** 2
        scaled = [Cost(one.training * factor, one.prediction * factor) for one in costs]
        if size <= largest and epochs_within(seconds, scaled, **images) >= EPOCHS_WORTH_A_SIZE:
            allowed.append(size)
    return max(allowed)
