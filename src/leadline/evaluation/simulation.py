"""How often the verdict is wrong and the intervals miss, on made-up images of which the truth is known.

`python -m leadline.evaluation.simulation` prints the tables of docs/evaluation.md, in about twenty minutes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from leadline.evaluation.metrics import Statistics, measure, ranked
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
    unequal: float = 0.0,
    within_group: float = 0.2,
    seeds: int = 1,
    between_seeds: float = 0.0,
    margin: float = 0.01,
    confidence: float = 0.95,
    studies: int = 1000,
    seed: int = 0,
) -> VerdictRates:
    """Of studies with networks of these true accuracies, the cheapest first.

    A network is right where a normal variable, `agreement` of whose variance is the image's (common to all networks)
    and the rest its own, lies below its quantile. `within_group` of either part is common to a group; the logarithms of
    the groups' sizes have the standard deviation `unequal`. Trained from a seed, a network's accuracy is off its true
    one by the standard deviation `between_seeds`.
    """
    generator = np.random.default_rng(seed)
    truth = np.array(accuracies)
    differing = wrong = undecided = 0.0
    for _ in range(studies):
        group = _groups(generator, images, groups, unequal)
        trained = truth[:, None] + between_seeds * generator.normal(size=(len(truth), seeds))
        shared = _grouped_normal(generator, (images, 1), group, within_group)
        own = _grouped_normal(generator, (images, trained.size), group, within_group)
        latent = np.sqrt(agreement) * shared + np.sqrt(1 - agreement) * own
        right = (latent < special.ndtri(trained.clip(0.01, 0.999).ravel())).astype(np.float64)
        differing += float((right[:, 0] != right[:, -1]).mean())
        bounds = loss_bounds(disagreements(np.split(right, len(truth), axis=1), group), confidence)
        choice = next((k for k, bound in enumerate(bounds) if bound < margin), None)
        undecided += choice is None
        wrong += choice is not None and bool(truth.max() - truth[choice] > margin)
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
    truth |= {name: float(one.value or 0) for name, one in ranked(many).items()}
    gaps = Statistics(many).of(np.ones((len(many), 1)))["calibration_gaps"]
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
    group = _groups(generator, images, groups, 0.0)
    logits = _grouped_normal(generator, (images, len(prior)), group, within_group)
    logits[np.arange(images), labels] += signal
    return Predictions.from_arrays(
        paths=[f"{k}.png" for k in range(images)],
        probabilities=special.softmax(sharpness * (signal * logits + np.log(prior)), axis=1),
        classes=classes,
        labels=[classes[k] for k in labels],
        groups=None if group is None else [str(g) for g in group],
    )


def _groups(generator: np.random.Generator, images: int, groups: int, unequal: float) -> Integers | None:
    if not groups:
        return None
    if not unequal:
        return np.arange(images) % groups
    sizes = np.exp(unequal * generator.normal(size=groups))
    drawn = generator.choice(groups, size=images, p=sizes / sizes.sum())
    return np.asarray(np.unique(drawn, return_inverse=True)[1])


def _grouped_normal(
    generator: np.random.Generator, shape: tuple[int, int], group: Integers | None, within_group: float
) -> Floats:
    own = generator.normal(size=shape)
    if group is None:
        return own
    common = generator.normal(size=(int(group.max()) + 1, shape[1]))[group]
    return np.asarray(np.sqrt(within_group) * common + np.sqrt(1 - within_group) * own)


# The cheaper three lose just more than the margin, the worst case for a wrong choice; or next to nothing.
WORSE, ALIKE = (0.9399, 0.9399, 0.9399, 0.95), (0.949, 0.9495, 0.9495, 0.95)


def _print_verdict_rates(title: str, cases: list[dict[str, Any]]) -> None:
    print(
        f"\n{title}\n\n| {' | '.join(cases[0])} | disagree on | worse: chosen | worse: undecided | alike: undecided |"
    )
    print("|---" * (len(cases[0]) + 4) + "|")
    for case in cases:
        worse, alike = (verdict_rates(accuracies, **case, studies=2000) for accuracies in (WORSE, ALIKE))
        shares = (worse.disagreement, worse.wrong, worse.undecided, alike.undecided)
        shown = [f"{value:,}" for value in case.values()] + [f"{100 * share:.1f} %" for share in shares]
        print(f"| {' | '.join(shown)} |", flush=True)


def _print_coverage(title: str, cases: list[dict[str, Any]]) -> None:
    names = (*cases[0], *(name.replace("_", " ") for name in METRICS))
    print(f"\n{title}\n\n| {' | '.join(names)} |\n" + "|---" * len(names) + "|")
    for case in cases:
        shares = coverage(**case)
        shown = [f"{value:,}" for value in case.values()] + [f"{100 * shares[name]:.0f} %" for name in METRICS]
        print(f"| {' | '.join(shown)} |", flush=True)


def main() -> None:
    """Print every table of docs/evaluation.md."""
    _print_verdict_rates(
        "Independent images",
        [
            {"agreement": agreement, "images": images}
            for agreement in (0.8, 0.95, 0.99)
            for images in (100, 300, 1000, 3000, 10_000)
        ],
    )
    _print_verdict_rates(
        "Images of patients",
        [
            {"agreement": 0.95, "groups": groups, "unequal": unequal, "images": 100 * groups}
            for unequal in (0.0, 1.0)
            for groups in (3, 5, 10, 20, 40, 100)
        ],
    )
    _print_verdict_rates(
        "Trained from several seeds",
        [
            {"agreement": 0.95, "images": 3000, "between_seeds": between, "seeds": seeds}
            for between in (0.001, 0.003)
            for seeds in (1, 3, 5)
        ],
    )
    networks = [(2.0, 1.0), (2.0, 1.5), (4.0, 1.0)]
    _print_coverage(
        "Independent images",
        [
            {"signal": signal, "sharpness": sharpness, "images": images}
            for signal, sharpness in networks
            for images in (30, 100, 400, 1000)
        ],
    )
    _print_coverage(
        "Images of patients",
        [
            {"signal": signal, "sharpness": sharpness, "groups": groups, "images": images}
            for signal, sharpness in networks[:2]
            for groups, images in ((5, 200), (10, 200), (20, 400), (40, 800), (100, 2000))
        ],
    )


if __name__ == "__main__":
    main()
