"""Rules on made-up results: what holds, what is refuted, and what stays open inside the noise."""

import math
from collections.abc import Mapping, Sequence

import pytest
import torch

from leadline.claims.branches import branch_use
from leadline.claims.claim import both
from leadline.claims.experiment import (
    EXPERIMENTS,
    MEASURES,
    Rule,
    apply,
    interval,
    judge_result,
    steps_to,
    unevenness,
)
from leadline.claims.ledger import CLAIMS
from leadline.claims.programme import programme
from leadline.claims.trained import depth_sentences, finding_of
from leadline.results.lab_result import ExperimentResult, Made, Point, TrainingRecord
from leadline.zoo import architecture, build_model

TRAINED = [name for name, claim in CLAIMS.items() if claim.kind.endswith("trained")]
ErrorsOf = dict[str, dict[str, float]]
MADE = Made(time="2026-11-27T10:00:00+00:00", machine="a machine", revision="0123456789", command="leadline lab x")
MODULES = ("3a", "4a")
SCALE = {"unevenness": 0.1}  # of the noise


def record(network: str, seed: int, **of: float) -> TrainingRecord:
    """A training with these measures; what is not told is the same for all."""
    train, test = of.get("train_error", 2.0) / 100, of.get("test_error", 0.0) / 100
    test = test or train + of.get("gap", 5.0) / 100
    steps = of.get("steps_to_25", 100.0)
    start = of.get("error_at_start", 90.0) / 100
    most = of.get("unevenness", 1.0)
    return TrainingRecord(
        network=network, model="", seed=seed, parameters=int(of.get("parameters", 1000)), multiply_adds=1, steps=400,
        seconds=1.0, train_error=train, test_error=test,
        curve=(Point(0, start, 0.9), Point(round(steps), 0.25, 0.3), Point(400, train, test)),
        branches={module: {"1×1": most, "3×3": 1.0, "5×5": 1.0, "pooling": 1.0} for module in MODULES},
    )  # fmt: skip


def made_up(
    id: str, measures: Mapping[str, Mapping[str, float]], *, noise: Sequence[float] = (-0.1, 0.0, 0.1)
) -> ExperimentResult:
    """`measures` of each network, to which every seed adds its noise in turn: less for the first network, more for the
    last, so that differences between networks vary, too."""
    networks = list(EXPERIMENTS[id].networks)
    trainings = []
    for seed, moved in enumerate(noise, start=1):
        for place, network in enumerate(networks):
            own = {
                name: max(0.0, value + moved * (place + 1) * SCALE.get(name, 1.0)) if name != "parameters" else value
                for name, value in measures.get(network, {}).items()
            }
            trainings.append(record(network, seed, **own))
    return ExperimentResult(
        id=id, setting="small", data="digits", images=100, tests=50, size=8, trainings=tuple(trainings), made=MADE
    )


def errors(measure: str, **networks: float) -> ErrorsOf:
    return {name.replace("_", "-"): {measure: value} for name, value in networks.items()}


def named(measure: str, *pairs: tuple[str, float]) -> ErrorsOf:
    return {name: {measure: value} for name, value in pairs}


