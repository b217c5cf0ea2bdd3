"""What the trainings of an experiment come to, as people get it: numbers, sentences, a picture."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from leadline.claims.claim import Measurement, Number, Verdict
from leadline.claims.experiment import UNITS, Experiment, Judged, Rule, apply, by_seed, interval, judge_result
from leadline.claims.pictures import picture
from leadline.results.lab_result import ExperimentResult
from leadline.wording import NOTHING

NAMES = {
    "test_error": "test error", "train_error": "training error", "gap": "gap", "steps_to_25": "steps to 25 %",
    "error_at_start": "error before training", "parameters": "parameters", "unevenness": "unevenness of branches",
}  # fmt: skip


def finding_of(experiment: Experiment, result: ExperimentResult) -> tuple[Measurement, Verdict | None]:
    """The measurement, and the verdict by the rules; None where the experiment has none."""
    judged, verdict = judge_result(experiment, result) if experiment.rules else ((), None)
    measurement = Measurement(
        numbers=numbers_of(experiment, result, judged),
        result="; ".join(map(said, judged) if experiment.rules else depth_sentences(result)),
        explanation=" ".join([put_to_the_test(experiment), design(experiment, result), experiment.means]),
        drawing=picture(experiment, result),
    )
    return measurement, verdict


def put_to_the_test(experiment: Experiment) -> str:
    return f"Put to the test: {experiment.hypothesis}" if experiment.rules else experiment.hypothesis


def numbers_of(experiment: Experiment, result: ExperimentResult, judged: Sequence[Judged]) -> dict[str, Number]:
    """What the rules judge, then each network by itself, by what they ask of it and its test error."""
    numbers = {
        outcome.rule.says: Number(outcome.value, unit=outcome.rule.unit, low=outcome.low, high=outcome.high)
        for outcome in judged
        if outcome.seeds > 1
    }
    shown = ["test_error"] * (not experiment.toy)
    for measure in dict.fromkeys([*shown, *(rule.measure for rule in experiment.rules)]):
        for network in experiment.networks:
            values = [value for value in by_seed(result.trainings, network, measure).values() if value == value]
            if len(values) > 1:
                mean, low, high = interval(values)
                unit = UNITS.get(measure, "points" if measure == "gap" else "%")
                low = low if measure == "gap" else max(0.0, low)  # no error is below nothing
                numbers[f"{NAMES[measure]}, {network}"] = Number(mean, unit=unit, low=low, high=high)
    return numbers


def said(judged: Judged) -> str:
    """The quantity with its interval, and what was asked for."""
    rule = judged.rule
    least, bound = ("least", rule.at_least) if rule.at_least is not None else ("most", rule.at_most)
    assert bound is not None
    return (
        f"{rule.says}: {amount(judged.value, rule)} ({amount(judged.low)} to {amount(judged.high)}; asked for: at "
        f"{least} {bound:g})"
    )


def amount(value: float, rule: Rule | None = None) -> str:
    if value != value or value in (float("inf"), -float("inf")):
        return NOTHING
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    unit = rule.unit if rule else ""
    return f"{text} {unit}".strip().replace("-", "−")


def design(experiment: Experiment, result: ExperimentResult) -> str:
    """How it was done, in a sentence or two."""
    per_network = Counter(training.network for training in result.trainings)
    seeds = max(per_network.values(), default=0)
    steps = max((training.steps for training in result.trainings), default=0)
    if experiment.toy:
        return f"{seeds} seeds, {steps:,} steps; intervals are over seeds (Student, 95 %)."
    return (
        f"{seeds} seeds, each with {result.images:,} training and {result.tests:,} test images of its own, of "
        f"{result.data} at {result.size} pixels; up to {steps:,} steps. Networks of one seed share images and order: "
        "differences are paired; intervals are over seeds (Student, 95 %)."
    )


def families(result: ExperimentResult) -> dict[str, list[str]]:
    """Family → its networks in the order of their depth; plain networks are one of their own."""
    names: dict[str, set[str]] = {}
    for training in result.trainings:
        names.setdefault(training.network.rpartition("-")[0], set()).add(training.network)
    return {family: sorted(networks, key=depth_of) for family, networks in names.items()}


def depth_of(network: str) -> int:
    """Of a network that is called by its depth, such as plain-20."""
    return int(network.rpartition("-")[2])


def depth_sentences(result: ExperimentResult) -> list[str]:
    """For each family, how far depth pays: as long as each step deeper lowers the test error with all its interval."""
    sentences = []
    for family, networks in families(result).items():
        gains = [
            apply(Rule(says="", of=shallow, against=deep, measure="test_error", at_least=0.0), result.trainings)
            for shallow, deep in pairwise(networks)
        ]
        sure = next((number for number, gain in enumerate(gains) if gain.verdict != "holds"), len(gains))
        deepest = f"{family} pays up to {depth_of(networks[sure])} layers"
        if sure < len(gains):
            stop = gains[sure]
            deepest += (
                f", {depth_of(networks[sure + 1])} gain {amount(stop.value)} points "
                f"({amount(stop.low)} to {amount(stop.high)})"
            )
        sentences.append(deepest)
    return sentences
