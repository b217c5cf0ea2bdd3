"""`leadline compare`: which network, and how deep, do these images need? One split, one recipe, one verdict."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadline.data.folders import made_in_cache
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import geometry
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.verdict import Candidate, decide, never_learned, still_improving
from leadline.report import write_comparison_card, write_comparison_report
from leadline.report.looks import looks_at_test
from leadline.runtime.hardware import environment
from leadline.training.defaults import natural_size
from leadline.training.recipe import Recipe
from leadline.training.watch import Watch
from leadline.verbs.beginning import beginnings, refuse_seen
from leadline.verbs.beside_verdict import pairwise_tests, seed_spreads
from leadline.verbs.check import check_before
from leadline.verbs.described import description
from leadline.verbs.lineups import networks_of
from leadline.verbs.more_images import HALVINGS, trained_on_fewer
from leadline.verbs.plan import Plan, collect_settings, make_plan, read_data, tell_shortened
from leadline.verbs.run import Run, command_line, new_folder, read_json, write_json
from leadline.verbs.train import begin, train_into
from leadline.zoo import architecture

MARGIN = 0.01


@dataclass(frozen=True)
class Comparison:
    """A folder with a run per network, and above them comparison.json and report.html."""

    folder: Path

    @property
    def result(self) -> dict[str, Any]:
        """The contents of comparison.json (DESIGN §8)."""
        found: dict[str, Any] = read_json(self.folder / "comparison.json")
        return found

    @property
    def choice(self) -> Run | None:
        """The run of the network that earns its depth; None where the verdict is undecided."""
        result = self.result
        runs = {network["name"]: network["run"] for network in result["networks"]}
        choice = result["verdict"]["choice"]
        return Run(self.folder / runs[choice]) if choice else None


def compare(
    data: str | Path,
    *,
    models: list[str] | None = None,
    lineup: str = "families",
    seeds: int = 1,
    margin: float = MARGIN,
    learning_curve: bool = False,
    tests: bool = False,
    out: str | Path | None = None,
    recipe: str | Path | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    size: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    augment: str | None = None,
    seed: int | None = None,
    split_seed: int | None = None,
    group: str | None = None,
    channels: str | None = None,
    project: str | None = None,
    intensity: str | None = None,
    test_group: Sequence[str] | None = None,
    folds: int | None = None,
    repeats: int | None = None,
    balance: str | None = None,
    weights: Sequence[str] = (),
    watch: Watch | None = None,
) -> Comparison:
    """Train several networks on one split with one recipe, choose on the validation images, report on the test images.

    `models` names the networks, or `lineup` does: "families" (one of each), "depth" (one family, growing) or a family's
    name. `minutes` is for the whole comparison. `margin` is the loss of accuracy that a cheaper network may cost.
    With `learning_curve` the network of the verdict is trained again on fewer images (verbs.more_images): would more of
    them help? `weights` names pretrained networks (verbs.beginning), of which only the last layer is trained: a row
    each. `tests` adds McNemar's exact test of every pair, on which the verdict does not rest. A network whose training
    fails is reported as not judged; the others go on.
    """
    watch = watch or Watch()
    made_in_cache("images")  # without which there is no training, said before the images are read
    plan = plan_comparison(
        data, models=models, lineup=lineup, seeds=seeds, margin=margin, learning_curve=learning_curve, recipe=recipe,
        epochs=epochs, minutes=minutes, size=size, batch_size=batch_size, learning_rate=learning_rate, augment=augment,
        seed=seed, split_seed=split_seed, group=group, test_group=test_group, folds=folds, repeats=repeats,
        balance=balance, channels=channels, project=project, intensity=intensity, weights=weights, watch=watch,
    )  # fmt: skip
    folder = new_folder(out, data=data, suffix="compare")
    for one in plan.recipes:
        run = Run(folder / run_name(one, plan.recipes))
        run.folder.mkdir()
        begin(run, one, plan.manifest)
    started = {
        "data": str(data),
        "margin": margin,
        "with_tests": tests,
        "command": command_line(),
        "created": datetime.date.today().isoformat(),
        "verdict": None,
        "learning_curve": {} if learning_curve else None,
        "networks": [{"name": one.title, "run": run_name(one, plan.recipes)} for one in plan.recipes],
    }
    write_json(folder / "comparison.json", started)
    return finish(folder, watch=watch)


def resume_comparison(folder: str | Path, *, tests: bool = False, watch: Watch | None = None) -> Comparison:
    """Go on with a comparison that was interrupted, at the network and step where it was.

    `tests` asks for the tests of every pair, also where the comparison was begun without, or is finished.
    """
    return finish(Path(folder), tests=tests, watch=watch or Watch())


def plan_comparison(
    data: str | Path,
    *,
    models: list[str] | None = None,
    lineup: str = "families",
    seeds: int = 1,
    margin: float = MARGIN,
    learning_curve: bool = False,
    recipe: str | Path | None,
    weights: Sequence[str] = (),
    timed: bool = False,
    watch: Watch | None = None,
    **given: Any,
) -> Plan:
    """What `compare` would do."""
    watch = watch or Watch()
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: at least 1")
    if not 0 < margin < 1:
        raise UsageError(
            f"--margin {margin}: is a share of the images, more than 0 and less than 1 (0.01 is one point)"
        )
    models = [architecture(name).name for name in models or []]  # an unknown name fails before the images are read
    settings = collect_settings(recipe, **given)
    if seeds > 1 and settings.get("folds"):
        raise UsageError(f"--seeds {seeds} beside --folds: say --repeats {seeds}, which trains from other seeds too")
    if learning_curve and settings.get("folds"):
        raise UsageError("--learning-curve beside --folds: it takes validation images; leave out one of them")
    if settings.get("weights") or settings.get("tune", "all") != "all":
        raise UsageError(f"{recipe}: names the weights of one network; a comparison takes them from --weights")
    frozen = beginnings(weights, say=watch.note)
    if "minutes" in settings:
        settings["minutes"] = settings["minutes"] / seeds
    manifest = read_data(data, settings, watch)
    names = models or networks_of(lineup, settings.get("size") or natural_size(manifest))
    if len(set(names)) < len(names):
        raise UsageError(f"{next(name for name in names if names.count(name) > 1)}: is named twice")
    for one in frozen:
        refuse_seen(one.weights, manifest, folds=bool(settings.get("folds")), fewer=learning_curve)
    further = HALVINGS if learning_curve else 0
    plan = make_plan(manifest, names, settings, timed=timed, watch=watch, further=further, frozen=frozen).repeated(
        seeds
    )
    tell_shortened(plan, recipe, watch)
    return plan


def run_name(recipe: Recipe, among: tuple[Recipe, ...]) -> str:
    """The network's name, with the seed where the comparison has several."""
    return recipe.title if len({one.seed for one in among}) == 1 else f"{recipe.title}-seed{recipe.seed}"


