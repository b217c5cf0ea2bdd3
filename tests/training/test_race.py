"""The race: a heat of equal time, a final of the best, steps that are written down before they are taken."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from leadline.data.split.folds import pooled, without_test
from leadline.data.split.subset import judged_by_fewer
from leadline.errors import LeadlineError, StorageError, UsageError
from leadline.evaluation.records import Estimate, SplitMetrics
from leadline.progress import Placing, Progress
from leadline.results.comparison_result import ComparisonResult, Entrant, NetworkResult, Round
from leadline.results.json_files import read_comparison
from leadline.training import defaults, loop, rates
from leadline.training import pace as pace_module
from leadline.training import race as race_module
from leadline.training.cost import Cost
from leadline.training.pace import steps_per_epoch
from leadline.training.race import FOLD_COUNT, HEAT, SECONDS_OF_REPORT, Race
from leadline.training.run_folder import Run
from leadline.training.scoreboard import Clock
from leadline.verbs.compare import compare, plan_comparison, prepare, resume_comparison

from ..conftest import MakeImages

MODELS = ["lenet5", "resnet20_cifar"]


class Fixed(Clock):
    """A clock that a test sets."""

    def __init__(self, now: float = 0.0) -> None:
        super().__init__()
        self.time = now

    @property
    def now(self) -> float:
        return self.time


def race_of(data: Path, folder: Path, *, now: float = 0.0, **asked: Any) -> Race:
    result, manifest = prepare(data, progress=Progress(), **asked)
    folder.mkdir(exist_ok=True)
    return Race(folder, result, Fixed(now), Progress(), manifest)


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Cost]:
    """Seconds per image that the tests decide: resnet20_cifar costs ten times what lenet5 does."""
    known = {"lenet5": Cost(1e-3, 1e-4), "resnet20_cifar": Cost(1e-2, 1e-3)}
    monkeypatch.setattr(pace_module, "measure", lambda recipe, **_: known[recipe.model])
    return known


def test_in_a_heat_equal_time_is_not_equal_steps(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=200), tmp_path / "out", models=MODELS[::-1], minutes=3.0)
    race.begin()
    heat = race.result.rounds[0]
    assert [one.name for one in heat.entrants] == MODELS  # the cheapest first, whose time flows on
    manifest = race.round_manifest()
    steps, seconds = {}, {}
    for one in heat.entrants:
        recipes = race.recipes_for(one, manifest, heat.entrants)
        steps[one.name] = sum(recipe.steps for recipe in recipes)
        epochs = recipes[0].steps / steps_per_epoch(manifest, recipes[0])
        seconds[one.name] = len(recipes) * costs[one.name].seconds(epochs, **race.pace.workload(manifest, 0))
    share = race.share(heat.entrants)
    assert share == pytest.approx(HEAT * 180 / 2, rel=0.1)
    assert seconds["resnet20_cifar"] == pytest.approx(share, rel=0.1)
    assert steps["lenet5"] > 3 * steps["resnet20_cifar"]


def test_a_frozen_network_comes_first_because_it_leaves_most_of_its_time(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=60), tmp_path / "out", models=MODELS, minutes=3.0)
    frozen = Entrant("resnet20_cifar-frozen", "resnet20_cifar", weights="somewhere", weights_sha256="ab", size=32)
    entrants = [*race.result.entrants, frozen]
    race.change(entrants=tuple(entrants))
    assert [one.name for one in race.in_turn(entrants)] == ["resnet20_cifar-frozen", *MODELS]


def test_what_a_network_leaves_flows_on_and_what_it_takes_too_much_is_not_the_others_loss(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=40), tmp_path / "out", models=MODELS, minutes=10.0)
    race.begin()
    heat = race.result.rounds[0]
    equal = race.share(heat.entrants)
    race.clock.time = 1.0  # the first took hardly any time
    assert race.share(heat.entrants[1:]) > 1.9 * equal
    race.clock.time = 600.0  # the first took all that there was
    assert race.share(heat.entrants[1:]) >= 0.45 * equal
    race.add(Round("final", entrants=heat.entrants, folder="final", began_at=600.0, ends_at=1200.0))
    equal = race.share(heat.entrants)
    race.clock.time = 1200.0  # in a final no less
    assert race.share(heat.entrants[1:]) >= 0.45 * equal > 100


def test_slow_steps_are_learned_from(make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]) -> None:
    race = race_of(make_images(count=200), tmp_path / "out", models=MODELS, minutes=2.0)
    race.begin()
    heat = race.result.rounds[0]
    manifest = race.round_manifest()
    before = race.recipes_for(heat.entrants[1], manifest, heat.entrants[1:])[0].steps
    race.enter(heat.entrants[0], race.recipes_for(heat.entrants[0], manifest, heat.entrants), manifest)
    (network,) = race.result.rounds[0].networks
    expected = costs["lenet5"].seconds(network.epochs, **race.pace.workload(race.round_manifest(), 0))
    for _ in range(8):
        recipe = Run(race.folder / network.run).recipe
        race.pace.learn(heat.entrants[0], recipe, manifest, training=3 * expected, taken=3 * expected, trainings=1)
    assert race.pace.slowdown == pytest.approx(3, rel=0.01)
    after = race.recipes_for(heat.entrants[1], manifest, heat.entrants[1:])[0].steps
    assert after == pytest.approx(before / 3, rel=0.15)


def test_a_cost_that_was_measured_too_high_corrects_its_own_network_and_makes_no_other_look_fast(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=200), tmp_path / "out", models=MODELS, minutes=2.0)
    race.begin()
    first, second = race.result.rounds[0].entrants
    manifest = race.round_manifest()
    recipe = race.recipes_for(first, manifest, race.current.entrants)[0]
    epochs = recipe.steps / steps_per_epoch(manifest, recipe)
    expected = costs["lenet5"].seconds(epochs, **race.pace.workload(manifest, 0))
    race.pace.learn(first, recipe, manifest, training=expected / 20, taken=expected / 20, trainings=1)
    assert race.pace.factor(first) == pytest.approx(1 / 20)
    assert 0.7 <= race.pace.factor(second) <= 1.0
    race.pace.slowdown *= 4  # the machine has become busy
    assert race.pace.factor(first) == pytest.approx(4 / 20)


def test_a_network_that_was_planned_while_the_machine_was_busy_is_planned_anew(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=200), tmp_path / "out", models=MODELS, minutes=2.0)
    race.begin()
    (entrant, _), manifest = race.result.rounds[0].entrants, race.round_manifest()
    race.pace.slowdown = 10.0
    race.enter(entrant, race.recipes_for(entrant, manifest, race.current.entrants), manifest)
    (network,) = race.current.networks
    assert not race.start_over(entrant, manifest, race.current.entrants), "as busy as before"
    race.pace.slowdown = 1.0
    assert race.start_over(entrant, manifest, race.current.entrants)
    (again,) = race.current.networks
    assert again.steps == Run(race.folder / again.run).recipe.steps >= 2 * network.steps
    race.clock.time = race.current.ends_at
    assert not race.start_over(entrant, manifest, race.current.entrants), "no time is left for it"


def test_folds_are_taken_where_each_still_trains_for_ten_epochs(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=200)
    for minutes, folds in ((10.0, 5), (0.5, 0)):
        race = race_of(data, tmp_path / f"out{minutes}", models=MODELS, minutes=minutes)
        race.begin()
        monkeypatch.setattr(Race, "finalists", lambda self: list(self.result.rounds[0].entrants))
        race.begin_final(60 * minutes)
        final = race.result.rounds[-1]
        assert final.folds == folds
        assert (final.folds_would_take is None) == bool(folds)
        split = race.round_manifest()
        counts = dict(split.usable["split"].value_counts().iter_rows())
        assert counts["train"] == (len(pooled(race.manifest).usable.filter(split="train")) if folds else 280)
        assert "test" not in counts  # nobody looks at the test images before the end


def test_folds_can_be_forced_and_refused(make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]) -> None:
    data = make_images(count=40)
    for folds in (0, 2):
        race = race_of(data, tmp_path / f"out{folds}", models=["lenet5"], minutes=10.0, folds=folds)
        race.begin()  # a single network has no heat
        assert [(one.kind, one.folds) for one in race.result.rounds] == [("final", folds)]
    with pytest.raises(UsageError, match="--folds 500: there are"):
        prepare(data, progress=Progress(), models=MODELS, minutes=1.0, folds=500)


def test_repeats_of_folds_share_the_time(make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]) -> None:
    data, steps = make_images(count=200), []
    for repeats in (1, 3):
        asked = {"models": ["resnet20_cifar"], "minutes": 8.0, "folds": 2, "repeats": repeats}
        race = race_of(data, tmp_path / f"out{repeats}", **asked)
        race.begin()
        recipe = race.recipes_for(race.current.entrants[0], race.round_manifest(), race.current.entrants)[0]
        assert (recipe.folds, recipe.repeats) == (2, repeats)
        steps.append(recipe.steps)
    assert steps[0] > 2 * steps[1]


def test_when_folds_do_not_fit_the_least_accurate_leave_and_never_the_cheapest(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [*MODELS, "densenet_small"]
    costs["densenet_small"] = Cost(1.2e-2, 1e-3)
    race = race_of(make_images(count=200), tmp_path / "out", models=models, minutes=6.0)
    race.begin()
    reached = {"lenet5": 0.7, "resnet20_cifar": 0.8, "densenet_small": 0.9}
    monkeypatch.setattr(ComparisonResult, "reached", lambda _, network: reached[network.name])
    for entrant in race.current.entrants:
        race.enter(entrant, race.recipes_for(entrant, race.round_manifest(), [entrant]), race.round_manifest())
    assert race.least_promising(race.current.entrants).name == "resnet20_cifar"
    reached["resnet20_cifar"] = 0.9
    assert race.least_promising(race.current.entrants).name == "densenet_small", "of equals the most expensive"
    entrants = list(race.current.entrants)
    monkeypatch.setattr(race, "finalists", lambda: entrants)
    two, three = (race.pace.seconds_of_folds(entrants[:number], FOLD_COUNT) for number in (2, 3))
    for seconds, folds in (((two + three) / 2, 0), (three + 1, FOLD_COUNT)):
        race.begin_final(race.clock.now + SECONDS_OF_REPORT + seconds)
        assert (race.current.folds, len(race.current.entrants)) == (folds, 3), "never fewer than three"


def test_larger_images_are_worked_on_at_the_size_that_the_time_buys(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    race = race_of(make_images(count=200, size=96), tmp_path / "out", models=["resnet20_cifar"], minutes=10.0)
    race.begin()
    (entrant,) = race.result.rounds[0].entrants
    workload = race.pace.workload(race.round_manifest(), 0)
    sizes = [race.pace.size_within(entrant, seconds, workload, epochs=4) for seconds in (1.0, 40.0, 10_000.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] <= 48 < sizes[-1] == 96
    small = race_of(make_images("small", count=40, size=16), tmp_path / "small", models=MODELS, minutes=10.0)
    small.begin()
    assert (
        small.pace.size_within(small.result.rounds[0].entrants[1], 1e4, workload, epochs=4) == 16
    )  # never larger than it is


def test_a_race_names_a_network_and_hands_it_over(make_images: MakeImages, tmp_path: Path) -> None:
    seen: list[Placing] = []

    class Seeing(Progress):
        def placings(self, networks: Any, *, seconds_left: float | None) -> None:
            assert seconds_left is not None
            seen.extend(networks)

    found = compare(make_images(count=60), models=MODELS, out=tmp_path / "out", minutes=0.3, progress=Seeing())
    result = found.result
    assert [one.kind for one in result.rounds] == ["heat", "final"]
    assert result.answer is not None
    assert result.answer.name in MODELS
    assert result.answer.certainty in ("shown", "likely", "best guess")
    assert result.answer.sentence
    assert {one.name for one in seen} == set(MODELS)
    assert "training" in {one.state for one in seen}
    named = result.named
    assert named is not None
    assert named.metrics["test"].accuracy.n == result.images["test"]
    others = [one for part in result.rounds for one in part.networks if one is not named]
    assert not any("test" in one.metrics for one in others)  # the test images report once, of the network named
    run = found.choice
    assert run.classifier.classes == ("dark", "light")
    assert (run.folder / "report.html").is_file()
    assert run.metrics.looks_at_test == 1
    for part in result.rounds:
        for one in part.networks:
            assert Run(found.folder / one.run).recipe.steps == one.steps


def test_after_folds_the_named_network_is_trained_on_all_images_but_the_test_images(
    make_images: MakeImages, tmp_path: Path
) -> None:
    data = make_images(count=30)
    found = compare(data, models=["resnet20_cifar"], out=tmp_path / "out", minutes=0.3, folds=2)
    run = found.choice
    everything = Run(run.folder / "folds" / "all")
    assert len(everything.manifest.usable.filter(split="train")) == len(run.predictions.of_split("out-of-fold"))
    assert len(run.predictions.of_split("test")) == found.result.images["test"]
    evidence = found.result.evidence
    assert evidence is not None
    assert (evidence.kind, evidence.trainings) == ("folds", 2)
    assert evidence.images == found.result.images["train"] + found.result.images["validation"]


def test_an_interrupted_race_takes_the_steps_that_were_written_down(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=40)
    real, started = loop.fit, []

    def fit(*arguments: Any, **options: Any) -> Any:
        started.append(arguments[1].recipe)
        if len(started) == 2:
            raise loop.Interrupted("second")
        return real(*arguments, **options)

    monkeypatch.setattr("leadline.training.training.fit", fit)
    with pytest.raises(loop.Interrupted, match=r"out$"):
        compare(data, models=MODELS, out=tmp_path / "out", minutes=0.3)
    written = read_comparison(tmp_path / "out")
    assert written.answer is None
    assert written.seconds > 0
    resumed = resume_comparison(tmp_path / "out").result
    assert started[1] == started[2]  # to the step
    assert resumed.answer is not None
    assert resumed.seconds > written.seconds
    first, *_ = resumed.rounds[0].networks
    assert first == written.rounds[0].networks[0]  # what had run was not run again


def test_a_finished_comparison_gets_a_longer_final_and_keeps_what_it_had(
    make_images: MakeImages, tmp_path: Path
) -> None:
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", minutes=0.2)
    before = found.result
    after = resume_comparison(found.folder, minutes=0.2).result
    assert after.rounds[:2] == before.rounds
    assert [one.folder for one in after.rounds] == ["heat", "final", "final-2"]
    assert after.answer is not None
    assert after.named is not None
    assert after.named.run.startswith("final-2/")
    assert Run(found.folder / after.named.run).classifier


def test_a_defect_is_not_hidden_behind_a_network_that_could_not_be_trained(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr("leadline.training.training.fit", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        compare(make_images(count=12), models=["lenet5"], out=tmp_path / "out", epochs=1)


def test_short_memory_costs_one_network(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loop.fit

    def short(network: Any, data: Any, *rest: Any) -> Any:
        if data.recipe.model == "resnet20_cifar":
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            )
        return real(network, data, *rest)

    monkeypatch.setattr("leadline.training.training.fit", short)
    found = compare(make_images(count=24), models=MODELS, out=tmp_path / "out", epochs=1).result
    assert found.final is not None
    failed = next(one for one in found.final.networks if one.name == "resnet20_cifar")
    assert "memory" in failed.failed
    assert found.answer is not None
    assert found.answer.name == "lenet5"


def test_images_that_changed_stop_the_comparison_and_are_named(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=24)

    def stopped(*_: Any, **__: Any) -> Any:
        raise loop.Interrupted("first")

    with monkeypatch.context() as patch:
        patch.setattr("leadline.training.training.fit", stopped)
        with pytest.raises(loop.Interrupted):
            compare(data, models=MODELS, out=tmp_path / "out", epochs=1)
    (data / "dark" / "003.png").unlink()
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "another cache"))
    with pytest.raises(LeadlineError, match=r"1 of the 48 images are not what they were.*003\.png"):
        resume_comparison(tmp_path / "out")
    assert read_comparison(tmp_path / "out").answer is None


def test_a_full_disk_fails_no_network(make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_images(count=24)

    def full(*_: Any, **__: Any) -> Any:
        raise StorageError("checkpoint.pt: could not be written (No space left on device); make room")

    with monkeypatch.context() as patch:
        patch.setattr("leadline.training.training.fit", full)
        with pytest.raises(StorageError, match="make room"):
            compare(data, models=["lenet5"], out=tmp_path / "out", epochs=1)
    assert resume_comparison(tmp_path / "out").result.answer is not None


def test_a_further_final_that_fails_leaves_the_answer_that_there_was(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compare(make_images(count=24), models=["lenet5"], out=tmp_path / "out", minutes=0.1)
    before = found.result.answer

    def failing(*_: Any, **__: Any) -> Any:
        raise LeadlineError("the loss is no longer a finite number")

    monkeypatch.setattr("leadline.training.training.fit", failing)
    after = resume_comparison(found.folder, minutes=0.1).result
    assert before is not None
    assert after.answer is not None
    assert after.answer.networks == before.networks
    for minutes in (-1.0, float("nan")):
        with pytest.raises(UsageError, match="minutes"):
            resume_comparison(found.folder, minutes=minutes)


def test_a_test_report_that_was_cut_off_is_made_again_without_doubles(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=24), models=["lenet5"], out=tmp_path / "out", epochs=1)
    run = found.choice
    run.write_metrics(msgspec.structs.replace(run.metrics, test=None))
    resume_comparison(found.folder)
    table = run.predictions.table
    assert table["path"].n_unique() == len(table)
    assert run.metrics.test is not None


def test_all_failing_is_an_error_that_says_why(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise LeadlineError("the loss is no longer a finite number")

    monkeypatch.setattr("leadline.training.training.fit", failing)
    with pytest.raises(LeadlineError, match="none of the networks could be trained: the loss"):
        compare(make_images(count=12), models=MODELS, out=tmp_path / "out", minutes=0.2)


def test_a_dry_run_plans_the_heat(make_images: MakeImages) -> None:
    plan = plan_comparison(make_images(count=200), models=MODELS, minutes=3.0)
    assert plan.minutes == 3
    assert plan.seconds_in_all == pytest.approx(HEAT * 180, rel=0.5)


def test_a_heat_tries_three_rates_where_a_third_of_the_time_still_trains(
    make_images: MakeImages, tmp_path: Path, costs: dict[str, Cost]
) -> None:
    data = make_images(count=200)
    race = race_of(data, tmp_path / "out", models=MODELS, minutes=10.0)
    race.begin()
    entrant, manifest = race.current.entrants[0], race.round_manifest()
    recipes = race.recipes_for(entrant, manifest, race.current.entrants)
    usual = race.pace.recipe(entrant, manifest).learning_rate
    assert [recipe.learning_rate for recipe in recipes] == [usual, usual / 2, 2 * usual]
    short = race_of(data, tmp_path / "short", models=MODELS, minutes=0.3)
    short.begin()
    assert len(short.recipes_for(entrant, manifest, short.current.entrants)) == 1, "too little time for three"
    for asked in ({"learning_rate": 0.001}, {"seeds": 2}):
        other = race_of(data, tmp_path / "-".join(asked), models=MODELS, minutes=10.0, **asked)
        other.begin()
        assert {one.learning_rate for one in other.recipes_for(entrant, manifest, race.current.entrants)} == {
            asked.get("learning_rate", usual)
        }


def test_the_best_rate_of_the_heat_is_the_finals_and_one_that_diverges_costs_no_network(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race_module, "STEPS_WORTH_A_SIZE", 1)
    monkeypatch.setattr(defaults, "ADAMW_RATE", 1e-8)
    monkeypatch.setattr(rates, "RATES", (1.0, 4e5, 1e38))
    found = compare(make_images(count=40, size=16), models=MODELS, minutes=0.3, out=tmp_path / "run")
    heat, final = found.result.heat, found.result.final
    assert heat
    assert final
    for network in heat.networks:
        usual, better, too_high = network.rates_tried
        assert usual.cross_entropy > better.cross_entropy
        assert too_high.cross_entropy is None, "it diverged"
        assert (network.learning_rate, network.runs) == (better.learning_rate, (better.run,))
        assert found.result.rate_factor(network.name) == pytest.approx(4e5)
    for network in final.networks:
        assert Run(found.folder / network.run).recipe.learning_rate == pytest.approx(0.004, rel=0.01)


def test_a_heat_is_judged_by_fewer_images_with_every_class(make_images: MakeImages) -> None:
    manifest = prepare(make_images(count=200), progress=Progress(), minutes=3.0)[1]
    fewer = judged_by_fewer(manifest, 10)
    before, after = (Counter(one.usable.filter(split="validation")["label"]) for one in (manifest, fewer))
    assert sum(before.values()) > 20
    assert sum(after.values()) <= 10 + len(manifest.classes)
    assert set(before) == set(after)
    assert fewer.usable.filter(split="train").equals(manifest.usable.filter(split="train"))
    assert judged_by_fewer(manifest, 10_000) is manifest


def test_a_rounds_manifest_keeps_every_image_and_hides_the_test_split(make_images: MakeImages) -> None:
    _, manifest = prepare(make_images(count=40), progress=Progress(), models=["lenet5"], minutes=1.0)
    hidden = without_test(manifest)
    assert hidden.table["path"].equals(manifest.table["path"])
    assert hidden.usable.filter(pl.col("split").is_null())["path"].equals(
        manifest.usable.filter(pl.col("split") == "test")["path"]
    )


def test_comparison_json_comes_back_as_it_was_written() -> None:
    entrant = Entrant("resnet18-frozen", "resnet18", weights="imagenet", weights_sha256="ab", size=224)
    network = NetworkResult(
        name="a", family="f", year=2015, depth=3, deviates="", parameters=1, multiply_adds=2, size=8, steps=4,
        epochs=1.5, learning_rate=0.1, batch_size=2, run="heat/a",
        metrics={"validation": SplitMetrics(accuracy=Estimate(1.0))},
    )  # fmt: skip
    whole = ComparisonResult(
        data="d", command="c", created="2026-01-01", margin=0.01, settings={"folds": 5},
        rounds=(Round("heat", (network,), (entrant,), folder="heat", ends_at=3.0),),
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(whole), type=ComparisonResult) == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"verdict": {}, "networks": []}', "older Leadline"),
        ('{"schema": 2}', "is damaged"),
        ("not json", "is damaged"),
        ('{"schema": 3, "data": "d", "command": "", "created": "", "margin": 0.01}', "schema 3"),
    ],
)
def test_other_schemas_and_damage_are_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(LeadlineError, match=message) as caught:
        read_comparison(tmp_path)
    assert str(tmp_path / "comparison.json") in str(caught.value)
