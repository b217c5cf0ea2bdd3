"""The rounds of a comparison: a heat in which every network gets equal time, then a final of the best.

No clock decides a result: before a network starts, the time that is left to it is turned into steps, from costs that
are measured (training.pace), and these steps stand in its recipe. What takes longer than it should leaves less for
those that follow; the rounds so far, and the time they took, stand in comparison.json.
"""

import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from leadline.data.manifest import Manifest
from leadline.data.preprocessing import geometry
from leadline.data.reading import Reading
from leadline.data.split.folds import fold_of_images, pooled, without_test
from leadline.errors import DataError, LeadlineError, StorageError
from leadline.evaluation.choice import FEWEST_FINALISTS, survivors
from leadline.progress import Placing, Progress, WithoutNotes
from leadline.results.comparison_result import COMPARISON, ComparisonResult, Entrant, NetworkResult, Round
from leadline.results.json_files import write
from leadline.training.cross_validation import train_in_folds
from leadline.training.description import description
from leadline.training.fewer_images import HALVINGS
from leadline.training.loop import Interrupted
from leadline.training.pace import MEASURED, SHARE_MEASURED, Pace, steps_per_epoch
from leadline.training.recipe import Recipe
from leadline.training.round_results import contestants_of, with_results
from leadline.training.run_folder import Run, begin
from leadline.training.training import open_data, train_one

