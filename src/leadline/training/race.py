"""The rounds of a comparison: a heat in which every network gets equal time, then a final of the best.

No clock decides a result: before a network starts, the time that is left to it is turned into steps, from costs that
are measured (training.pace), and these steps stand in its recipe. What takes longer than it should leaves less for
those that follow; the rounds so far, and the time they took, stand in comparison.json.
"""

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from leadline.data.manifest import Manifest
from leadline.data.preprocessing import geometry
from leadline.data.split.folds import fold_of_images, pooled, without_test
from leadline.data.split.subset import judged_by_fewer
from leadline.errors import DataError, DivergenceError, LeadlineError, StorageError
from leadline.evaluation.choice import FEWEST_FINALISTS, survivors
from leadline.progress import WithoutNotes
from leadline.ranks import ALONE, Group
from leadline.results.comparison_result import Entrant, NetworkResult, RateTried, Round
from leadline.training.cross_validation import folds_to_train, train_in_folds
from leadline.training.description import description
from leadline.training.fewer_images import HALVINGS
from leadline.training.pace import MEASURED, SHARE_MEASURED, STEPS_WORTH_A_SIZE, Pace, steps_per_epoch
from leadline.training.rates import RATES, at_each_rate, with_best_rate
from leadline.training.recipe import Recipe
from leadline.training.round_results import contestants_of, with_results
from leadline.training.run_folder import Run, begin
from leadline.training.scoreboard import Scoreboard
from leadline.training.shared_trainings import Task, train_together
from leadline.training.training import open_data, train_one

