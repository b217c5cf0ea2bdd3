"""The end of a comparison: the answer, the network that it names made whole, and what stands beside the answer."""

from collections.abc import Iterable, Mapping

import msgspec

from leadline.data.split.folds import pooled
from leadline.errors import DataError, LeadlineError, StorageError
from leadline.evaluation.choice import choose, never_learned, selection_flattery
from leadline.evaluation.paired import gain, pairwise_differences
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import SeedSpread, SplitName
from leadline.evaluation.seeds import seed_spread
from leadline.report import answer_sentence, write_model_card, write_run_report
from leadline.report.looks import looks_at_test
from leadline.results.comparison_result import Answer, Evidence, LongerTraining, NetworkResult, PairTests
from leadline.training.cross_validation import train_in_folds
from leadline.training.fewer_images import trained_on_fewer
from leadline.training.race import Race
from leadline.training.remember import remember_images
from leadline.training.round_results import contestants_of
from leadline.training.run_folder import Run
from leadline.training.training import report_on_test


def conclude(race: Race) -> None:
    """The answer, and the network that it names: trained on all images after folds, and judged on the test images."""
    folder = race.folder
    contestants = contestants_of(folder, race.current, race.manifest, race.result)
    earlier = [one for one in race.result.rounds[:-1] if one.kind == "final"]
    if not contestants and earlier:  # a further final in which every training failed
        race.progress.note(f"no network could be trained in this final: {race.current.networks[0].failed}")
        race.change(rounds=race.result.rounds[:-1])
        contestants = contestants_of(folder, race.current, race.manifest, race.result)
    if not contestants:
        raise LeadlineError(f"none of the networks could be trained: {race.current.networks[0].failed}")
    choice = choose(contestants, margin=race.result.margin, criterion=race.result.criterion)
    unlearned = {contestant.name for contestant in contestants if never_learned(contestant)}
    for network in race.current.networks:
        if network.name in unlearned:
            race.put(msgspec.structs.replace(network, remarks=("never learned: no better than guessing",)))
    hand_over(race, next(network for network in race.current.networks if network.name == choice.name))
    final = race.current
    runs = {one.name: [Run(folder / name) for name in one.runs] for one in final.networks if not one.failed}
    race.change(
        evidence=Evidence(
            kind="folds" if final.folds else "validation",
            images=choice.images,
            left_out=choice.left_out,
            groups=choice.groups,
            trainings=choice.trainings,
            folds_would_take=final.folds_would_take,
        ),
        answer=msgspec.convert(choice, Answer, from_attributes=True),
        flattery=None
        if race.result.images["test"]
        else selection_flattery(contestants, criterion=race.result.criterion),
        tests=pairwise_tests(runs) if race.result.with_tests else None,
        seed_spreads={name: spread for name, own in runs.items() if (spread := seed_spreads(own))},
    )
    race.change(gain=gain_of(race))
    if race.result.with_learning_curve:
        curve = trained_on_fewer(
            folder / final.folder, choice.name, runs[choice.name], margin=race.result.margin, progress=race.progress
        )
        race.change(learning_curve=curve)
    race.change(looks_at_test=looks_at_test(folder, race.result))
    assert race.result.answer is not None
    answer = msgspec.structs.replace(race.result.answer, sentence=answer_sentence(race.result, folder=folder))
    race.change(answer=answer)


def hand_over(race: Race, network: NetworkResult) -> None:
    """Make the named network's first run whole: its classifier, the test images, and a report of its own."""
    run = Run(race.folder / network.run)
    recipe = run.recipe
    try:
        if recipe.folds:
            whole = pooled(race.manifest)
            whole.write(run.folder / "manifest.parquet")
            race.progress.note(f"{network.name}: trained on all images but the test images")
            train_in_folds(run, recipe, whole, progress=race.progress)
        else:
            report_on_test(run, race.manifest)
            remember_images(run)
    except (DataError, StorageError):
        raise
    except LeadlineError as error:  # the answer stands on what has been judged
        race.progress.note(f"{network.name}: could not be handed over, {error}")
        race.put(msgspec.structs.replace(network, remarks=(*network.remarks, f"could not be handed over: {error}")))
        return
    write_run_report(run.folder)
    write_model_card(run.folder)
    if tested := run.metrics.test:
        race.put(msgspec.structs.replace(network, metrics={**network.metrics, "test": tested}))


def gain_of(race: Race) -> LongerTraining | None:
    """What the final gained over the heat for the named network, where it ran in both."""
    named, heat = race.result.named, race.result.heat
    before = next((one for one in heat.networks if named and one.name == named.name), None) if heat else None
    accuracy = race.result.criterion == "accuracy"
    if named is None or before is None or before.failed or not accuracy:
        return None
    if named.steps <= before.steps or named.size != before.size:  # not longer, or not only
        return None
    shorter, longer = (Run(race.folder / one.run).chosen_on[0] for one in (before, named))
    gained = gain(shorter, longer)
    return LongerTraining(named.name, named.steps / before.steps, gained.value, gained.low, gained.high)


def pairwise_tests(networks: Mapping[str, list[Run]]) -> PairTests:
    """Every pair's difference in accuracy, with McNemar's exact test and Holm's correction.

    `networks` has the runs of each that was trained, one per seed; the tests are of the first seed's.
    On the test images, which chose nothing, where all have judged them; else on those that all have.
    """
    first = {name: runs[0] for name, runs in networks.items()}
    tables = {name: run.predictions for name, run in first.items()}
    split = max(_splits(tables.values()), key=lambda name: name == "test")
    return PairTests(
        split=split,
        seed=next(iter(first.values())).recipe.seed,
        pairs=pairwise_differences({name: table.of_split(split) for name, table in tables.items()}),
    )


def seed_spreads(runs: list[Run]) -> dict[SplitName, SeedSpread] | None:
    """Per split, how far the accuracy moves from seed to seed and how far with the images; None for a single seed."""
    if len(runs) < 2:
        return None
    tables = [run.predictions for run in runs]
    return {split: seed_spread([table.of_split(split) for table in tables]) for split in _splits(tables)}


def _splits(tables: Iterable[Predictions]) -> list[SplitName]:
    """Those that all have judged, in the order of the first table."""
    first, *others = (table.table["split"].unique(maintain_order=True).to_list() for table in tables)
    return [split for split in first if all(split in other for other in others)]
