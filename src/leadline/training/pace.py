"""How fast the networks of a comparison train here, and how many steps, at which size, a time buys.

Costs are measured once in a process, on a few steps; what the trainings then take corrects them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from leadline.data.manifest import Manifest
from leadline.data.preprocessing import geometry
from leadline.data.reading import Reading
from leadline.data.split.folds import pooled
from leadline.inference.hardware import hardware
from leadline.results.comparison_result import Entrant
from leadline.training.cost import Cost, epochs_within, measure
from leadline.training.defaults import SIZES, default_batch_size, image_size, natural_size, resolve
from leadline.training.recipe import Recipe
from leadline.zoo import architecture

FEWEST_STEPS = 10
# A larger size is worth it while this many steps, and epochs, fit into the time (docs/results.md).
STEPS_WORTH_A_SIZE, EPOCHS_WORTH_A_SIZE = 100, 4
EPOCHS_OF_A_FOLD = 10  # at least, or folds do not pay
# What a training takes beside its steps, until that has been seen.
SECONDS_BESIDE = 0.5
# What one training can say of the speed of the machine for others.
LEAST_SLOWED, MOST_SLOWED = 0.7, 10.0
# Seconds for which a cost is measured: in a short comparison, and as a share of a network's time in a longer one.
MEASURED, SHARE_MEASURED = 0.1, 0.01


@dataclass
class Pace:
    """What is known of the speed of each network on these images."""

    manifest: Manifest
    settings: dict[str, Any]  # of all networks alike, without their length and folds
    seconds: float = MEASURED  # for which each cost is measured
    costs: dict[tuple[str, int], Cost] = field(default_factory=dict)
    slowdown: float = 1.0  # seconds that a second of the costs takes, of late
    # Network → the seconds that a second of its costs took when it last ran, and `slowdown` then.
    last_run: dict[str, tuple[float, float]] = field(default_factory=dict)
    beside: float = SECONDS_BESIDE  # seconds of a training beside its steps

    def recipe(self, entrant: Entrant, manifest: Manifest, *, epochs: float | None = None, **changes: Any) -> Recipe:
        """Of default length, or of `epochs`."""
        settings = {**self.settings, **changes}
        if entrant.weights:
            settings |= {"weights": entrant.weights, "weights_sha256": entrant.weights_sha256, "tune": "head"}
            settings["size"] = self.settings.get("size") or entrant.size
        return resolve(settings, manifest, model=entrant.model, epochs=epochs)

    def recipe_within(
        self, entrant: Entrant, manifest: Manifest, seconds: float, *, folded: dict[str, int], longest: float
    ) -> Recipe:
        """The recipe whose training takes `seconds`, at most `longest` times the default length; with the settings of a
        cross-validation in `folded`, the training of each fold."""
        if entrant.weights:
            return self.recipe(entrant, manifest, **folded)
        folds = folded.get("folds", 0)
        seconds = max(0.0, (seconds - self.beside) / self.factor(entrant))
        workload = self.workload(manifest, folds)
        size = self.size_within(entrant, seconds, workload, epochs=EPOCHS_OF_A_FOLD if folds else EPOCHS_WORTH_A_SIZE)
        recipe = self.recipe(entrant, manifest, size=size, **folded)
        epochs = epochs_within(seconds, [self.cost(entrant, recipe)], **workload)
        steps = min(round(epochs * steps_per_epoch(manifest, recipe)), round(min(longest * recipe.steps, 1e9)))
        return replace(recipe, steps=max(FEWEST_STEPS, steps))

    def size_within(self, entrant: Entrant, seconds: float, workload: dict[str, int], *, epochs: float) -> int:
        """The largest size at which so many epochs, and enough steps, fit into the time; cost grows with the area."""
        given = self.settings.get("size")
        if given:
            return int(given)
        usual = self.recipe(entrant, self.manifest)
        cost, images = self.cost(entrant, usual), workload["train"]
        batch_size = self.settings.get("batch_size") or default_batch_size(images)
        natural, own = natural_size(self.manifest), image_size(self.manifest)
        fitting = []
        for size in (one for one in (*SIZES, natural) if one <= own):
            area = (max(size, architecture(entrant.model).minimum_size) / usual.size) ** 2
            scaled = Cost(cost.training * area, cost.prediction * area)
            bought = epochs_within(seconds, [scaled], **workload)
            if bought >= epochs and bought * images / batch_size >= STEPS_WORTH_A_SIZE:
                fitting.append(size)
        return max(fitting, default=min(natural, SIZES[0]))

    def cost(self, entrant: Entrant, recipe: Recipe | None = None) -> Cost:
        """Of an image, as `recipe` has the network, or at its usual size; measured once."""
        recipe = recipe or self.recipe(entrant, self.manifest)
        key = (entrant.name, recipe.size)
        if key not in self.costs:
            images = geometry(self.manifest, size=1, reading=Reading.of(self.settings))
            self.costs[key] = measure(
                recipe, classes=len(self.manifest.classes), channels=images.channels, dtype=images.dtype,
                hardware=hardware(), seconds=self.seconds,
            )  # fmt: skip
        return self.costs[key]

    def workload(self, manifest: Manifest, folds: int) -> dict[str, int]:
        """The images of one training in a round with this manifest, as Cost.seconds takes them."""
        counts = Counter(manifest.usable["split"])
        if not folds:
            return {"train": counts["train"], "validation": counts["validation"], "test": 0}
        images = counts["train"] + counts["validation"]
        return {"train": images - images // folds, "validation": images // folds, "test": 0}

    def seconds_of_folds(self, entrants: Sequence[Entrant], folds: int, *, processes: int = 1) -> float:
        """What the least cross-validation of these networks takes, each for as long as the slowest needs, with the last
        training of the one that will be named; shared by so many `processes`, all but that last one."""
        workload = self.workload(self.manifest, folds)
        images = len(pooled(self.manifest).usable.filter(split="train"))

        def of_a_fold(entrant: Entrant) -> float:
            cost = self.cost(entrant)
            if entrant.weights:  # features are computed once for all folds
                return self.beside + images * cost.prediction / folds
            return self.beside + self.factor(entrant) * cost.seconds(EPOCHS_OF_A_FOLD, **workload)

        return max(map(of_a_fold, entrants)) * (len(entrants) * folds / processes + folds / (folds - 1))

    def factor(self, entrant: Entrant) -> float:
        """Seconds that a second of a network's costs would take now: as when it last ran, if the machine has not
        become faster or slower since."""
        ratio, slowdown = self.last_run.get(entrant.name, (1.0, 1.0))
        return ratio * self.slowdown / slowdown

    def learn(
        self, entrant: Entrant, recipe: Recipe, manifest: Manifest, *, training: float, taken: float, trainings: int
    ) -> None:
        """Correct the costs by what `trainings` of a network took, in all and for their steps."""
        cost = self.costs.get((entrant.name, recipe.size))
        if recipe.frozen or not training or not cost:
            return
        epochs = recipe.steps / steps_per_epoch(manifest, recipe)
        ratio = training / (trainings * cost.seconds(epochs, **self.workload(manifest, recipe.folds)))
        # A cost that was measured at a busy moment is too high; that says nothing of the others.
        self.slowdown = (self.slowdown + min(MOST_SLOWED, max(LEAST_SLOWED, ratio))) / 2
        self.last_run[entrant.name] = (ratio, self.slowdown)
        self.beside = (self.beside + max(0.05, (taken - training) / trainings)) / 2


def steps_per_epoch(manifest: Manifest, recipe: Recipe) -> int:
    return max(1, -(-len(manifest.usable.filter(split="train")) // recipe.batch_size))