HEAT = 0.3  # of the time
JUDGED_IN_HEAT = 2_000  # validation images at most: the time is better spent on training
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
class Race(Scoreboard):
    """A comparison as it runs; all that it has to know to go on stands in comparison.json."""

    manifest: Manifest
    group: Group = ALONE  # of processes that share the trainings; the others `join_trainings`

    def __post_init__(self) -> None:
        settings = {name: value for name, value in self.result.settings.items() if name not in ("folds", "repeats")}
        share = HEAT * 60 * (self.result.minutes or 0.0) / max(1, len(self.result.entrants))
        self.pace = Pace(self.manifest, settings, seconds=max(MEASURED, SHARE_MEASURED * share))

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
            ordered = self.in_turn(entrants)
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
        # Several processes take as many networks at a time; without a time limit, all.
        together = self.group.size if self.current.ends_at is not None or self.group.size == 1 else len(waiting)
        for position in range(0, len(waiting), max(1, together)):
            entrants, still_waiting = waiting[position : position + together], waiting[position:]
            for entrant in entrants:
                if entrant.name not in {network.name for network in self.current.networks}:
                    self.enter(entrant, self.recipes_for(entrant, manifest, still_waiting), manifest)
            self.show(training=[entrant.name for entrant in entrants])
            self.train_all(entrants, manifest)
            self.train_all([one for one in entrants if self.start_over(one, manifest, still_waiting)], manifest)
            self.show()
            self.change_round(seconds=self.clock.now - started)

    def train_all(self, entrants: Sequence[Entrant], manifest: Manifest) -> None:
        """Train these networks, and write down what they come to; several processes share their trainings."""
        taken: dict[Path, float] = {}
        tasks = [task for entrant in entrants for task in self.tasks_of(entrant, manifest)]
        if self.group.size > 1 and tasks:
            taken = train_together(self.group, tasks, WithoutNotes(self.progress))
        for entrant in entrants:
            self.train(entrant, manifest, taken)

    def tasks_of(self, entrant: Entrant, manifest: Manifest) -> list[Task]:
        """The trainings of a network that are to be done, for several processes; their images are decoded before."""
        if self.group.size == 1:
            return []
        tasks: list[Task] = []
        for run in self.runs_of(entrant):
            recipe = run.recipe
            if run.finished:
                continue
            try:
                open_data(manifest, recipe, run, progress=WithoutNotes(self.progress))
            except (DataError, StorageError):
                raise
            except LeadlineError:  # which is told, and noted, when it is trained
                return []
            runs = folds_to_train(run, recipe, manifest) if recipe.folds else [run]
            cost = recipe.steps * recipe.batch_size * self.pace.cost(entrant, recipe).training
            part = bool(recipe.folds) or self.current.kind == "heat"
            # Those of a frozen body share its features, which are computed once.
            shares = [runs] if recipe.frozen else [[one] for one in runs]
            tasks += [Task.of(share, part=part, cost=cost) for share in shares if share]
        return tasks

    def runs_of(self, entrant: Entrant) -> list[Run]:
        network = next(network for network in self.current.networks if network.name == entrant.name)
        return [Run(self.folder / name) for name in network.runs]

    def round_manifest(self) -> Manifest:
        """The images as the round splits them; nobody looks at the test images before the end."""
        manifest = without_test(pooled(self.manifest) if self.current.folds else self.manifest)
        if self.current.kind == "heat":
            return judged_by_fewer(manifest, JUDGED_IN_HEAT, seed=self.result.settings.get("split_seed") or 0)
        return manifest

    def begin_final(self, ends_at: float, **changes: Any) -> None:
        """Decide who is in the final, and whether folds pay; `changes` are of the result, written together with it."""
        entrants = self.finalists()
        folds, take = int(self.result.settings.get("folds") or 0), None
        if self.folds_may_pay:
            seconds = ends_at - self.clock.now - SECONDS_OF_REPORT
            fewer = list(entrants)
            of_folds = partial(self.pace.seconds_of_folds, folds=FOLD_COUNT, processes=self.group.size)
            while len(fewer) > FEWEST_FINALISTS and of_folds(fewer) > seconds:
                fewer.remove(self.least_promising(fewer))
            if of_folds(fewer) <= seconds:
                folds, entrants = FOLD_COUNT, fewer
            else:
                take = (of_folds(entrants) / (1 - HEAT) + SECONDS_OF_REPORT) / 60
        number = 1 + sum(one.kind == "final" for one in self.result.rounds)
        final = Round(
            "final",
            entrants=self.in_turn(entrants),
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

    def in_turn(self, entrants: Sequence[Entrant]) -> tuple[Entrant, ...]:
        """Cheap ones before others, to which what they leave of their time flows on; frozen ones, which take what they
        take, before all."""
        return tuple(sorted(self.cheapest_first(entrants), key=lambda one: not one.weights))

    def cheapest_first(self, entrants: Sequence[Entrant]) -> list[Entrant]:
        return sorted(entrants, key=lambda one: self.pace.cost(one).training)

    def recipes_for(self, entrant: Entrant, manifest: Manifest, waiting: Sequence[Entrant]) -> list[Recipe]:
        """A recipe for each seed, or in a heat for each rate that is tried, with as many steps as the network's share
        of the time allows."""
        current = self.current
        if current.ends_at is None:
            recipe = self.pace.recipe(entrant, manifest, epochs=self.result.epochs, **self.folded)
            return self.of_each_seed(recipe)
        first = sum(one.kind == "final" for one in self.result.rounds) <= 1
        longest = LONGEST[current.kind if first else "further"]
        seconds = self.share(waiting) / self.trainings

        def within(seconds: float) -> Recipe:
            return self.pace.recipe_within(entrant, manifest, seconds, folded=self.folded, longest=longest)

        recipe = within(seconds)
        if current.kind == "heat" and self.may_try_rates(entrant):
            shorter = within(seconds / len(RATES))
            if shorter.size == recipe.size and shorter.steps >= STEPS_WORTH_A_SIZE:
                return at_each_rate(shorter)
        factor = self.result.rate_factor(entrant.name)
        return self.of_each_seed(replace(recipe, learning_rate=factor * recipe.learning_rate))

    def may_try_rates(self, entrant: Entrant) -> bool:
        return not entrant.weights and self.result.seeds == 1 and not self.result.settings.get("learning_rate")

    def of_each_seed(self, recipe: Recipe) -> list[Recipe]:
        return [replace(recipe, seed=seed) for seed in range(recipe.seed, recipe.seed + self.result.seeds)]

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
        in_all, to_come = (math.ceil(len(some) / self.group.size) for some in (current.entrants, waiting))
        equal = (ends_at - current.began_at) / (in_all + further)
        return max(FAIR * equal, (ends_at - self.clock.now) / (to_come + further))

    def enter(self, entrant: Entrant, recipes: Sequence[Recipe], manifest: Manifest) -> None:
        """Write the recipe of each run down, and the network into the round."""
        names, recipe = [], recipes[0]
        rates = len({one.learning_rate for one in recipes}) > 1
        for one in recipes:
            name = f"{self.current.folder}/{entrant.name}"
            if rates:
                name += f"-rate{one.learning_rate:g}"
            elif len(recipes) > 1:
                name += f"-seed{one.seed}"
            begin(Run(self.folder / name), one, manifest)
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
            rates_tried=tuple(
                RateTried(one.learning_rate, name) for one, name in zip(recipes, names, strict=True) if rates
            ),
        )
        self.change_round(networks=(*self.current.networks, network))

    def start_over(self, entrant: Entrant, manifest: Manifest, waiting: Sequence[Entrant]) -> bool:
        """Plan a network anew, with more steps, where it has taken so little of its share that twice as many fit into
        what is left of it: its cost was measured, or others had run, while the machine was busy."""
        network = next(network for network in self.current.networks if network.name == entrant.name)
        if self.current.ends_at is None or network.failed or entrant.weights:
            return False
        recipes = self.recipes_for(entrant, manifest, waiting)
        runs = [rate.run for rate in network.rates_tried] or network.runs
        if len(recipes) * recipes[0].steps < TOO_FEW * len(runs) * network.steps:
            return False
        others = tuple(one for one in self.current.networks if one is not network)
        self.change_round(networks=others)
        for name in runs:
            shutil.rmtree(self.folder / name)
        self.enter(entrant, recipes, manifest)
        return True

    def train(self, entrant: Entrant, manifest: Manifest, taken: Mapping[Path, float]) -> None:
        """Train the runs of a network, and write down what they come to; other processes may have trained some, or
        folds of them, which has `taken` so many seconds each."""
        network = next(network for network in self.current.networks if network.name == entrant.name)
        runs = self.runs_of(entrant)
        recipe, training = runs[0].recipe, 0.0
        try:
            # What is not decoded yet is decoded before the network's own time begins.
            open_data(manifest, recipe, runs[0], progress=WithoutNotes(self.progress))
            started = time.perf_counter()
            for run in [run for run in runs if not run.finished or run.folder.resolve() in taken]:
                try:
                    if not run.finished:
                        self.train_run(run, manifest)
                    training += run.metrics.training_seconds
                except DivergenceError:  # another rate may be low enough
                    if not network.rates_tried or (run is runs[-1] and not any(other.finished for other in runs)):
                        raise
        except (DataError, StorageError):  # which is of all networks alike, and can be mended
            raise
        except LeadlineError as error:
            self.progress.note(f"{network.name}: could not be trained, {error}")
            self.put(msgspec.structs.replace(network, failed=str(error), remarks=(f"failed: {error}",)))
            return
        homes = [run.folder.resolve() for run in runs]
        elsewhere = sum(of_run for folder, of_run in taken.items() if any(map(folder.is_relative_to, homes)))
        seconds = time.perf_counter() - started + elsewhere
        trainings = len(runs) * math.prod(self.folded.values())
        self.pace.learn(entrant, recipe, manifest, training=training, taken=seconds, trainings=trainings)
        cost = self.pace.cost(entrant, recipe)
        if network.rates_tried:
            network = with_best_rate(network, self.folder)
        self.put(with_results(network, self.folder, self.current, cost))

    def train_run(self, run: Run, manifest: Manifest) -> None:
        recipe = run.recipe
        if recipe.folds:
            train_in_folds(run, recipe, manifest, progress=self.progress, whole=False)
        else:
            train_one(run, recipe, manifest, progress=self.progress, part=self.current.kind == "heat")