WIDTHS = ("1×32d", "2×20d", "4×12d", "8×7d", "32×2d")
# id → made-up measures by which the claim holds, and by which it does not. Noise is a tenth of a point per network.
OUTCOMES: dict[str, tuple[ErrorsOf, ErrorsOf]] = {
    "degradation": (errors("train_error", plain_20=1, plain_56=9), errors("train_error", plain_20=9, plain_56=1)),
    "residual-fixes-it": (
        errors("train_error", plain_56=9, ResNet_20=1, ResNet_56=1),
        errors("train_error", plain_56=9, ResNet_20=1, ResNet_56=8),
    ),
    "identity-is-hard": (
        {
            "plain": {"train_error": 99},
            "residual": {"train_error": 1, "error_at_start": 0.3},
            "residual, F = 0": {"train_error": 0.1, "error_at_start": 0.0},
        },
        {"plain": {"train_error": 2}, "residual": {"train_error": 1}, "residual, F = 0": {"error_at_start": 0.0}},
    ),
    "relu": (
        named("steps_to_25", ("ReLU", 100), ("sigmoid", 300)),
        named("steps_to_25", ("ReLU", 200), ("sigmoid", 200)),
    ),
    "regularisation": (
        named("gap", ("neither", 20), ("L2", 12), ("dropout", 15), ("both", 6)),
        named("gap", ("neither", 20), ("L2", 20), ("dropout", 20), ("both", 20)),
    ),
    "deep-narrow": (
        named("test_error", ("3×3 stacks", 15), ("large filters", 18)),
        named("test_error", ("3×3 stacks", 15), ("large filters", 14)),
    ),
    "gap-no-parameters": (
        named("gap", ("averaged", 4), ("fully connected", 8)), named("gap", ("averaged", 4), ("fully connected", 4))
    ),
    "auxiliary-heads": (
        named("test_error", ("with heads", 15), ("without", 18)),
        named("test_error", ("with heads", 15), ("without", 15)),
    ),
    "choose-filter-size": (named("unevenness", ("whole", 2.5)), named("unevenness", ("whole", 1.02))),
    "lrn": (
        named("test_error", ("with LRN", 15), ("without", 18)),
        named("test_error", ("with LRN", 15), ("without", 15)),
    ),
    "overlapping-pooling": (
        named("test_error", ("3×3", 15), ("2×2", 16)), named("test_error", ("3×3", 15), ("2×2", 14))
    ),
    "dense-parameters": (
        {"DenseNet-22": {"test_error": 15, "parameters": 70}, "ResNet-20": {"test_error": 15, "parameters": 270}},
        {"DenseNet-22": {"test_error": 18, "parameters": 70}, "ResNet-20": {"test_error": 15, "parameters": 270}},
    ),
    "no-upgrades": (
        {"plain-8": {"train_error": 1}, "plain-56": {"train_error": 20}}
        | {name: {"train_error": 1} for name in ("ResNet-8", "ResNet-56", "ResNet-110")},
        {"plain-8": {"train_error": 1}, "plain-56": {"train_error": 20}, "ResNet-8": {"train_error": 1}}
        | {name: {"train_error": 9} for name in ("ResNet-56", "ResNet-110")},
    ),
    "cardinality": (
        {name: {"test_error": 15} for name in WIDTHS},
        {name: {"test_error": 15 + 4 * (name != "1×32d")} for name in WIDTHS},
    ),
}  # fmt: skip


def test_every_claim_that_needs_training_has_an_experiment_and_made_up_outcomes() -> None:
    assert set(TRAINED) == set(OUTCOMES) == set(EXPERIMENTS) - {"going-deeper"}
    assert len(TRAINED) == 14


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_clear_result_is_judged_and_one_inside_the_noise_is_not(name: str) -> None:
    experiment, (holds, refuted) = EXPERIMENTS[name], OUTCOMES[name]
    assert judge_result(experiment, made_up(name, holds))[1] == "holds"
    assert judge_result(experiment, made_up(name, refuted))[1] == "does not hold"
    widely = (-40.0, -3.0, 45.0) if name != "choose-filter-size" else (-4.0, 0.0, 9.0)
    noisy = {network: dict(measures) for network, measures in holds.items()}
    if name == "relu":
        widely = (-99.0, 0.0, 300.0)
    assert judge_result(experiment, made_up(name, noisy, noise=widely))[1] == "undecided"


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_result_is_said_with_its_interval_bound_and_design(name: str) -> None:
    experiment = EXPERIMENTS[name]
    measurement, verdict = finding_of(experiment, made_up(name, OUTCOMES[name][0]))
    assert verdict == "holds"
    for rule in experiment.rules:
        assert rule.says in measurement.result
        assert measurement.numbers[rule.says].low is not None
    assert "3 seeds" in measurement.explanation
    assert "asked for: at" in measurement.result


def test_a_single_seed_decides_nothing() -> None:
    result = made_up("degradation", OUTCOMES["degradation"][0], noise=(0.0,))
    assert judge_result(EXPERIMENTS["degradation"], result)[1] == "undecided"


def test_only_seeds_that_both_networks_have_are_compared() -> None:
    rule = Rule(says="", of="a", against="b", measure="train_error", at_least=1.0)
    complete = [record(name, seed, train_error=5.0 + 4 * (name == "a")) for seed in (1, 2, 3) for name in "ab"]
    judged = apply(rule, [*complete, record("a", 4, train_error=90.0)])
    assert (judged.seeds, round(judged.value, 9)) == (3, 4)


