"""`leadline compare`: which network, and how deep, do these images need?"""

import datetime
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from leadline.data.cache_folder import made_in_cache
from leadline.data.manifest import SPLITS, Manifest
from leadline.data.shards.finding import is_shards
from leadline.data.split.folds import fold_of_images, pooled
from leadline.errors import LeadlineError, UsageError
from leadline.inference.hardware import environment
from leadline.progress import Progress
from leadline.ranks import Group, launched, restarted
from leadline.report import (
    write_comparison_card,
    write_comparison_report,
)
from leadline.results.comparison_result import (
    COMPARISON,
    ComparisonResult,
    Criterion,
    Entrant,
)
from leadline.results.json_files import CHECK, read_comparison, write
from leadline.training.defaults import natural_size, resolve
from leadline.training.lineups import networks_of
from leadline.training.plan import Plan, collect_settings, read_data, tell_shortened
from leadline.training.race import Race
from leadline.training.run_folder import Run, alone_in, command_line, new_folder
from leadline.training.scoreboard import Clock
from leadline.training.settings import SETTINGS, SettingsDict
from leadline.training.shared_trainings import end_trainings, join_trainings
from leadline.training.transfer import frozen_networks, refuse_seen
from leadline.verbs.check import check_before
from leadline.verbs.conclusion import conclude
from leadline.zoo import architecture

MARGIN = 0.01
MINUTES = 10.0  # where neither minutes nor epochs are given
# A class with more than this share of the images makes accuracy say little.
ONE_SIDED = 0.8
# With fewer images of three channels than this, a pretrained network is worth a try.
FEW_IMAGES = 2_000


@dataclass(frozen=True)
class Comparison:
    """A folder with the runs of each round, and above them comparison.json and report.html."""

    folder: Path

    @property
    def result(self) -> ComparisonResult:
        return read_comparison(self.folder)

    @property
    def choice(self) -> Run:
        """The run of the network that the answer names."""
        named = self.result.named
        if named is None:
            raise LeadlineError(f"{self.folder}: is not finished; leadline compare --resume {self.folder}")
        return Run(self.folder / named.run)


def compare(
    data: str | Path,
    *,
    models: list[str] | None = None,
    lineup: str | None = None,
    weights: Sequence[str] | None = None,
    seeds: int = 1,
    margin: float = MARGIN,
    learning_curve: bool = False,
    tests: bool = False,
    out: str | Path | None = None,
    started: float | None = None,
    progress: Progress | None = None,
    **settings: Unpack[SettingsDict],
) -> Comparison:
    """Which of several networks these images need: always a name, with how sure that is.

    `models` names the networks, or `lineup` does: "families" (one of each), "depth" (one family, growing) or a family's
    name; `weights` adds pretrained networks, of which the last layer is trained. `minutes` is the time of the whole
    command, since `started` (of time.perf_counter) where that is given: a heat in which each network gets an equal
    share, then a final of the best. With `epochs` all are trained equally long instead. `margin` is the loss of
    accuracy that a cheaper network may cost. `learning_curve` trains the named network again on fewer images, `tests`
    adds McNemar's exact test of every pair. A network whose training fails is named; the others go on.

    Started by torchrun, several processes share the trainings, each of which one of them does as a whole.
    """
    progress = progress or Progress()
    group = launched()
    if group.size > 1 and out is None:
        raise UsageError("torchrun: name the comparison's folder with --out, so that every process finds it")
    if not group.first:
        return _join(group, Path(out or ""))
    if restarted() and (Path(out or "") / COMPARISON).is_file():
        return resume_comparison(Path(out or ""), tests=tests, started=started, progress=progress)
    clock = Clock(started=time.perf_counter() if started is None else started)
    made_in_cache("images")  # without which there is no training, said before the images are read
    result, manifest = prepare(
        data, models=models, lineup=lineup, weights=weights, seeds=seeds, margin=margin, learning_curve=learning_curve,
        tests=tests, progress=progress, **settings,
    )  # fmt: skip
    folder = new_folder(out, data=data, suffix="compare")
    manifest.write(folder / "manifest.parquet")
    write(folder / COMPARISON, result)
    return run_comparison(Race(folder, result, clock, progress, manifest, group))


