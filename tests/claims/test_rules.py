"""The rules on made-up results: what holds, what can be put right, what is refuted, and that no clock decides."""

from dataclasses import replace

import pytest

from leadline.claims.claim import Finding, Number, as_computed, judge
from leadline.claims.ledger import CLAIMS

HOLDS, CORRECTED, REFUTED = "holds", "holds with a correction", "does not hold"

# A claim, what its numbers are changed to, and what its rule must then say. Numbers are named by how their names begin.
MADE_UP: list[tuple[str, dict[str, float], str]] = [
    ("universal", {"worst error of one hidden layer with 64": 0.2}, HOLDS),
    ("universal", {"linear pieces with 8": 9}, REFUTED),
    ("ilsvrc", {"test images in ILSVRC-2012": 150_000}, HOLDS),
    ("ilsvrc", {"validation": 100_000}, REFUTED),
    ("alexnet-result", {"top-5, one network, ten crops, validation": 84.7, "nearest": 83.7}, HOLDS),
    ("alexnet-result", {"top-1, seven": 60.0}, REFUTED),
    ("alexnet-vs-lenet", {"layers with weights, AlexNet": 5}, REFUTED),
    ("25-vs-27", {"side seen by three 3×3": 5}, HOLDS),
    ("25-vs-27", {"weights of three 3×3": 28}, REFUTED),
    ("vgg-fewer-parameters", dict.fromkeys(["parameters of VGG"], 50_000_000), HOLDS),
    ("vgg-fewer-parameters", {"parameters of VGG A": 50_000_000}, CORRECTED),
    ("vgg-slow", {"multiply-adds of VGG-16": 1_000_000_000}, REFUTED),
    ("vgg-slow", {"multiply-adds of ResNet-50": 20_000_000_000}, REFUTED),
    ("fc-dominates", {"its weights": 392.0}, HOLDS),
    ("fc-dominates", {"the same in": 402.0}, REFUTED),
    ("fc-dominates", {"share": 0.4}, REFUTED),
    ("nin-parameters", {"fully connected": 1}, REFUTED),
    ("nin-parameters", {"parameters of AlexNet": 20_000_000}, REFUTED),
    ("inception-cost", {"multiply-adds of 4c, naive": 1}, REFUTED),
    ("inception-cost", {"channels after 5b, naive": 1000}, REFUTED),
    ("not-sequential", {"layers of GoogLeNet": 0}, REFUTED),
    ("training-weeks", {"of these two": 2}, HOLDS),
    ("training-weeks", {"weeks that the VGG": 9}, REFUTED),
    ("training-weeks", {"multiply-adds of a full training of VGG-16": 1}, REFUTED),
    ("nested-functions", {"plain, identity kernels": 80}, HOLDS),
    ("nested-functions", {"residual, F = 0": 1}, REFUTED),
    ("nested-functions", {"plain, F = 0: images": 1}, REFUTED),
    ("ultra-deep", {"multiply-adds of ResNet-152": 16_000_000_000}, REFUTED),
    ("ultra-deep", {"layers of ResNet-152": 151}, REFUTED),
    ("grouped-cost", {"multiply-adds with g = 8": 1}, REFUTED),
    ("grouped-cost", {"parameters with g = 64": 1}, REFUTED),
    ("resnext-cost", {"multiply-adds of ResNeXt": 5_000_000_000}, REFUTED),
    ("resnext-cost", {"parameters of ResNeXt": 20_000_000}, REFUTED),
    ("dense-parameters", {"top-1 error of densenet": 30.0}, REFUTED),
    ("dense-parameters", {"top-1 error of densenet169": 30.0, "top-1 error of densenet121": 30.0,
                          "parameters of densenet201": 30_000_000}, CORRECTED),
    ("dense-memory", {"parameters whose gradients": 1}, REFUTED),
    ("dense-memory", {"kept with checkpointing": 60.0}, REFUTED),
    ("going-deeper", {"networks averaged": 1, "top-5 of GoogLeNet’s": 93.4}, HOLDS),
    ("going-deeper", {"top-5 of ResNet’s": 90.0}, REFUTED),
    ("depth-regions", {"pieces, 10 layers": 21}, REFUTED),
    ("depth-regions", {"parameters, 4 layers": 99}, REFUTED),
]  # fmt: skip


def changed(finding: Finding, changes: dict[str, float]) -> dict[str, Number]:
    assert finding.measurement is not None
    numbers = dict(finding.measurement.numbers)
    for beginning, value in changes.items():
        names = [name for name in numbers if name.startswith(beginning)]
        assert names, beginning
        numbers |= {name: replace(numbers[name], value=value) for name in names}
    return numbers


def judged(name: str, numbers: dict[str, Number]) -> str:
    rule = CLAIMS[name].rule
    assert rule is not None
    return rule(numbers)


@pytest.mark.parametrize(("name", "changes", "verdict"), MADE_UP)
def test_made_up_results_are_judged_by_what_they_say(
    findings: dict[str, Finding], name: str, changes: dict[str, float], verdict: str
) -> None:
    assert judged(name, changed(findings[name], changes)) == verdict


def test_every_rule_refutes_something(findings: dict[str, Finding]) -> None:
    refuted = {name for name, _, verdict in MADE_UP if verdict == REFUTED} | {"vgg-fewer-parameters"}
    general = {name for name, claim in CLAIMS.items() if claim.rule is as_computed}
    assert refuted | general == {name for name, finding in findings.items() if finding.measurement}


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.rule is as_computed])
def test_a_number_that_is_not_what_the_formula_says_refutes(findings: dict[str, Finding], name: str) -> None:
    finding = findings[name]
    assert finding.measurement is not None
    with_formula = [key for key, number in finding.measurement.numbers.items() if number.formula is not None]
    assert with_formula
    for key in with_formula:
        assert judged(name, changed(finding, {key: finding.measurement.numbers[key].value + 1})) == REFUTED


def test_a_statement_with_another_number_than_was_measured_can_be_put_right() -> None:
    assert as_computed({"side": Number(5, formula=5, stated=5)}) == HOLDS
    assert as_computed({"side": Number(5, formula=5, stated=7)}) == CORRECTED
    assert as_computed({"side": Number(5, formula=7, stated=5)}) == REFUTED
    assert [judge(stated=a, amended=b) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))] == [
        HOLDS,
        HOLDS,
        CORRECTED,
        REFUTED,
    ]


def test_no_clock_decides_a_verdict(findings: dict[str, Finding]) -> None:
    for name in ("vgg-slow", "training-weeks", "grouped-cost"):
        measurement = findings[name].measurement
        assert measurement is not None
        timed = [key for key in measurement.numbers if key.endswith(("here", "this machine"))]
        assert timed
        for factor in (0.001, 1000.0):
            numbers = changed(findings[name], {key: factor * measurement.numbers[key].value for key in timed})
            assert judged(name, numbers) == findings[name].judged
