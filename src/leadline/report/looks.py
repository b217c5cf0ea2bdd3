"""How often the test images of a comparison were looked at: they are the same for all of its networks and seeds."""

from pathlib import Path

from leadline.errors import LeadlineError
from leadline.results import json_files
from leadline.results.comparison_result import ComparisonResult
from leadline.results.run_metrics import METRICS, RunMetrics


def looks_at_test(folder: Path, result: ComparisonResult) -> int:
    """One at the end of each final, and one for each later `evaluate`, which counts in its own run's metrics.json.

    `result` is what `folder`/comparison.json holds; 0 where there are no test images.
    """
    looks = 0
    for final in (part for part in result.rounds if part.kind == "final"):  # each ends with one look
        runs = {run for network in final.networks for run in network.runs or (network.run,)}
        own = [count for run in runs if (count := _own(folder / run))]
        looks += 1 + sum(count - 1 for count in own) if own else 0
    return max(looks, result.looks_at_test)  # not less than it was, also where a run has been taken away since


def _own(run: Path) -> int:
    try:
        return json_files.read(run / METRICS, RunMetrics).looks_at_test
    except (OSError, LeadlineError):
        return 0