def resume_comparison(
    folder: str | Path,
    *,
    minutes: float | None = None,
    tests: bool = False,
    started: float | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Go on with a comparison that was interrupted; with `minutes`, add another final of as many to a finished one.

    `tests` asks for the tests of every pair, also where the comparison was begun without, or is finished.
    """
    folder, group = Path(folder), launched()
    if not group.first:
        return _join(group, folder)
    result = read_comparison(folder)
    manifest = Manifest.read(folder / "manifest.parquet")
    clock = Clock(before=result.seconds, started=time.perf_counter() if started is None else started)
    race = Race(folder, result, clock, progress or Progress(), manifest, group)
    if minutes is not None:
        SETTINGS["minutes"][1].refuse("minutes", minutes)
        if result.answer is None:
            raise UsageError(f"{folder}: is not finished; go on without --minutes first")
        if result.minutes is None:
            raise UsageError(f"{folder}: was compared with --epochs; a longer final is for comparisons with --minutes")
        with race.interruptible():
            race.begin_final(clock.now + 60 * minutes, minutes=minutes, answer=None, evidence=None, gain=None)
    race.change(with_tests=result.with_tests or tests)
    return run_comparison(race)


def plan_comparison(data: str | Path, *, progress: Progress | None = None, **asked: Any) -> Plan:
    """What `compare` would begin with: the heat's recipes, or with epochs all of them."""
    result, manifest = prepare(data, progress=progress or Progress(), **asked)
    race = Race(Path("not made"), result, Clock(), progress or Progress(), manifest)
    race.begin()
    split, current = race.round_manifest(), race.current
    planned = [
        (recipe, race.pace.cost(entrant, recipe))
        for entrant in current.entrants
        for recipe in race.recipes_for(entrant, split, current.entrants)
    ]
    recipes, costs = zip(*planned, strict=True)
    return Plan(split if current.folds else manifest, recipes, costs, minutes=result.minutes)


def prepare(
    data: str | Path,
    *,
    models: list[str] | None = None,
    lineup: str | None = None,
    weights: Sequence[str] | None = None,
    seeds: int = 1,
    margin: float = MARGIN,
    learning_curve: bool = False,
    tests: bool = False,
    progress: Progress,
    **given: Unpack[SettingsDict],
) -> tuple[ComparisonResult, Manifest]:
    """The comparison before its first training, and the split data."""
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: at least 1")
    if not 0 < margin < 1:
        raise UsageError(
            f"--margin {margin}: is a share of the images, more than 0 and less than 1 (0.01 is one point)"
        )
    for name, several in (("models", models), ("weights", weights)):
        if isinstance(several, str):
            raise UsageError(f"{name} = {several!r}: expected a list of names")
    models = [architecture(name).name for name in models or []]  # an unknown name fails before the images are read
    settings = collect_settings(**given)
    for name in ("model", "data"):
        if settings.pop(name, None) is not None:
            progress.note(f"{given.get('recipe')}: names a {name}, which a comparison passes over")
    if seeds > 1 and settings.get("folds"):
        raise UsageError(f"--seeds {seeds} beside --folds: say --repeats {seeds}, which trains from other seeds too")
    if learning_curve and settings.get("folds"):
        raise UsageError("--learning-curve beside --folds: it takes validation images; leave out one of them")
    if settings.get("weights") or settings.get("tune", "all") != "all":
        raise UsageError(
            f"{given.get('recipe')}: names the weights of one network; a comparison takes them from --weights"
        )
    frozen = frozen_networks(weights or (), progress=progress)
    minutes, epochs, steps = (settings.pop(name, None) for name in ("minutes", "epochs", "steps"))
    if steps:
        settings["steps"] = steps
    if minutes is None and epochs is None and steps is None:
        minutes = MINUTES
    # Whatever the final is judged on, the heat is on a validation split.
    if is_shards(data):
        raise UsageError(f"{data}: these are shards; compare needs all images at hand (train takes shards, one by one)")
    manifest = read_data(data, settings if minutes is None else {**settings, "folds": 0}, progress)
    names = models or networks_of(lineup or "families", settings.get("size") or natural_size(manifest))
    if minutes is not None and settings.get("folds"):  # what folds cannot be made of is told before anything is trained
        fold_of_images(pooled(manifest), settings["folds"], seed=settings.get("split_seed") or 0)
    if len(set(names)) < len(names):
        raise UsageError(f"{next(name for name in names if names.count(name) > 1)}: is named twice")
    if given.get("recipe") and epochs:
        planned = resolve(settings, manifest, model=names[0], epochs=epochs)
        tell_shortened(Plan(manifest, (planned,)), given["recipe"], progress)
    for one in frozen:
        folds = bool(settings.get("folds")) or minutes is not None
        refuse_seen(one.weights, manifest, folds=folds, fewer=learning_curve)
    entrants = tuple(Entrant(name, name) for name in names) + tuple(
        Entrant(f"{one.model}-frozen", one.model, one.weights, one.sha256, one.size) for one in frozen
    )
    result = ComparisonResult(
        data=str(data),
        command=command_line(),
        created=datetime.date.today().isoformat(),
        minutes=minutes,
        epochs=epochs,
        seeds=seeds,
        settings={name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()},
        margin=margin,
        criterion=criterion_for(manifest, settings),
        classes=manifest.classes,
        images=images_of(manifest),
        entrants=entrants,
        with_learning_curve=learning_curve,
        with_tests=tests,
        hint="" if frozen else hint_for(manifest, data, settings),
        environment=environment(),
    )
    return result, manifest


def criterion_for(manifest: Manifest, settings: dict[str, Any]) -> Criterion:
    """Balanced accuracy where one class has most of the images, or where the person balances the classes."""
    counts = Counter(manifest.usable["label"])
    one_sided = max(counts.values(), default=0) > ONE_SIDED * max(1, sum(counts.values()))
    return "balanced_accuracy" if one_sided or settings.get("balance", "none") != "none" else "accuracy"


def images_of(manifest: Manifest) -> dict[str, int]:
    counts = Counter(manifest.usable["split"])
    return {name: counts[name] for name in SPLITS}


def hint_for(manifest: Manifest, data: str | Path, settings: dict[str, Any]) -> str:
    """When a pretrained network may do better, the command for it. On photographs it often does; on cells it did not
    (docs/results.md)."""
    usable = manifest.usable
    if len(usable) >= FEW_IMAGES or not (usable["channels"] == 3).any():
        return ""
    group = ["--group", settings["group"]] if settings.get("group") else []
    command = shlex.join(["leadline", "compare", str(data), "--weights", "imagenet", *group])
    better = "a network pretrained on photographs may do better, most of all if yours are like photographs"
    return f"With only {len(usable):,} colour images, {better}: {command}"


def run_comparison(race: Race) -> Comparison:
    """Run what has not run yet, then answer and report; no other process may at the same time."""
    folder = race.folder
    with alone_in(folder), race.interruptible():
        if not (folder / CHECK).is_file():
            check_before(race.manifest, folder, going_on=folder, reading=race.reading, progress=race.progress)
        race.begin()
        race.run_all()
        end_trainings(race.group)
        conclude(race)
        write_comparison_report(folder)
        write_comparison_card(folder)
    return Comparison(folder)


def _join(group: Group, folder: Path) -> Comparison:
    """The part of a process that is not the first one; the answer may come after it has ended."""
    join_trainings(group)
    return Comparison(folder)
