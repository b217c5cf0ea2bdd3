"""The rounds of a comparison: a heat in which every network gets equal time, then a final of the best.

No clock decides a result: before a network starts, the time that is left to it is turned into steps, from costs that
are measured, and these steps stand in its recipe. What takes longer than it should leaves less for those that follow;
the rounds so far, and the time they took, stand in comparison.json.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from leadline.data.folds import fold_of_images, pooled, without_test
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import geometry
from leadline.data.reading import Reading
from leadline.errors import DataError, LeadlineError
from leadline.evaluation.choice import survivors
from leadline.evaluation.contestant import Contestant
from leadline.evaluation.metrics import measure as measure_predictions
from leadline.results import ComparisonResult, Entrant, NetworkResult, Round, write_comparison
from leadline.runtime.hardware import hardware
from leadline.training.budget import Cost, epochs_within, measure
from leadline.training.defaults import SIZES, default_batch_size, image_size, natural_size, resolve
from leadline.training.loop import Interrupted
from leadline.training.recipe import Recipe
from leadline.training.watch import Placing, Watch
from leadline.verbs.described import description
from leadline.verbs.folds import train_in_folds
from leadline.verbs.more_images import HALVINGS
from leadline.verbs.run import Run, begin
from leadline.verbs.train import train_one

HEAT = 0.3  # of the time
FOLDS_PAY = 5_000  # images, below which the finalists are judged by cross-validation
FOLD_COUNT = 5
EPOCHS_OF_A_FOLD = 10  # at least, or folds do not pay
# A larger size is worth it while this many steps, and epochs, fit into the time (docs/results.md).
STEPS_WORTH_A_SIZE, EPOCHS_WORTH_A_SIZE = 100, 4
FEWEST_STEPS = 10
FAIR = 0.5  # of an equal share of the heat, which every network gets at least
# What a run takes beside its steps, and what stands at the end of the command, until they have been seen.
SECONDS_BESIDE, SECONDS_OF_REPORT = 0.5, 6.0
MEASURED = 0.15  # seconds, per network and kind of cost, of a short comparison; a share of the time in a longer one
SHARE_MEASURED = 0.02


@dataclass
class Clock:
    """Seconds of the whole command, over interruptions."""

    before: float = 0.0  # taken by commands that were interrupted
    started: float = field(default_factory=time.perf_counter)

    @property
    def now(self) -> float:
        return self.before + time.perf_counter() - self.started


@dataclass
class Race:
    """A comparison as it runs: what stands in comparison.json, and what this process has learned about its speed."""

    folder: Path
    result: ComparisonResult
    manifest: Manifest
    clock: Clock
    watch: Watch
    costs: dict[tuple[str, int], Cost] = field(default_factory=dict)
    slowdown: float = 1.0  # seconds taken by a second that was planned
    beside: float = SECONDS_BESIDE  # seconds of a run beside its steps

    def begin(self, *, save: bool = True) -> None:
        """Decide the order of the first round, the cheapest first, and when it should be over."""
        first = self.result.rounds[0]
        if first.folder:
            return
        entrants = tuple(sorted(first.entrants, key=lambda one: self.cost_of(one).training))
        ends_at = None
        if first.kind == "heat":
            ends_at = self.clock.now + HEAT * max(0.0, self.ends_at - SECONDS_OF_REPORT - self.clock.now)
        folds = int(self.result.settings.get("folds") or 0) if first.kind == "final" else 0
        begun = msgspec.structs.replace(first, folder=first.kind, entrants=entrants, ends_at=ends_at, folds=folds)
        self.result = msgspec.structs.replace(self.result, rounds=(begun,))
        if save:
            self.save()

    def run_all(self) -> None:
        """Every round to its end; raises Interrupted, with the comparison's folder, when asked to stop."""
        with self.interruptible():
            if self.result.rounds[-1].kind == "heat":
                self.run_round()
                self.begin_final(self.ends_at)
            self.run_round()

    @property
    def reading(self) -> Reading:
        return Reading.of(self.result.settings)

    @property
    def ends_at(self) -> float:
        return 60 * (self.result.minutes or 0.0)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        try:
            yield
        except Interrupted:
            self.save()
            raise Interrupted(str(self.folder)) from None
        finally:
            self.save()

    # --- rounds

    def run_round(self) -> None:
        """Train what is not trained yet in the last round."""
        current = self.result.rounds[-1]
        started = self.clock.now - current.seconds
        manifest = self.round_manifest(current)
        waiting = [one for one in current.entrants if one.name not in self.finished]
        for position, entrant in enumerate(waiting):
            known = {one.name: one for one in self.result.rounds[-1].networks}
            if entrant.name not in known:
                recipe = self.recipe_for(entrant, manifest, waiting[position:])
                self.enter(entrant, recipe, manifest)
            self.show(training=entrant.name)
            self.train(entrant, manifest)
            self.show()
            self.change_round(seconds=self.clock.now - started)

    @property
    def finished(self) -> set[str]:
        return {one.name for one in self.result.rounds[-1].networks if one.metrics or one.failed}

    def round_manifest(self, current: Round) -> Manifest:
        """The images as the round splits them; nobody looks at the test images before the end."""
        return without_test(pooled(self.manifest) if current.folds else self.manifest)

    def begin_final(self, ends_at: float) -> None:
        """Decide who is in the final, and whether folds pay."""
        entrants = self.finalists()
        wanted = self.result.settings.get("folds")
        judged = len(self.manifest.usable.filter(self.manifest.usable["split"].is_in(["train", "validation"])))
        folds, take = 0, None
        alone = self.result.seeds == 1 and self.result.learning_curve is None
        if wanted is None and alone and judged < FOLDS_PAY and self.can_fold(FOLD_COUNT):
            seconds = ends_at - self.clock.now - SECONDS_OF_REPORT
            for count in range(len(entrants), min(2, len(entrants)) - 1, -1):
                needed = self.seconds_of_folds(entrants[:count])
                if needed <= seconds:
                    folds, entrants = FOLD_COUNT, entrants[:count]
                    break
                take = needed
            else:
                take = (self.seconds_of_folds(entrants) + SECONDS_OF_REPORT) / (1 - HEAT) / 60
            take = None if folds else take
        elif wanted:
            folds = int(wanted)
        number = sum(one.kind == "final" for one in self.result.rounds) + 1
        folder = "final" if number == 1 else f"final-{number}"
        # The cheapest first: what it leaves flows on to the others.
        ordered = sorted(entrants, key=lambda one: self.cost_of(one).training)
        final = Round(
            "final", entrants=tuple(ordered), folder=folder, folds=folds, ends_at=ends_at, folds_would_take=take
        )
        self.change(rounds=(*self.result.rounds, final))
        names = ", ".join(one.name for one in ordered)
        how = f"each judged in {folds} folds" if folds else "judged on the validation images"
        self.watch.note(f"final: {names}; {how}")

    def finalists(self) -> list[Entrant]:
        """The most accurate first, the cheapest that learned behind them; all that were in an earlier final."""
        last = self.result.rounds[-1]
        if last.kind == "final":
            return list(last.entrants)
        judged = [one for one in last.networks if not one.failed]
        if not judged:
            raise LeadlineError(f"none of the networks could be trained: {last.networks[0].failed}")
        contestants = contestants_of(self.folder, last, self.manifest, self.result)
        kept = survivors(contestants, criterion=self.result.criterion)
        by_name = {one.name: one for one in last.entrants}
        return [by_name[name] for name in kept]

    def can_fold(self, folds: int) -> bool:
        try:
            fold_of_images(pooled(self.manifest), folds, seed=self.result.settings.get("split_seed") or 0)
        except LeadlineError:
            return False
        return True

    def seconds_of_folds(self, entrants: Sequence[Entrant]) -> float:
        """What the least cross-validation of these networks would take, each for as long as the slowest needs."""
        images = len(pooled(self.manifest).usable.filter(split="train"))
        each = max(
            EPOCHS_OF_A_FOLD * images * (1 - 1 / FOLD_COUNT) * self.cost_of(one).training * self.slowdown + self.beside
            if not one.weights
            else self.beside
            for one in entrants
        )
        return each * (len(entrants) * FOLD_COUNT + 1.25)

    # --- one network

    def recipe_for(self, entrant: Entrant, manifest: Manifest, waiting: Sequence[Entrant]) -> Recipe:
        """The recipe with as many steps as the network's share of the time allows."""
        current = self.result.rounds[-1]
        settings = {**self.result.settings, "folds": current.folds or None}
        if entrant.weights:
            size = settings.get("size") or entrant.size
            settings |= {
                "weights": entrant.weights, "weights_sha256": entrant.weights_sha256, "tune": "head", "size": size,
            }  # fmt: skip
            return resolve(settings, manifest, model=entrant.model)
        if current.ends_at is None:
            return resolve(settings, manifest, model=entrant.model, epochs=self.result.epochs)
        workload = self.workload(current.folds)
        trainings = self.result.seeds * (current.folds or 1)
        seconds = (self.share(current, waiting) / trainings - self.beside) / self.slowdown
        size = self.size_within(entrant, seconds, workload)
        recipe = resolve({**settings, "size": size}, manifest, model=entrant.model)
        epochs = epochs_within(max(0.0, seconds), [self.cost_of(entrant, recipe)], **workload)
        return replace(
            recipe, steps=max(FEWEST_STEPS, min(recipe.steps, round(epochs * steps_per_epoch(manifest, recipe))))
        )

    def workload(self, folds: int) -> dict[str, int]:
        """The images of one training, as Cost.seconds takes them."""
        counts = Counter(self.manifest.usable["split"])
        if not folds:
            return {"train": counts["train"], "validation": counts["validation"], "test": 0}
        images = counts["train"] + counts["validation"]
        return {"train": images - images // folds, "validation": images // folds, "test": 0}

    def share(self, current: Round, waiting: Sequence[Entrant]) -> float:
        """Seconds for the first of those that wait; the network that is named is trained once more at the end."""
        assert current.ends_at is not None
        left = current.ends_at - self.clock.now - (SECONDS_OF_REPORT if current.kind == "final" else 0.0)
        trainings = len(waiting) + (1.25 / current.folds if current.folds else 0.0)
        if current.kind == "final" and self.result.learning_curve is not None:
            trainings += HALVINGS
        # Who comes late in a heat is not to suffer for those before: what they took too much, the final has less.
        least = FAIR * HEAT * self.ends_at / len(current.entrants) if current.kind == "heat" else 0.0
        return max(least, left / trainings)

    def size_within(self, entrant: Entrant, seconds: float, workload: dict[str, int]) -> int:
        """The largest size at which enough steps fit into the time; cost grows with the area."""
        given = self.result.settings.get("size")
        if given:
            return int(given)
        natural, own = natural_size(self.manifest), image_size(self.manifest)
        cost, images = self.cost_of(entrant), workload["train"]
        batch_size = self.result.settings.get("batch_size") or default_batch_size(images)
        fitting = []
        for size in (one for one in (*SIZES, natural) if one <= own):
            area = (size / natural) ** 2
            scaled = Cost(cost.training * area, cost.prediction * area)
            epochs = epochs_within(max(0.0, seconds), [scaled], **workload)
            if epochs >= EPOCHS_WORTH_A_SIZE and epochs * images / batch_size >= STEPS_WORTH_A_SIZE:
                fitting.append(size)
        return max(fitting, default=min(natural, SIZES[0]))

    def cost_of(self, entrant: Entrant, recipe: Recipe | None = None) -> Cost:
        """Measured once in this process, of the network at its usual size, or as `recipe` has it."""
        if recipe is None:
            size = entrant.size if entrant.weights else 0
            settings = {**self.result.settings, **({"size": size} if size else {})}
            recipe = resolve({**settings, "folds": None}, self.manifest, model=entrant.model)
        key = (entrant.name, recipe.size)
        if key not in self.costs:
            seen = geometry(self.manifest, size=1, reading=self.reading)
            seconds = max(MEASURED, SHARE_MEASURED * HEAT * self.ends_at / len(self.result.entrants))
            self.costs[key] = measure(
                recipe, classes=len(self.manifest.classes), channels=seen.channels, dtype=seen.dtype,
                hardware=hardware(), seconds=seconds,
            )  # fmt: skip
        return self.costs[key]

    def enter(self, entrant: Entrant, recipe: Recipe, manifest: Manifest) -> None:
        """Write the recipe of each run down, and the network into the round."""
        current = self.result.rounds[-1]
        channels = geometry(self.manifest, size=recipe.size, reading=recipe.reading).channels
        names = []
        for seed in range(recipe.seed, recipe.seed + self.result.seeds):
            name = f"{current.folder}/{entrant.name}" + (f"-seed{seed}" if self.result.seeds > 1 else "")
            begin(Run(self.folder / name), replace(recipe, seed=seed), manifest)
            names.append(name)
        about = description(recipe, classes=len(self.manifest.classes), channels=channels)
        network = NetworkResult(
            **{**about, "name": entrant.name},
            steps=recipe.steps,
            epochs=recipe.steps / steps_per_epoch(manifest, recipe),
            learning_rate=recipe.learning_rate,
            batch_size=recipe.batch_size,
            run=names[0],
            runs=tuple(names),
        )
        self.change_round(networks=(*current.networks, network))

    def train(self, entrant: Entrant, manifest: Manifest) -> None:
        """Train the runs of a network, and write down what they come to."""
        current = self.result.rounds[-1]
        network = next(one for one in current.networks if one.name == entrant.name)
        started = time.perf_counter()
        planned = 0.0
        try:
            for name in network.runs:
                run = Run(self.folder / name)
                recipe = run.recipe
                if run.finished:
                    continue
                if recipe.folds:
                    train_in_folds(run, recipe, manifest, train_part=train_one, watch=self.watch, whole=False)
                else:
                    train_one(run, recipe, manifest, watch=self.watch, part=current.kind == "heat")
                planned += run.metrics["training_seconds"]
        except DataError:  # of all networks alike
            raise
        except LeadlineError as error:
            self.fail(network, str(error))
            return
        self.learn(network, planned, time.perf_counter() - started)
        cost = self.cost_of(entrant, Run(self.folder / network.run).recipe)
        self.put(with_results(network, self.folder, current, cost))

    def learn(self, network: NetworkResult, training: float, taken: float) -> None:
        """Hold what was planned against what a network took."""
        recipe = Run(self.folder / network.run).recipe
        cost = self.costs.get((network.name, recipe.size))
        if recipe.frozen or not training or not cost:
            return
        trainings = max(1, recipe.folds) * self.result.seeds
        expected = trainings * cost.seconds(network.epochs, **self.workload(recipe.folds))
        self.slowdown = (self.slowdown + min(10.0, max(0.3, training / expected))) / 2
        self.beside = (self.beside + max(0.05, (taken - training) / trainings)) / 2

    def fail(self, network: NetworkResult, reason: str) -> None:
        self.watch.note(f"{network.name}: could not be trained, {reason}")
        self.put(msgspec.structs.replace(network, failed=reason, remarks=(f"failed: {reason}",)))

    # --- comparison.json

    def put(self, network: NetworkResult) -> None:
        current = self.result.rounds[-1]
        self.change_round(networks=tuple(network if one.name == network.name else one for one in current.networks))

    def change_round(self, **values: Any) -> None:
        *before, current = self.result.rounds
        self.change(rounds=(*before, msgspec.structs.replace(current, **values)))

    def change(self, **values: Any) -> None:
        self.result = msgspec.structs.replace(self.result, **values)
        self.save()

    def show(self, training: str = "") -> None:
        """Tell whoever watches how the networks of this round stand."""
        current = self.result.rounds[-1]
        known = {one.name: one for one in current.networks}
        accuracies = {name: accuracy for name, one in known.items() if (accuracy := accuracy_of(one)) is not None}
        best = max(accuracies.values(), default=None)
        placings = [
            Placing(
                one.name,
                current.kind,
                "training" if one.name == training
                else "failed" if one.name in known and known[one.name].failed
                else "done" if one.name in accuracies
                else "waiting",
                accuracies.get(one.name),
                leads=one.name in accuracies and accuracies[one.name] == best,
            )
            for one in current.entrants
        ]  # fmt: skip
        left = self.ends_at - self.clock.now if self.result.minutes is not None else None
        self.watch.placings(placings, seconds_left=left)

    def save(self) -> None:
        self.result = msgspec.structs.replace(self.result, seconds=self.clock.now)
        write_comparison(self.folder, self.result)


def accuracy_of(network: NetworkResult) -> float | None:
    """On the images that it was judged on in its round."""
    for split in ("out-of-fold", "validation"):
        if split in network.metrics:
            value: float = network.metrics[split]["accuracy"]["value"]
            return value
    return None


def steps_per_epoch(manifest: Manifest, recipe: Recipe) -> int:
    return max(1, -(-len(manifest.usable.filter(split="train")) // recipe.batch_size))


def with_results(network: NetworkResult, folder: Path, current: Round, cost: Cost) -> NetworkResult:
    """`network` with what its first run measured."""
    run = Run(folder / network.run)
    metrics = run.metrics
    judged = "out-of-fold" if current.folds else "validation"
    found = {judged: measure_predictions(run.chosen_on[0]) if current.kind == "heat" else metrics["validation"]}
    return msgspec.structs.replace(
        network,
        metrics=found,
        seconds_per_image={"training": metrics["seconds_per_image"]["training"], "prediction": cost.prediction},
        training_seconds=sum(Run(folder / name).metrics["training_seconds"] for name in network.runs),
        peak_memory_bytes=metrics["peak_memory_bytes"],
        left_out=tuple(metrics["left_out"]),
    )


def contestants_of(folder: Path, current: Round, manifest: Manifest, result: ComparisonResult) -> list[Contestant]:
    """The networks of a round that have predictions, as evaluation.choice takes them."""
    fold = None
    if current.folds:
        together = pooled(manifest) if result.minutes is not None else manifest
        numbers = [
            fold_of_images(together, current.folds, seed=result.settings.get("split_seed") or 0, repeat=repeat)
            for repeat in range(result.settings.get("repeats") or 1)
        ]
        fold = np.stack(numbers, axis=1)[numbers[0] >= 0]
    return [
        Contestant.of(
            one.name,
            [table for name in one.runs for table in Run(folder / name).chosen_on],
            fold,
            multiply_adds=one.multiply_adds,
            seconds_per_image=one.seconds_per_image["prediction"],
        )
        for one in current.networks
        if not one.failed and one.metrics
    ]
