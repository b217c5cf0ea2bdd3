"""What the trainings of a round come to: their figures, and their predictions as evaluation.choice takes them."""

from pathlib import Path

import msgspec
import numpy as np

from leadline.data.manifest import Manifest
from leadline.data.split.folds import fold_of_images, pooled
from leadline.evaluation.contestant import Contestant
from leadline.evaluation.metrics import measure
from leadline.results.comparison_result import ComparisonResult, NetworkResult, Round
from leadline.results.run_metrics import SecondsPerImage
from leadline.training.cost import Cost
from leadline.training.run_folder import Run


def with_results(network: NetworkResult, folder: Path, current: Round, cost: Cost) -> NetworkResult:
    """`network` with what its first run measured."""
    run = Run(folder / network.run)
    metrics = run.metrics
    judged = "out-of-fold" if current.folds else "validation"
    measured = measure(run.chosen_on[0]) if current.kind == "heat" else metrics.validation
    return msgspec.structs.replace(
        network,
        metrics={judged: measured},
        seconds_per_image=SecondsPerImage(metrics.seconds_per_image.training, cost.prediction),
        training_seconds=sum(Run(folder / name).metrics.training_seconds for name in network.runs),
        peak_memory_bytes=metrics.peak_memory_bytes,
        left_out=metrics.left_out,
    )


def contestants_of(folder: Path, current: Round, manifest: Manifest, result: ComparisonResult) -> list[Contestant]:
    """The networks of a round that have predictions, as evaluation.choice takes them."""
    fold = None
    if current.folds:
        numbers = [
            fold_of_images(pooled(manifest), current.folds, seed=result.settings.get("split_seed") or 0, repeat=repeat)
            for repeat in range(result.settings.get("repeats") or 1)
        ]
        fold = np.stack(numbers, axis=1)[numbers[0] >= 0]
    return [
        Contestant.of(
            one.name,
            [table for name in one.runs for table in Run(folder / name).chosen_on],
            fold,
            multiply_adds=one.multiply_adds,
            seconds_per_image=one.seconds_per_image.prediction if one.seconds_per_image else 0.0,
        )
        for one in current.networks
        if not one.failed and one.metrics
    ]
