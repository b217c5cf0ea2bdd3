"""How often the verdict is wrong and the intervals miss, on made-up images of which the truth is known.

`python -m leadline.evaluation.simulation` prints the tables of docs/evaluation.md, in about a quarter of an hour.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from leadline.evaluation.metrics import Statistics, measure
from leadline.evaluation.noninferiority import disagreements, loss_bounds
from leadline.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "auroc",
    "average_precision",
    "matthews_correlation",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
)


@dataclass(frozen=True)
class VerdictRates:
    """Over many studies: the share of images on which two networks disagree, and how the verdicts came out."""

    disagreement: float
    wrong: float  # chose a network that truly loses more than the margin
    undecided: float


def verdict_rates(
    accuracies: tuple[float, ...],
    *,
    images: int,
    agreement: float,
    groups: int = 0,
    within_group: float = 0.2,
    margin: float = 0.01,
    confidence: float = 0.95,
    studies: int = 1000,
    seed: int = 0,
) -> VerdictRates:
    """Of studies with networks of these true accuracies, the cheapest first.

    A network is right where a normal variable, `agreement` of whose variance is the image's (common to all networks)
    and the rest its own, lies below its quantile. `within_group` of either part is common to a group.
    """
    generator = np.random.default_rng(seed)
    group = np.arange(images) % groups if groups else None
    truly_lost = max(accuracies) - np.array(accuracies)
    differing = wrong = undecided = 0.0
    for _ in range(studies):
        shared = _grouped_normal(generator, (images, 1), group, within_group)
        own = _grouped_normal(generator, (images, len(accuracies)), group, within_group)
        latent = np.sqrt(agreement) * shared + np.sqrt(1 - agreement) * own
        right = (latent < special.ndtri(accuracies)).astype(np.float64)
        differing += float((right[:, 0] != right[:, -1]).mean())
        bounds = loss_bounds(disagreements(np.split(right, len(accuracies), axis=1), group), confidence)
        choice = next((k for k, bound in enumerate(bounds) if bound < margin), None)
        undecided += choice is None
        wrong += choice is not None and truly_lost[choice] > margin
    return VerdictRates(differing / studies, wrong / studies, undecided / studies)


def coverage(
    *,
    images: int,
    signal: float,
    sharpness: float = 1.0,
    prior: tuple[float, ...] = (0.6, 0.3, 0.1),
    groups: int = 0,
    within_group: float = 0.3,
    studies: int = 400,
    seed: int = 0,
) -> dict[str, float]:
    """The share of studies whose 95 % interval of each metric holds its true value.

    An image's logits are `signal` for its class plus normal noise, of which `within_group` is common to a group; the
    probabilities are what Bayes' rule makes of them, exaggerated by `sharpness`. The truth is that of 400,000 images.
    """
    generator = np.random.default_rng(seed)
    law = {"signal": signal, "sharpness": sharpness, "within_group": within_group}
    many = _study(np.random.default_rng(seed + 1), 400_000, prior, 4000 if groups else 0, **law)
    truth = {
        name: float(values[0])
        for name, values in Statistics(many).of(np.ones((len(many), 1))).items()
        if name in METRICS
    }
    truth["accuracy"] = float((many.predicted_indices == many.label_indices).mean())
    gaps = Statistics(many).of(np.ones((len(many), 1)), ranked=False)["calibration_gaps"]
    truth["expected_calibration_error"] = float(np.abs(gaps).sum())
    held, known = dict.fromkeys(METRICS, 0), dict.fromkeys(METRICS, 0)
    for study in range(studies):
        found = measure(_study(generator, images, prior, groups, **law), seed=study)
        for name in METRICS:
            low, high = found[name]["low"], found[name]["high"]
            if low is not None:
                known[name] += 1
                held[name] += low <= truth[name] <= high
    return {name: held[name] / known[name] for name in METRICS}


def _study(
    generator: np.random.Generator,
    images: int,
    prior: tuple[float, ...],
    groups: int,
    *,
    signal: float,
    sharpness: float,
    within_group: float,
) -> Predictions:
    classes = [f"class {k}" for k in range(len(prior))]
    labels = generator.choice(len(prior), size=images, p=prior)
    group = np.arange(images) % groups if groups else None
    logits = _grouped_normal(generator, (images, len(prior)), group, within_group)
    logits[np.arange(images), labels] += signal
    return Predictions.from_arrays(
        paths=[f"{k}.png" for k in range(images)],
        probabilities=special.softmax(sharpness * (signal * logits + np.log(prior)), axis=1),
        classes=classes,
        labels=[classes[k] for k in labels],
        groups=None if group is None else [str(g) for g in group],
    )


def _grouped_normal(
    generator: np.random.Generator, shape: tuple[int, int], group: Integers | None, within_group: float
) -> Floats:
    own = generator.normal(size=shape)
    if group is None:
        return own
    common = generator.normal(size=(int(group.max()) + 1, shape[1]))[group]
    return np.asarray(np.sqrt(within_group) * common + np.sqrt(1 - within_group) * own)


def _print_verdict_rates() -> None:
    # The cheaper three lose just more than the margin: the worst case for a wrong choice. Or next to nothing.
    worse, close = (0.9399, 0.9399, 0.9399, 0.95), (0.949, 0.9495, 0.9495, 0.95)
    cases = [(images, 0, agreement) for agreement in (0.8, 0.95, 0.99) for images in (100, 300, 1000, 3000, 10_000)]
    cases += [(groups * each, groups, 0.95) for groups in (3, 5, 10, 20, 40, 100) for each in (25, 100)]
    print("| images | groups | disagree on | worse: chosen | worse: undecided | as good: undecided |")
    print("|---" * 6 + "|")
    for images, groups, agreement in cases:
        bad, good = (
            verdict_rates(accuracies, images=images, groups=groups, agreement=agreement, studies=2000)
            for accuracies in (worse, close)
        )
        shares = (f"{100 * share:.1f} %" for share in (bad.disagreement, bad.wrong, bad.undecided, good.undecided))
        print(f"| {images:,} | {groups or '–'} | {' | '.join(shares)} |", flush=True)


def _print_coverage() -> None:
    print("\n| images | groups | network | " + " | ".join(METRICS) + " |")
    print("|---" * (len(METRICS) + 3) + "|")
    laws = [("calibrated", 2.0, 1.0), ("overconfident", 2.0, 1.5), ("nearly perfect", 4.0, 1.0)]
    cases = [(images, 0, law) for images in (30, 100, 400, 1000) for law in laws]
    cases += [(images, groups, laws[0]) for images, groups in ((200, 5), (200, 10), (400, 20), (800, 40), (2000, 100))]
    for images, groups, (name, signal, sharpness) in cases:
        shares = coverage(images=images, groups=groups, signal=signal, sharpness=sharpness)
        numbers = " | ".join(f"{100 * shares[metric]:.0f} %" for metric in METRICS)
        print(f"| {images:,} | {groups or '–'} | {name} | {numbers} |", flush=True)


if __name__ == "__main__":
    _print_verdict_rates()
    _print_coverage()