def test_intervals_are_students() -> None:
    mean, low, high = interval([1.0, 2.0, 3.0, 4.0])
    # t at 0.975 with 3 degrees of freedom is 3.18245; the standard deviation is the root of 5/3.
    reach = 3.18245 * math.sqrt(5 / 3) / 2
    assert (mean, low, high) == pytest.approx((2.5, 2.5 - reach, 2.5 + reach), rel=1e-5)


def test_a_ratio_is_the_geometric_mean() -> None:
    rule = Rule(says="", of="a", against="b", measure="parameters", by="ratio", at_least=1.0)
    found = [record("b", seed, parameters=100) for seed in (1, 2)]
    found += [record("a", 1, parameters=200), record("a", 2, parameters=800)]
    assert apply(rule, found).value == pytest.approx(4)


def test_further_parts_correct_a_claim_whose_core_holds() -> None:
    measures = OUTCOMES["regularisation"][0] | {"dropout": {"gap": 20.0}}
    result = made_up("regularisation", measures, noise=(-0.01, 0.0, 0.01))
    assert judge_result(EXPERIMENTS["regularisation"], result)[1] == "holds with a correction"
    assert both("holds", "does not hold") == "holds with a correction"
    assert both("holds", "undecided") == "undecided"
    assert both(None, "holds") == both("holds", "holds") == "holds"


def test_steps_to_an_error_are_found_between_two_points_and_all_of_them_count_where_it_is_never_reached() -> None:
    assert steps_to(record("a", 1, error_at_start=75, steps_to_25=100), 0.5) == pytest.approx(50)
    assert steps_to(record("a", 1, train_error=60), 0.1) == 400


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_can_be_what_it_says(name: str) -> None:
    experiment = EXPERIMENTS[name]
    assert experiment.small.minutes <= 5
    assert experiment.full.minutes > experiment.small.minutes
    assert {rule.measure for rule in experiment.rules} <= MEASURES.keys()
    for network in experiment.networks.values() if not experiment.toy else ():
        assert architecture(network.model).minimum_size <= experiment.small.size


def test_networks_of_equal_cost_cost_the_same() -> None:
    from leadline.anatomy import measure

    costs = [measure(one.model, size=32) for one in EXPERIMENTS["cardinality"].networks.values()]
    for total in ([one.parameters for one in costs], [one.multiply_adds for one in costs]):
        assert max(total) / min(total) < 1.1


def test_before_training_all_branches_are_used_alike_and_louder_weights_are_noticed() -> None:
    torch.manual_seed(1)
    network = build_model("googlenet_small", in_channels=1)
    before = branch_use(network)  # type: ignore[arg-type]
    assert list(before) == ["3a", "3b", "4a", "4b", "4c", "5a"]
    assert unevenness(record("a", 1)) == 1
    assert all(value == pytest.approx(1, abs=0.12) for used in before.values() for value in used.values())
    with torch.no_grad():
        network.inception4a.branch3[1].bn.weight.mul_(3)  # type: ignore[union-attr, index]
    after = branch_use(network)  # type: ignore[arg-type]
    ratios = [used["4a"]["5×5"] / used["4a"]["1×1"] for used in (before, after)]
    assert ratios[1] == pytest.approx(3 * ratios[0], rel=1e-3)


def test_the_most_telling_experiments_are_planned_first_and_what_is_done_takes_no_time() -> None:
    planned = programme(TRAINED, setting="small", minutes=6, done=["relu"])
    assert [one.id for one in planned] == [name for name in EXPERIMENTS if name in TRAINED]
    fitting = [one for one in planned if one.fits]
    assert fitting[0].id == "degradation"
    assert sum(one.minutes for one in fitting) <= 6
    assert next(one for one in planned if one.id == "relu").minutes == 0
    slow = programme(TRAINED, setting="small", minutes=6, pace=100)
    assert not any(one.fits for one in slow)
    assert all(one.fits for one in programme(TRAINED, setting="full", minutes=None))


def test_depth_is_said_to_pay_as_far_as_each_step_surely_lowers_the_error() -> None:
    depths = {"plain-8": 20.0, "plain-14": 15.0, "plain-20": 15.0, "plain-38": 30.0}
    result = made_up("going-deeper", {name: {"test_error": value} for name, value in depths.items()})
    plain = next(sentence for sentence in depth_sentences(result) if sentence.startswith("plain"))
    assert "up to 14 layers" in plain
    assert "20" in plain