def finish(folder: Path, *, tests: bool = False, watch: Watch) -> Comparison:
    """Train what is not trained yet in `folder`, then draw the verdict and the report."""
    begun = read_json(folder / "comparison.json")
    begun["with_tests"] = begun.get("with_tests", False) or tests
    runs = [Run(folder / name) for network in begun["networks"] for name in network.get("runs") or [network["run"]]]
    if not (folder / "check.json").is_file():
        first = runs[0]
        check_before(first.manifest, folder, going_on=first.folder, reading=first.recipe.reading, watch=watch)
    failures: dict[str, str] = {}
    for run in runs:
        recipe = run.recipe
        if run.finished:
            continue
        try:
            train_into(run, recipe, run.manifest, watch=watch)
        except LeadlineError as error:
            failures[run.name] = str(error)
            watch.note(f"{run.name}: not judged, {error}")
        except (MemoryError, RuntimeError) as error:  # torch says so that the memory did not suffice
            failures[run.name] = " ".join(str(error).split())[:300] or type(error).__name__
            watch.note(f"{run.name}: not judged, {failures[run.name]}")
    if len(failures) == len(runs):
        raise LeadlineError(f"none of the networks could be trained: {next(iter(failures.values()))}")
    result = conclude(begun, runs, failures)
    result["looks_at_test"] = looks_at_test(folder, result)
    if begun.get("learning_curve") is not None:
        write_json(folder / "comparison.json", result)  # the verdict stands, whatever comes of the curve
        network = network_of_curve(result)
        own = [run for run in runs if run.recipe.title == network]
        result["learning_curve"] = trained_on_fewer(folder, network, own, margin=begun["margin"], watch=watch)
    write_json(folder / "comparison.json", result)
    write_comparison_report(folder)
    write_comparison_card(folder)
    return Comparison(folder)


