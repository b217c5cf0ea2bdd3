"""The learning rates that a heat tries for a network, in equal parts of its time, and which of them was best."""

from dataclasses import replace
from pathlib import Path

import msgspec

from leadline.evaluation.calibration import least_cross_entropy
from leadline.results.comparison_result import NetworkResult
from leadline.training.recipe import Recipe
from leadline.training.run_folder import Run

RATES = (1.0, 0.5, 2.0)  # times the network's usual one


def at_each_rate(recipe: Recipe) -> list[Recipe]:
    return [replace(recipe, learning_rate=factor * recipe.learning_rate) for factor in RATES]


def with_best_rate(network: NetworkResult, folder: Path) -> NetworkResult:
    """`network` as its best rate trained it; `folder` is the comparison's. The best has the least cross-entropy on the
    validation images, which says more about few images than their accuracy does. At least one run has finished."""
    tried = tuple(
        msgspec.structs.replace(rate, cross_entropy=least_cross_entropy(run.chosen_on[0])) if run.finished else rate
        for rate, run in ((rate, Run(folder / rate.run)) for rate in network.rates_tried)
    )
    best = min((rate for rate in tried if rate.cross_entropy is not None), key=lambda rate: rate.cross_entropy or 0.0)
    return msgspec.structs.replace(
        network, rates_tried=tried, learning_rate=best.learning_rate, run=best.run, runs=(best.run,)
    )
