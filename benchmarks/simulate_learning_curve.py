"""How often what is said of more images is right: made-up networks whose errors follow a known law.

    OMP_NUM_THREADS=1 python benchmarks/simulate_learning_curve.py

prints the table of docs/evaluation-derivations.md, in about two minutes.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from leadline.evaluation.learning_curve import HARDLY, UNKNOWN, YES, learning_curve
from leadline.evaluation.predictions import Predictions

SIZES = (125, 250, 500, 1000)
STUDIES = 100
# Of what makes an image hard, this share is common to all trainings, and with groups half of that to a group.
COMMON = 0.7
# End, fall and exponent of error(n) = end + fall · (n / 1000)^−exponent.
LAWS = ((0.02, 0.1, 0.5), (0.0, 0.2, 0.3), (0.05, 0.05, 1.0), (0.15, 0.003, 1.0), (0.1, 0.0, 0.5))


def made_up_tables(
    law: tuple[float, float, float],
    *,
    images: int,
    seed: int,
    sizes: Sequence[int] = SIZES,
    seeds: int = 1,
    spread: float = 0.005,
    groups: int = 0,
) -> dict[int, list[Predictions]]:
    """Per size a table per seed, of networks that err as `law` says, give or take `spread` (a standard deviation)."""
    end, fall, exponent = law
    random = np.random.default_rng(seed)
    hardness = random.standard_normal(images)
    group = random.integers(0, groups, images) if groups else np.arange(images)
    if groups:
        hardness = np.sqrt(0.5) * (hardness + random.standard_normal(groups)[group])
    tables: dict[int, list[Predictions]] = {}
    for size in sizes:
        for _ in range(seeds):
            error = float(np.clip(end + fall * (size / 1000) ** -exponent + spread * random.normal(), 1e-4, 0.9))
            difficulty = np.sqrt(COMMON) * hardness + np.sqrt(1 - COMMON) * random.standard_normal(images)
            right = np.where(difficulty < NormalDist().inv_cdf(1 - error), 0.9, 0.1)
            tables.setdefault(size, []).append(
                Predictions.from_arrays(
                    paths=[str(number) for number in range(images)],
                    probabilities=np.column_stack([right, 1 - right]),
                    classes=("a", "b"),
                    labels=["a"] * images,
                    groups=[str(one) for one in group] if groups else None,
                )
            )
    return tables


def study(law: tuple[float, float, float], *, images: int, spread: float, studies: int = STUDIES) -> dict[str, float]:
    """Shares of made-up studies: each answer, and how often the intervals of accuracy and gain hold the truth."""
    end, fall, exponent = law
    doubling = fall * (2**exponent - 1)
    accuracy, gain = 1 - end - fall * 2**-exponent, fall * (1 - 2**-exponent)
    found = [learning_curve(made_up_tables(law, images=images, seed=seed, spread=spread)) for seed in range(studies)]
    answers = Counter(one.answer for one in found)
    twice = [one.forecast[0] for one in found]
    gains = [one.gain_of_twice for one in found]
    last = [one.last_doubling for one in found]
    return {
        "gain": gain,
        **{answer: answers[answer] / studies for answer in (YES, HARDLY, UNKNOWN)},
        "accuracy held": float(np.mean([one.low <= accuracy <= one.high for one in twice])),
        "gain held": float(np.mean([one.low <= gain <= one.high for one in gains])),
        "last doubling held": float(np.mean([one.low <= doubling <= one.high for one in last])),
    }


def main() -> None:
    columns = ("gain", YES, HARDLY, UNKNOWN, "accuracy held", "gain held", "last doubling held")
    print(f"| a, b, c | images | spread | true {' | '.join(columns)} |")
    print("|---" * (3 + len(columns)) + "|")
    for law in LAWS:
        for images in (300, 3000):
            for spread in (0.005, 0.015):
                found = study(law, images=images, spread=spread)
                shares = " | ".join(f"{found[name]:.0%}".replace("%", " %") for name in columns[1:])
                named = ", ".join(f"{part:g}" for part in law)
                print(f"| {named} | {images:,} | {spread} | {100 * found['gain']:.1f} points | {shares} |")


if __name__ == "__main__":
    main()
