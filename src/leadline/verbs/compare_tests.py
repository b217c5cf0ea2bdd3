"""What stands beside an answer and does not change it: tests for those who ask, and what another seed changes."""

from collections.abc import Iterable, Mapping

from leadline.evaluation.paired import pairwise_differences
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import SeedSpread, SplitName
from leadline.evaluation.seeds import seed_spread
from leadline.results.comparison_result import PairTests
from leadline.training.run_folder import Run


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
