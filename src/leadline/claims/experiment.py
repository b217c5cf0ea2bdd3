"""An experiment: what is trained to judge a claim, and the rule, both written down before it ran (experiments.toml)."""

import math
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

import msgspec

from leadline.claims.claim import Verdict
from leadline.evaluation.intervals import t_quantile
from leadline.results.lab_result import ExperimentResult, TrainingRecord

ENOUGH = 0.25  # training error that a training is quick to reach (Krizhevsky et al. 2012, figure 1)
CONFIDENCE = 0.95

# What a rule may ask of a training. Errors and gaps in percentage points.
MEASURES: dict[str, Callable[[TrainingRecord], float]] = {
    "test_error": lambda training: 100 * training.test_error,
    "train_error": lambda training: 100 * training.train_error,
    "gap": lambda training: 100 * (training.test_error - training.train_error),
    "error_at_start": lambda training: 100 * training.curve[0].train_error,
    "parameters": lambda training: float(training.parameters),
    "steps_to_25": lambda training: steps_to(training, ENOUGH),
    "unevenness": lambda training: unevenness(training),
}
UNITS = {"parameters": "", "steps_to_25": "steps", "unevenness": ""}  # percentage points unless told


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network of the catalogue or a variation of one, with settings of its training that the others do not have."""

    model: str
    settings: dict[str, bool | int | float | str] = {}
    length: float = 1.0  # of the training, as a fraction of the others'


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large the experiment is. Each seed draws images of its own, and the networks of a seed share them."""

    data: str = ""
    images: int = 0  # for training
    tests: int = 0
    size: int = 0  # pixels, height and width
    epochs: float = 0
    seeds: int = 5
    minutes: float  # it takes about so long on two cores without bf16


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quantity per seed, and the bound that its interval over seeds has to lie on one side of.

    The quantity is `measure` of the network `of`, less (or divided by) that of the network `against`, where there is
    one. Above `at_least` (below `at_most`) with all of its interval the rule holds, on the other side it does not.
    """

    says: str
    of: str
    measure: str
    against: str = ""
    by: Literal["difference", "ratio"] = "difference"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def unit(self) -> str:
        return "times" if self.by == "ratio" and self.against else UNITS.get(self.measure, "points")


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rules` begin with the claim's core. The claim holds where all do, with a correction where only the core does."""

    id: str
    hypothesis: str
    networks: dict[str, Network]
    small: Setting
    full: Setting
    rules: tuple[Rule, ...] = ()  # none: what comes out is shown and not judged
    means: str  # what it shows, and what it does not
    picture: Literal["curves", "training curves", "seeds", "branches", "depth"]
    of: str = ""  # "test_error" and such: what the picture shows of the networks, where it is of seeds
    settings: dict[str, bool | int | float | str] = {}
    toy: bool = False  # claims.identity's, which needs no images

    def setting(self, name: str) -> Setting:
        return self.full if name == "full" else self.small


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule came to: the mean over seeds with its 95 % interval (Student's t)."""

    rule: Rule
    value: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> Verdict:
        if math.isnan(self.value):
            return "undecided"
        bound = self.rule.at_least if self.rule.at_least is not None else self.rule.at_most
        assert bound is not None
        above, below = self.low > bound, self.high < bound
        if not (above or below):
            return "undecided"
        return "holds" if above == (self.rule.at_least is not None) else "does not hold"


def steps_to(training: TrainingRecord, error: float) -> float:
    """Steps until the training error is so low, on a straight line between two points; all where it never is."""
    before = None
    for point in training.curve:
        if point.train_error <= error:
            if before is None or before.train_error == point.train_error:
                return float(point.step)
            share = (before.train_error - error) / (before.train_error - point.train_error)
            return before.step + share * (point.step - before.step)
        before = point
    return float(training.steps)


def unevenness(training: TrainingRecord) -> float:
    """How many times as much the most used branch of a module is used as the least used, per channel; over modules the
    geometric mean."""
    ratios = [max(used.values()) / max(min(used.values()), 1e-9) for used in training.branches.values()]
    return math.exp(fmean(map(math.log, ratios))) if ratios else math.nan


def by_seed(trainings: Sequence[TrainingRecord], network: str, measure: str) -> dict[int, float]:
    return {training.seed: MEASURES[measure](training) for training in trainings if training.network == network}


def apply(rule: Rule, trainings: Sequence[TrainingRecord]) -> Judged:
    """Judge by the seeds for which all networks of the rule were trained."""
    values = by_seed(trainings, rule.of, rule.measure)
    if rule.against:
        others = by_seed(trainings, rule.against, rule.measure)
        shared = sorted(values.keys() & others.keys())
        paired = [values[seed] / others[seed] if rule.by == "ratio" else values[seed] - others[seed] for seed in shared]
    else:
        paired = list(values.values())
    ratio = rule.by == "ratio" and bool(rule.against)
    value, low, high = interval(list(map(math.log, paired)) if ratio else paired)
    if ratio:
        value, low, high = math.exp(value), math.exp(low), math.exp(high) if high < math.inf else math.inf
    return Judged(rule=rule, value=value, low=low, high=high, seeds=len(paired))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and ends of Student's interval; infinite for a single value, which says nothing of others."""
    if not values:
        return math.nan, -math.inf, math.inf
    mean = fmean(values)
    if len(values) < 2:
        return mean, -math.inf, math.inf
    reach = t_quantile(0.5 + CONFIDENCE / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean, mean - reach, mean + reach


def judge_result(experiment: Experiment, result: ExperimentResult) -> tuple[tuple[Judged, ...], Verdict]:
    """Each rule's outcome, and the verdict on what was trained."""
    judged = tuple(apply(rule, result.trainings) for rule in experiment.rules)
    return judged, verdict_of([outcome.verdict for outcome in judged])


def verdict_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Of the core of a claim and its further parts."""
    core, further = verdicts[0], verdicts[1:]
    if core != "holds" or all(verdict == "holds" for verdict in further):
        return core
    return "holds with a correction" if "does not hold" in further else "undecided"


def read_experiments(text: str) -> dict[str, Experiment]:
    document = tomllib.loads(text)
    experiments = msgspec.convert(document["experiment"], list[Experiment])
    for experiment in experiments:
        for rule in experiment.rules:
            assert {rule.of, rule.against or rule.of} <= experiment.networks.keys(), experiment.id
            assert (rule.at_least is None) != (rule.at_most is None), experiment.id
    return {experiment.id: experiment for experiment in experiments}


EXPERIMENTS: dict[str, Experiment] = read_experiments(Path(__file__).with_name("experiments.toml").read_text("utf-8"))