HEAT = 0.3  # of the time
FOLDS_PAY = 5_000  # images, below which the finalists are judged by cross-validation
FOLD_COUNT = 5
SECONDS_OF_REPORT = 6.0  # at the end of the command
TOO_FEW = 2.0  # times the steps that a network had: then it is planned anew
FAIR = 0.5  # of an equal share of the round, which every network gets at least
# Times its default length that a network trains at most: in a heat, in the first final, in those that are asked for.
LONGEST = {"heat": 1.0, "final": 4.0, "further": math.inf}
# The training on all images that the named network gets after folds, in trainings of a fold.
LAST_TRAINING = FOLD_COUNT / (FOLD_COUNT - 1)


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
    """A comparison as it runs; all that it has to know to go on stands in comparison.json."""

    folder: Path
    result: ComparisonResult
    manifest: Manifest
    clock: Clock
    progress: Progress

    def __post_init__(self) -> None:
        settings = {name: value for name, value in self.result.settings.items() if name not in ("folds", "repeats")}
        share = HEAT * 60 * (self.result.minutes or 0.0) / max(1, len(self.result.entrants))
        self.pace = Pace(self.manifest, settings, seconds=max(MEASURED, SHARE_MEASURED * share))

    @property
    def current(self) -> Round:
        """The round that runs, or ran last."""
        return self.result.rounds[-1]

    @property
    def reading(self) -> Reading:
        return Reading.of(self.result.settings)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Save on the way out; raises Interrupted, with the comparison's folder, when asked to stop."""
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted(str(self.folder)) from None
        finally:
            self.save()

    # --- rounds

    def begin(self) -> None:
        """The first round: a heat, or where there is nothing to race, a final at once."""
        if self.result.rounds:
            return
        entrants = self.result.entrants
        if self.result.minutes is None:
            folds = int(self.result.settings.get("folds") or 0)
            self.add(Round("final", entrants=entrants, folder="final", folds=folds))
        elif len(entrants) == 1:
            self.begin_final(60 * self.result.minutes)
        else:
            seconds = max(0.0, 60 * self.result.minutes - SECONDS_OF_REPORT - self.clock.now)
            ordered = self.cheapest_first(entrants)
            now = self.clock.now
            self.add(Round("heat", entrants=ordered, folder="heat", began_at=now, ends_at=now + HEAT * seconds))

    def run_all(self) -> None:
        """Every round to its end."""
        if self.current.kind == "heat":
            self.run_round()
            self.begin_final(60 * (self.result.minutes or 0.0))
        self.run_round()

    def run_round(self) -> None:
        """Train what is not trained yet in this round."""
        started = self.clock.now - self.current.seconds
        manifest = self.round_manifest()
        finished = {network.name for network in self.current.networks if network.metrics or network.failed}
        waiting = [entrant for entrant in self.current.entrants if entrant.name not in finished]
        for position, entrant in enumerate(waiting):
            if entrant.name not in {network.name for network in self.current.networks}:
                self.enter(entrant, self.recipe_for(entrant, manifest, waiting[position:]), manifest)
            self.show(training=entrant.name)
            self.train(entrant, manifest)
            if self.start_over(entrant, manifest, waiting[position:]):
                self.train(entrant, manifest)
            self.show()
            self.change_round(seconds=self.clock.now - started)

    def round_manifest(self) -> Manifest:
        """The images as the round splits them; nobody looks at the test images before the end."""
        return without_test(pooled(self.manifest) if self.current.folds else self.manifest)

    def begin_final(self, ends_at: float, **changes: Any) -> None:
        """Decide who is in the final, and whether folds pay; `changes` are of the result, written together with it."""
        entrants = self.finalists()
        folds, take = int(self.result.settings.get("folds") or 0), None
        if self.folds_may_pay:
            seconds = ends_at - self.clock.now - SECONDS_OF_REPORT
            fewer = list(entrants)
            while len(fewer) > FEWEST_FINALISTS and self.pace.seconds_of_folds(fewer, FOLD_COUNT) > seconds:
                fewer.remove(self.least_promising(fewer))
            if self.pace.seconds_of_folds(fewer, FOLD_COUNT) <= seconds:
                folds, entrants = FOLD_COUNT, fewer
            else:
                take = (self.pace.seconds_of_folds(entrants, FOLD_COUNT) / (1 - HEAT) + SECONDS_OF_REPORT) / 60
        number = 1 + sum(one.kind == "final" for one in self.result.rounds)
        final = Round(
            "final",
            entrants=self.cheapest_first(entrants),
            folder="final" if number == 1 else f"final-{number}",
            folds=folds,
            began_at=self.clock.now,
            ends_at=ends_at,
            folds_would_take=take,
        )
        self.add(final, **changes)
        names = ", ".join(one.name for one in final.entrants)
        self.progress.note(
            f"final: {names}; {f'each judged in {folds} folds' if folds else 'judged on validation images'}"
        )

    def finalists(self) -> list[Entrant]:
        """Of a heat, those that cannot be told from the best and the cheapest that learned; of a final, all again."""
        if not self.result.rounds:
            return list(self.result.entrants)
        if self.current.kind == "final":
            return list(self.current.entrants)
        contestants = contestants_of(self.folder, self.current, self.manifest, self.result)
        if not contestants:
            raise LeadlineError(f"none of the networks could be trained: {self.current.networks[0].failed}")
        by_name = {entrant.name: entrant for entrant in self.current.entrants}
        return [by_name[name] for name in survivors(contestants, criterion=self.result.criterion)]

    @property
    def folds_may_pay(self) -> bool:
        """Whether there are few enough images, which can be dealt, and nothing else was asked for."""
        judged = pooled(self.manifest)
        alone = self.result.seeds == 1 and not self.result.with_learning_curve
        if self.result.settings.get("folds") is not None or not alone:
            return False
        if len(judged.usable.filter(split="train")) >= FOLDS_PAY:
            return False
        try:
            fold_of_images(judged, FOLD_COUNT, seed=self.result.settings.get("split_seed") or 0)
        except LeadlineError:
            return False
        return True

    def least_promising(self, entrants: Sequence[Entrant]) -> Entrant:
        """The least accurate one so far, of equals the most expensive, but not the cheapest of all."""
        known = {network.name: self.result.reached(network) or 0.0 for network in self.current.networks}
        _, *others = self.cheapest_first(entrants)
        return min(reversed(others), key=lambda entrant: known.get(entrant.name, 0.0))

    def cheapest_first(self, entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
        """What the cheap ones leave of their time flows on to the others."""
        return tuple(sorted(entrants, key=lambda one: self.pace.cost(one).training))

    # --- one network

    def recipe_for(self, entrant: Entrant, manifest: Manifest, waiting: Sequence[Entrant]) -> Recipe:
        """The recipe with as many steps as the network's share of the time allows."""
        current = self.current
        if current.ends_at is None:
            return self.pace.recipe(entrant, manifest, epochs=self.result.epochs, **self.folded)
        first = sum(one.kind == "final" for one in self.result.rounds) <= 1
        longest = LONGEST[current.kind if first else "further"]
        seconds = self.share(waiting) / self.trainings
        return self.pace.recipe_within(entrant, manifest, seconds, folded=self.folded, longest=longest)

    @property
    def folded(self) -> dict[str, int]:
        """The settings of this round's cross-validation; none where there is none."""
        if not self.current.folds:
            return {}
        return {"folds": self.current.folds, "repeats": int(self.result.settings.get("repeats") or 1)}

    @property
    def trainings(self) -> int:
        """Of each network in this round."""
        return self.result.seeds * math.prod(self.folded.values())

    def share(self, waiting: Sequence[Entrant]) -> float:
        """Seconds for the first of those that wait; the network that is named is trained once more at the end."""
        current = self.current
        assert current.ends_at is not None
        ends_at = current.ends_at - (SECONDS_OF_REPORT if current.kind == "final" else 0.0)
        further = LAST_TRAINING / self.trainings if current.folds else 0.0
        if current.kind == "final" and self.result.with_learning_curve:
            further += HALVINGS
        # Who comes late is not to suffer for those before it that took too long.
        equal = (ends_at - current.began_at) / (len(current.entrants) + further)
        return max(FAIR * equal, (ends_at - self.clock.now) / (len(waiting) + further))

    def enter(self, entrant: Entrant, recipe: Recipe, manifest: Manifest) -> None:
        """Write the recipe of each run down, and the network into the round."""
        names = []
        for seed in range(recipe.seed, recipe.seed + self.result.seeds):
            name = f"{self.current.folder}/{entrant.name}" + (f"-seed{seed}" if self.result.seeds > 1 else "")
            begin(Run(self.folder / name), replace(recipe, seed=seed), manifest)
            names.append(name)
        channels = geometry(self.manifest, size=recipe.size, reading=recipe.reading).channels
        about = description(recipe, classes=len(self.manifest.classes), channels=channels)
        network = NetworkResult(
            **{**msgspec.structs.asdict(about), "name": entrant.name},
            steps=recipe.steps,
            epochs=recipe.steps / steps_per_epoch(manifest, recipe),
            learning_rate=recipe.learning_rate,
            batch_size=recipe.batch_size,
            run=names[0],
            runs=tuple(names),
        )
        self.change_round(networks=(*self.current.networks, network))

    def start_over(self, entrant: Entrant, manifest: Manifest, waiting: Sequence[Entrant]) -> bool:
        """Plan a network anew, with more steps, where it has taken so little of its share that twice as many fit into
        what is left of it: its cost was measured, or others had run, while the machine was busy."""
        network = next(network for network in self.current.networks if network.name == entrant.name)
        if self.current.ends_at is None or network.failed or entrant.weights:
            return False
        recipe = self.recipe_for(entrant, manifest, waiting)
        if recipe.steps < TOO_FEW * network.steps:
            return False
        others = tuple(one for one in self.current.networks if one is not network)
        self.change_round(networks=others)
        for name in network.runs:
            shutil.rmtree(self.folder / name)
        self.enter(entrant, recipe, manifest)
        return True

    def train(self, entrant: Entrant, manifest: Manifest) -> None:
        """Train the runs of a network, and write down what they come to."""
        network = next(network for network in self.current.networks if network.name == entrant.name)
        runs = [Run(self.folder / name) for name in network.runs]
        recipe, training = runs[0].recipe, 0.0
        try:
            # What is not decoded yet is decoded before the network's own time begins.
            open_data(manifest, recipe, runs[0], progress=WithoutNotes(self.progress))
            started = time.perf_counter()
            for run in runs:
                if run.finished:
                    continue
                if recipe.folds:
                    train_in_folds(run, run.recipe, manifest, progress=self.progress, whole=False)
                else:
                    train_one(run, run.recipe, manifest, progress=self.progress, part=self.current.kind == "heat")
                training += run.metrics.training_seconds
        except (DataError, StorageError):  # which is of all networks alike, and can be mended
            raise
        except LeadlineError as error:
            self.progress.note(f"{network.name}: could not be trained, {error}")
            self.put(msgspec.structs.replace(network, failed=str(error), remarks=(f"failed: {error}",)))
            return
        taken = time.perf_counter() - started
        self.pace.learn(entrant, recipe, network.epochs, training=training, taken=taken, trainings=self.trainings)
        self.put(with_results(network, self.folder, self.current, self.pace.cost(entrant, recipe)))

    # --- comparison.json

    def add(self, new: Round, **changes: Any) -> None:
        self.change(rounds=(*self.result.rounds, new), **changes)

    def put(self, network: NetworkResult) -> None:
        networks = tuple(network if one.name == network.name else one for one in self.current.networks)
        self.change_round(networks=networks)

    def change_round(self, **values: Any) -> None:
        *before, current = self.result.rounds
        self.change(rounds=(*before, msgspec.structs.replace(current, **values)))

    def change(self, **values: Any) -> None:
        self.result = msgspec.structs.replace(self.result, **values)
        self.save()

    def save(self) -> None:
        self.result = msgspec.structs.replace(self.result, seconds=self.clock.now)
        if self.folder.is_dir():
            write(self.folder / COMPARISON, self.result)

    def show(self, training: str = "") -> None:
        """Tell whoever watches how the networks of this round stand."""
        known = {network.name: network for network in self.current.networks}
        reached = {name: value for name, one in known.items() if (value := self.result.reached(one)) is not None}
        best = max(reached.values(), default=None)

        def state(name: str) -> str:
            if name == training:
                return "training"
            if name in known and known[name].failed:
                return "failed"
            return "done" if name in reached else "waiting"

        placings = [
            Placing(
                one.name, self.current.kind, state(one.name), reached.get(one.name),
                leads=one.name in reached and reached[one.name] == best,
            )
            for one in self.current.entrants
        ]  # fmt: skip
        ends_at = None if self.result.minutes is None else max(self.current.ends_at or 0.0, 60 * self.result.minutes)
        self.progress.placings(placings, seconds_left=None if ends_at is None else ends_at - self.clock.now)