def network_of_curve(result: dict[str, Any]) -> str | None:
    """The choice, else the best, else the most accurate of those that are not judged; None where all failed."""
    tried = [network for network in result["networks"] if "validation" in network]
    accurate = max(tried, key=lambda network: network["validation"]["accuracy"]["value"], default={"name": None})
    found: str | None = result["verdict"]["choice"] or result["verdict"]["best"] or accurate["name"]
    return found


def conclude(begun: dict[str, Any], runs: list[Run], failures: dict[str, str]) -> dict[str, Any]:
    """The contents of comparison.json once every network is trained."""
    margin = begun["margin"]
    by_title: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_title[run.recipe.title].append(run)
    manifest = runs[0].manifest
    described = [describe(title, own, manifest, margin, failures) for title, own in by_title.items()]
    trained = {one["name"]: by_title[one["name"]] for one in described if "validation" in one}
    candidates = [
        Candidate(
            network["name"],
            [one for run in by_title[network["name"]] if "validation" in network for one in run.chosen_on],
            network["multiply_adds"],
            not_judged=network["not_judged"],
        )
        for network in described
    ]
    return {
        **begun,
        "classes": list(manifest.classes),
        "images": Plan(manifest, ()).images,
        "verdict": decide(candidates, margin=margin).as_dict(),
        "networks": described,
        "looks_at_test": int(any("test" in network for network in described)),
        **({"tests": pairwise_tests(trained)} if begun["with_tests"] else {}),
        "environment": environment(),
    }


def describe(
    title: str, runs: list[Run], manifest: Manifest, margin: float, failures: dict[str, str]
) -> dict[str, Any]:
    """One network's entry in comparison.json; the figures are those of the first seed."""
    first, recipe = runs[0], runs[0].recipe
    channels = geometry(manifest, size=recipe.size, reading=recipe.reading).channels
    entry = {
        **description(recipe, classes=len(manifest.classes), channels=channels),
        "name": title,
        "epochs": Plan(manifest, ()).epochs(recipe),
        "run": first.name,
        "runs": [run.name for run in runs],
    }
    failed = [failures[run.name] for run in runs if run.name in failures]
    if failed:
        return {**entry, "not_judged": failed[0]}
    metrics = [run.metrics for run in runs]
    reasons = [not_judged(run, found, margin) for run, found in zip(runs, metrics, strict=True)]
    copied = ("validation", "test", "folds", "seconds_per_image", "training_seconds", "peak_memory_bytes", "left_out")
    return {
        **entry,
        **{name: metrics[0][name] for name in copied if name in metrics[0]},
        "test_accuracy_of_seeds": [found["test"]["accuracy"]["value"] for found in metrics if "test" in found],
        "seed_spread": seed_spreads(runs),
        "not_judged": next(filter(None, reasons), ""),
    }


def not_judged(run: Run, metrics: dict[str, Any], margin: float) -> str:
    """Why a trained network's accuracy is not to be compared with others'; "" where it may be."""
    recipe, validation = run.recipe, metrics["validation"]
    learned_nothing = never_learned(validation["accuracy"]["value"], validation["majority_baseline"])
    if learned_nothing:
        return learned_nothing
    if recipe.frozen:
        return "" if metrics["head"]["converged"] else "its last layer had not settled"
    history = run.history
    return still_improving(
        [row["step"] / recipe.steps for row in history],
        [row["validation_accuracy"] for row in history],
        margin=max(margin, 1.5 / validation["accuracy"]["n"]),  # a single image is no rise
    )
