"""Results of experiments that are known: those in a folder of one's own, and those that Leadline brings along."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from leadline.claims.claim import Claim, Finding, both
from leadline.claims.experiment import EXPERIMENTS
from leadline.claims.trained import finding_of
from leadline.claims.trials import result_file
from leadline.results import json_files
from leadline.results.lab_result import ExperimentResult, Ledger, Made

# Measured on two cores; `make lab` writes it.
SHIPPED = Path(__file__).with_name("measured.json")
OUT = Path("runs") / "lab"


@cache
def shipped() -> Ledger:
    return json_files.read(SHIPPED, Ledger) if SHIPPED.is_file() else Ledger(results=())


def known(
    name: str, out: Path, *, setting: str = "small", data: str | None = None
) -> tuple[ExperimentResult | None, bool]:
    """The result of the experiment `name`, and whether it was brought along; a result of one's own comes first."""
    file = result_file(out, EXPERIMENTS[name], setting, data)
    if file.is_file():
        return json_files.read(file, ExperimentResult), False
    if data is None:
        for result in shipped().results:
            if (result.id, result.setting) == (name, setting):
                return result, True
    return None, False


def with_training(finding: Finding, result: ExperimentResult | None, *, before: bool = False) -> Finding:
    """`finding`, which holds what can be computed, with what was trained, where the claim has an experiment."""
    claim = finding.claim
    if claim.id not in EXPERIMENTS:
        return finding
    experiment = EXPERIMENTS[claim.id]
    if result is None:
        return replace(finding, hypothesis=experiment.hypothesis)
    measurement, verdict = finding_of(experiment, result)
    return replace(
        finding,
        hypothesis=experiment.hypothesis,
        trained=measurement,
        verdict=both(finding.judged, verdict) if experiment.rules else finding.verdict,
        made=result.made,
        before=before,
    )


def needs_training(claim: Claim) -> bool:
    """Whether there is no verdict without trainings."""
    return claim.kind.endswith("trained")


def made_words(made: Made) -> str:
    """When and where, in a line."""
    revision = f", revision {made.revision[:7]}" if made.revision else ""
    return f"{made.time[:10]} on {made.machine}{revision}"
