"""The ledger: every claim of the lecture once, in its order, judged as far as it can be computed."""

import json
from pathlib import Path

import pytest

from leadline.claims.claim import Finding
from leadline.claims.experiment import EXPERIMENTS
from leadline.claims.known import known, needs_training, shipped, with_training
from leadline.claims.ledger import CHAPTERS, CLAIMS, chapter_named, claim_named
from leadline.errors import UsageError
from leadline.verbs.lab import row
from leadline.zoo.catalogue import TABLE


def test_a_chapter_is_of_the_year_that_the_catalogue_says() -> None:
    dated = {chapter.title: chapter.year for chapter in CHAPTERS if chapter.year}
    assert dated == {row.family: row.year for row in TABLE if row.family in dated}
    assert len(dated) == 7


# What each claim comes to; None where trainings are needed for the whole of it.
VERDICTS: dict[str, dict[str, str | None]] = {
    "arithmetic": {
        "padding": "holds", "stride": "holds", "top5": "holds", "universal": "holds with a correction",
        "ilsvrc": "holds with a correction",
    },
    "alexnet": {
        "alexnet-shape": "holds", "alexnet-two-gpus": "holds", "alexnet-result": "holds with a correction",
        "alexnet-vs-lenet": "holds", "relu": None, "regularisation": None, "overlapping-pooling": None, "lrn": None,
    },
    "vgg": {
        "stacked-3x3": "holds", "25-vs-27": "holds with a correction", "vgg-block": "holds",
        "vgg-fewer-parameters": "does not hold", "deep-narrow": None, "vgg-slow": "holds",
    },
    "nin": {
        "fc-dominates": "holds with a correction", "nin-parameters": "holds", "1x1-is-mlp": "holds",
        "gap-no-parameters": None,
    },
    "googlenet": {
        "inception-branches": "holds", "inception-cost": "holds", "1x1-reduction": "holds",
        "choose-filter-size": None, "not-sequential": "holds", "auxiliary-heads": None,
        "training-weeks": "holds with a correction",
    },
    "resnet": {
        "degradation": None, "residual-fixes-it": None, "nested-functions": "holds with a correction",
        "identity-is-hard": None, "shortcut-1x1": "holds", "no-extra-cost": "holds", "ultra-deep": "holds",
        "no-upgrades": None,
    },
    "resnext": {
        "grouped-cost": "holds", "block-cost": "holds", "groups-isolate": "holds", "cardinality": None,
        "resnext-cost": "holds",
    },
    "densenet": {"concatenation": "holds", "growth": "holds", "dense-parameters": None, "dense-memory": "holds"},
    "story": {"going-deeper": "holds with a correction", "depth-regions": "holds"},
}  # fmt: skip


def test_every_claim_of_the_lecture_stands_in_its_chapter_and_in_its_order() -> None:
    found = {chapter.name: [claim.id for claim in chapter.claims] for chapter in CHAPTERS}
    assert found == {chapter: list(verdicts) for chapter, verdicts in VERDICTS.items()}
    assert sum(map(len, found.values())) == len(CLAIMS) == 49, "each once"


def test_claims_come_out_as_the_facts_say(findings: dict[str, Finding]) -> None:
    expected = {name: verdict for verdicts in VERDICTS.values() for name, verdict in verdicts.items()}
    assert {name: finding.verdict for name, finding in findings.items()} == expected


def test_what_needs_training_has_no_verdict_before_it_is_trained(findings: dict[str, Finding]) -> None:
    for finding in findings.values():
        assert (finding.verdict is None) == needs_training(finding.claim)
        assert (finding.measurement is None) == (finding.claim.kind == "trained")


def test_the_ledger_that_comes_along_judges_every_trained_claim_and_says_where_and_when() -> None:
    results = {result.id: result for result in shipped().results}
    assert {claim.id for claim in CLAIMS.values() if needs_training(claim)} <= set(results)
    for name, result in results.items():
        assert {one.network for one in result.trainings} == set(EXPERIMENTS[name].networks), name
        assert len({one.seed for one in result.trainings}) == EXPERIMENTS[name].setting(result.setting).seeds
        assert result.made.time
        assert result.made.machine
        assert result.made.command.startswith(f"leadline lab {name} --run")
        assert len(result.made.revision or "") == 40


def test_with_the_ledger_every_claim_has_a_verdict(findings: dict[str, Finding], tmp_path: Path) -> None:
    for name, finding in findings.items():
        result, before = known(name, tmp_path) if name in EXPERIMENTS else (None, False)
        whole = with_training(finding, result, before=before)
        assert whole.verdict is not None, name
        assert whole.before == (name in EXPERIMENTS and result is not None)
        if finding.judged and needs_training(finding.claim):
            assert len(whole.parts) == 2


def test_the_exact_halves_of_trained_claims_are_computed(findings: dict[str, Finding]) -> None:
    halves = ("gap-no-parameters", "auxiliary-heads", "dense-parameters")
    assert [findings[name].judged for name in halves] == ["holds"] * 3


def test_whatever_a_formula_is_given_for_is_what_the_formula_says(findings: dict[str, Finding]) -> None:
    for name, finding in findings.items():
        for quantity, number in (finding.measurement.numbers if finding.measurement else {}).items():
            assert number.confirmed, f"{name}: {quantity}"


def test_every_measured_claim_says_what_came_out_with_all_numbers_filled_in(findings: dict[str, Finding]) -> None:
    for name, finding in findings.items():
        for part in finding.parts:
            assert part.result, name
            assert len(part.explanation) > 80, name
            assert "{" not in part.result + part.explanation, name


def test_all_of_it_can_be_written_as_json_and_read_back(findings: dict[str, Finding]) -> None:
    rows = [row(finding) for finding in findings.values()]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert [one["chapter"] for one in rows] == [chapter for chapter, verdicts in VERDICTS.items() for _ in verdicts]


def test_a_claim_leaves_the_random_state_as_it_was_and_finds_the_same_again() -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = CLAIMS["top5"].run()
    assert torch.equal(torch.rand(3), expected)
    assert CLAIMS["top5"].run().measured == first.measured


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="stacked-3x3"):
        claim_named("stacked3x3")
    with pytest.raises(UsageError, match=r"vgg-block, vgg-fewer-parameters, vgg-slow"):
        claim_named("vgg-")
    with pytest.raises(UsageError, match="--chapter vgg"):
        claim_named("vgg")
    with pytest.raises(UsageError, match="did you mean resnet"):
        chapter_named("resent")
    with pytest.raises(UsageError, match="lists them all"):
        claim_named("zzz")
    with pytest.raises(UsageError, match="arithmetic, alexnet, vgg"):
        chapter_named("")
    assert chapter_named("Network in network").name == "nin"
