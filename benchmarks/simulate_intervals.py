"""How often 95 % intervals of metrics hold the truth, on made-up images of which it is known.

    OMP_NUM_THREADS=1 python benchmarks/simulate_intervals.py [--table metrics|ranking]

prints the tables of docs/evaluation-derivations.md: `metrics` in about twenty minutes, `ranking` in three.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from leadline.evaluation.metrics import Statistics, measure, ranked
from leadline.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "matthews_correlation",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
)
RANKING = ("auroc", "average_precision")
STUDIES = 400


@dataclass(frozen=True)
class Design:
    """An image's logits are `signal` for its class plus normal noise, of which `within_group` is common to a group.

    The probabilities are what Bayes' rule makes of them, exaggerated by `sharpness`. With `label_of_group` a whole
    group, such as a patient, is of one class.
    """

    images: int
    signal: float = 2.0
    sharpness: float = 1.0
    prior: tuple[float, ...] = (0.6, 0.3, 0.1)
    groups: int = 0
    within_group: float = 0.3
    label_of_group: bool = False


def coverage(design: Design, *, studies: int = STUDIES) -> dict[str, float]:
    """The share of studies whose 95 % interval of each metric holds its true value, that of 400,000 images."""
    many = _truth(design)
    whole = Statistics(many).of(np.ones((len(many), 1)))
    truth = {name: float(values[0]) for name, values in whole.items() if name in METRICS}
    truth["accuracy"] = float((many.predicted_indices == many.label_indices).mean())
    truth["expected_calibration_error"] = float(np.abs(whole["calibration_gaps"]).sum())
    generator = np.random.default_rng(0)
    held, known = dict.fromkeys(METRICS, 0), dict.fromkeys(METRICS, 0)
    for study in range(studies):
        found = measure(_study(generator, design), seed=study)
        for name in METRICS:
            low, high = (getattr(found.of(name), end) for end in ("low", "high"))
            if low is not None:
                known[name] += 1
                held[name] += low <= truth[name] <= high
    return {name: held[name] / known[name] for name in METRICS}


def ranking_coverage(design: Design, *, studies: int = STUDIES) -> dict[str, tuple[float, float]]:
    """Of AUROC and average precision: the share that holds the truth, and the share of studies with an interval."""
    truth = {name: area.value for name, area in ranked(_truth(design)).items()}
    generator = np.random.default_rng(0)
    held, known = dict.fromkeys(RANKING, 0), dict.fromkeys(RANKING, 0)
    for _ in range(studies):
        for name, area in ranked(_study(generator, design)).items():
            if area.low is not None and area.high is not None:
                known[name] += 1
                held[name] += area.low <= (truth[name] or 0) <= area.high
    return {name: (held[name] / max(1, known[name]), known[name] / studies) for name in RANKING}


def _truth(design: Design) -> Predictions:
    groups = 4000 if design.groups else 0
    return _study(np.random.default_rng(1), replace(design, images=400_000, groups=groups))


def _study(generator: np.random.Generator, design: Design) -> Predictions:
    classes = [f"class {k}" for k in range(len(design.prior))]
    group = np.arange(design.images) % design.groups if design.groups else None
    if design.label_of_group and group is not None:
        labels = generator.choice(len(classes), size=design.groups, p=design.prior)[group]
    else:
        labels = generator.choice(len(classes), size=design.images, p=design.prior)
    logits = generator.normal(size=(design.images, len(classes)))
    if group is not None:
        common = generator.normal(size=(design.groups, len(classes)))[group]
        logits = np.sqrt(design.within_group) * common + np.sqrt(1 - design.within_group) * logits
    logits[np.arange(design.images), labels] += design.signal
    return Predictions.from_arrays(
        paths=[f"{k}.png" for k in range(design.images)],
        probabilities=special.softmax(design.sharpness * (design.signal * logits + np.log(design.prior)), axis=1),
        classes=classes,
        labels=[classes[k] for k in labels],
        groups=None if group is None else [str(g) for g in group],
    )


def print_metrics() -> None:
    networks = [(2.0, 1.0), (2.0, 1.5), (4.0, 1.0)]
    alone = [Design(images, signal, sharpness) for signal, sharpness in networks for images in (30, 100, 400, 1000)]
    patients = [
        Design(images, signal, sharpness, groups=groups)
        for signal, sharpness in networks[:2]
        for groups, images in ((5, 200), (10, 200), (20, 400), (40, 800), (100, 2000))
    ]
    for title, designs in (("Independent images", alone), ("Images of patients", patients)):
        print(f"\n{title}\n\n| signal | sharpness | groups | images | {' | '.join(METRICS).replace('_', ' ')} |")
        print("|---" * (4 + len(METRICS)) + "|")
        for one in designs:
            found = coverage(one)
            shares = " | ".join(f"{100 * found[name]:.0f} %" for name in METRICS)
            print(f"| {one.signal} | {one.sharpness} | {one.groups or '–'} | {one.images:,} | {shares} |", flush=True)


def print_ranking() -> None:
    half, rare = (0.5, 0.5), (0.97, 0.03)
    designs = [
        *(Design(images) for images in (30, 100, 400, 1000)),
        *(Design(images, signal=4.0) for images in (400, 1000)),
        *(Design(images, prior=rare) for images in (300, 1000)),
        *(Design(20 * groups, groups=groups) for groups in (5, 10, 20, 40, 100)),
        *(Design(20 * groups, groups=groups, prior=half, label_of_group=True) for groups in (10, 20, 40, 100)),
    ]
    print(
        "\n| signal | classes | images | groups | auroc | average precision | with an interval |\n" + "|---" * 7 + "|"
    )
    for one in designs:
        (auroc, known), (precision, _) = ranking_coverage(one).values()
        classes = ", ".join(f"{100 * share:g} %" for share in one.prior)
        groups = f"{one.groups}, each of one class" if one.label_of_group else one.groups or "–"
        print(
            f"| {one.signal} | {classes} | {one.images:,} | {groups} | {100 * auroc:.0f} % | {100 * precision:.0f} % "
            f"| {100 * known:.0f} % |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", choices=("metrics", "ranking"), help="this one alone")
    chosen = parser.parse_args().table
    for name, table in (("metrics", print_metrics), ("ranking", print_ranking)):
        if chosen in (None, name):
            table()


if __name__ == "__main__":
    main()
