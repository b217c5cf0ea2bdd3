"""How often the answer of a comparison is right, on made-up studies of which the truth is known.

    OMP_NUM_THREADS=1 python benchmarks/simulate_comparison.py [--studies 500] [--table worst] [--table answers] …

prints the tables of docs/evaluation-derivations.md. Without `--table` all of them, in some 20 minutes on one core.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from leadline.evaluation.bounds import simultaneous_bounds
from leadline.evaluation.choice import CONFIDENCE, choose, selection_flattery
from leadline.evaluation.contestant import Contestant, Criterion, Evidence
from leadline.evaluation.spread import spread_of_trainings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MARGIN = 0.01
BEST, LOST = 0.95, 0.0101
IMAGES, SPREADS = (500, 1000, 2000, 5000), (0.0, 0.005, 0.01)
# Of what decides whether a network is right, this share of the variance is the image's: two networks of 95 % then
# differ on 4 % of the images.
AGREEMENT = 0.9
WITHIN_GROUP = 0.2
VALIDATION, POOL = 0.15, 0.85  # shares of the images: a validation split, or all but the test split


@dataclass(frozen=True)
class Design:
    """What a study consists of. `spread` is the standard deviation of one training's accuracy."""

    images: int
    folds: int = 5
    spread: float = 0.0
    groups: int = 0
    unequal: float = 0.0  # standard deviation of the logarithm of a group's size
    rare: float = 0.0  # share of the images that are of the rarer of two classes; 0 for equal ones


def contestants(generator: np.random.Generator, truth: Floats, design: Design) -> list[Contestant]:
    """Networks of these true accuracies (networks, classes), the cheapest first; one training each without folds."""
    n, networks = design.images, len(truth)
    group = _groups(generator, design)
    fold = np.zeros(n, dtype=np.int64)
    if design.folds:
        units = np.arange(n) if group is None else group
        fold = generator.permutation(int(units.max()) + 1)[units] % design.folds
    labels = (np.arange(n) < round((design.rare or 0.5) * n)).astype(np.int64)
    moved = design.spread * generator.standard_normal((networks, max(1, design.folds)))
    share = np.sqrt([AGREEMENT, 1 - AGREEMENT])
    latent = share[0] * _normal(generator, 1, group, n) + share[1] * _normal(generator, networks, group, n)
    right = latent < special.ndtri((truth[:, labels] + moved[:, fold]).clip(0.01, 0.999))
    paths = tuple(map(str, range(n)))
    return [
        Contestant(
            name=str(k),
            paths=paths,
            correct=own[:, None],
            trainings=fold[:, None],
            labels=labels,
            classes=("frequent", "rare"),
            groups=group,
            multiply_adds=2.0**k,
            seconds_per_image=2.0**k,
        )
        for k, own in enumerate(right)
    ]


def wrongly_shown(truth: Floats, design: Design, *, studies: int, criterion: Criterion = "accuracy") -> float:
    """The share of studies in which some network that loses more than the margin is shown not to."""
    generator = np.random.default_rng(0)
    worse = truth.mean(axis=1).max() - truth.mean(axis=1) > MARGIN
    wrong = 0
    for _ in range(studies):
        evidence = Evidence.shared_by(contestants(generator, truth, design), criterion)
        bounds = simultaneous_bounds(evidence, spread_of_trainings(evidence), confidence=CONFIDENCE).max(axis=1)
        wrong += bool((bounds[worse] < MARGIN).any())
    return wrong / studies


def worst(networks: int, *, in_rare: bool = False) -> Floats:
    """All but the last, the dearest, lose 1.01 points against it, or twice that in the rare class alone."""
    truth = np.full((networks, 2), BEST)
    truth[:-1] -= [0.0, 2 * LOST] if in_rare else LOST
    return truth


@dataclass(frozen=True)
class Kind:
    """Eight networks: the most accurate within `best`, the others behind by `behind` on average, whatever they cost."""

    name: str
    best: tuple[float, float]
    behind: float

    def truth(self, generator: np.random.Generator) -> Floats:
        lost = np.r_[0.0, generator.exponential(self.behind, size=7)]
        return np.repeat((generator.uniform(*self.best) - generator.permutation(lost))[:, None], 2, axis=1)


CLOSE = Kind("close: best 90 to 98 %, others 2 points behind", (0.90, 0.98), 0.02)
APART = Kind("apart: best 97 to 99.5 %, others 5 points behind", (0.97, 0.995), 0.05)


@dataclass
class Tally:
    """Of studies with one kind of answer."""

    studies: int = 0
    wrong: int = 0  # the named network truly loses more than the margin
    lost: float = 0.0
    probability: float = 0.0


@dataclass
class Answers:
    """What `choose` answered in typical studies, and whether that was true."""

    by_certainty: dict[str, Tally]
    guarantee_held: float = 0.0
    all_bounds_held: float = 0.0
    best_kept: float = 0.0
    in_set: float = 0.0

    @property
    def lost(self) -> float:
        tallies = self.by_certainty.values()
        return sum(one.lost for one in tallies) / sum(one.studies for one in tallies)


def answers(kind: Kind, design: Design, *, studies: int) -> Answers:
    generator = np.random.default_rng(1)
    found = Answers({name: Tally() for name in ("shown", "likely", "best guess")})
    for study in range(studies):
        truth = kind.truth(generator)
        lost = truth.mean(axis=1).max() - truth.mean(axis=1)
        answer = choose(contestants(generator, truth, design), margin=MARGIN, seed=study)
        tally = found.by_certainty[answer.certainty]
        own = float(lost[int(answer.name)])
        tally.studies += 1
        tally.wrong += own > MARGIN
        tally.lost += own
        tally.probability += answer.probability
        found.guarantee_held += (own <= answer.guaranteed_loss) / studies
        found.all_bounds_held += all(lost[int(one.name)] <= one.loss_bound for one in answer.networks) / studies
        found.best_kept += (str(lost.argmin()) not in answer.ruled_out) / studies
        found.in_set += (len(lost) - len(answer.ruled_out)) / studies
    return found


def _groups(generator: np.random.Generator, design: Design) -> Integers | None:
    if not design.groups:
        return None
    sizes = np.exp(design.unequal * generator.normal(size=design.groups))
    drawn = generator.choice(design.groups, size=design.images, p=sizes / sizes.sum())
    return np.asarray(np.unique(drawn, return_inverse=True)[1])


def _normal(generator: np.random.Generator, rows: int, group: Integers | None, images: int) -> Floats:
    own = generator.standard_normal((rows, images))
    if group is None:
        return own
    common = generator.standard_normal((rows, int(group.max()) + 1))[:, group]
    return np.sqrt(WITHIN_GROUP) * common + np.sqrt(1 - WITHIN_GROUP) * own


def print_worst(studies: int) -> None:
    print(
        "\nEvery cheaper network truly loses 1.01 points; share of studies in which one is shown to lose less than 1:"
    )
    for folds, title in ((5, "five folds"), (0, "one training each, held out; 0.5 points of spread are assumed")):
        print(f"\n| {title}: networks | spread | {' | '.join(f'{n:,} images' for n in IMAGES)} |")
        print("|---" * (2 + len(IMAGES)) + "|")
        for networks in (2, 4, 8):
            for spread in SPREADS:
                designs = [Design(n, folds, spread) for n in IMAGES]
                _row(
                    networks,
                    f"{100 * spread:g}",
                    *(wrongly_shown(worst(networks), one, studies=studies) for one in designs),
                )


def print_groups(studies: int) -> None:
    print("\nThe same with 50 images a patient, five folds of patients, four networks:")
    groups = (10, 20, 40, 100)
    print(f"\n| unequal | spread | {' | '.join(f'{one} patients' for one in groups)} |")
    print("|---" * (2 + len(groups)) + "|")
    for unequal in (0.0, 1.0):
        for spread in (0.0, 0.005):
            designs = [Design(50 * one, 5, spread, one, unequal) for one in groups]
            rates = [wrongly_shown(worst(4), one, studies=studies) for one in designs]
            _row(f"{unequal:g}", f"{100 * spread:g}", *rates)


def print_balanced(studies: int) -> None:
    print("\nThe same in balanced accuracy of two classes, five folds, four networks, no spread:")
    print(f"\n| rare class | lost in | {' | '.join(f'{n:,} images' for n in IMAGES)} |")
    print("|---" * (2 + len(IMAGES)) + "|")
    for rare in (0.05, 0.2):
        for in_rare in (False, True):
            designs = [Design(n, 5, rare=rare) for n in IMAGES]
            rates = [
                wrongly_shown(worst(4, in_rare=in_rare), one, studies=studies, criterion="balanced_accuracy")
                for one in designs
            ]
            _row(f"{100 * rare:g} %", "the rare class" if in_rare else "both classes", *rates)


def print_answers(studies: int) -> None:
    print("\nEight typical networks, 0.4 points of spread: how often each answer is given, and is wrong.")
    columns = (
        "shown", "wrong", "likely", "wrong", "P stated", "best guess", "wrong", "lost on average", "guarantee held",
        "all bounds held", "best not ruled out", "networks not ruled out",
    )  # fmt: skip
    for kind in (CLOSE, APART):
        print(f"\n| {kind.name}; images | judged by | {' | '.join(columns)} |")
        print("|---" * (2 + len(columns)) + "|")
        for n in IMAGES:
            for title, design in (
                ("15 % held out", Design(round(VALIDATION * n), 0, 0.004)),
                ("5 folds of 85 %", Design(round(POOL * n), 5, 0.004)),
            ):
                found = answers(kind, design, studies=studies)
                shown, likely, guess = found.by_certainty.values()
                _row(
                    f"{n:,}", title,
                    shown.studies / studies, _share(shown.wrong, shown.studies),
                    likely.studies / studies, _share(likely.wrong, likely.studies),
                    _share(likely.probability, likely.studies),
                    guess.studies / studies, _share(guess.wrong, guess.studies),
                    f"{100 * found.lost:.2f} points", found.guarantee_held, found.all_bounds_held, found.best_kept,
                    f"{found.in_set:.1f}",
                )  # fmt: skip


def print_flattery(studies: int) -> None:
    print("\nBy how much the best of eight networks flatters itself, held out:")
    print("\n| networks | images | truly | estimated |\n|---|---|---|---|")
    for title, kind in (("all equal", None), ("close", CLOSE), ("apart", APART)):
        for n in (100, 300, 1000):
            generator = np.random.default_rng(2)
            true, stated = [], []
            for study in range(studies // 5):
                truth = kind.truth(generator) if kind else np.full((8, 2), BEST)
                made = contestants(generator, truth, Design(n, 0))
                estimates = Evidence.shared_by(made, "accuracy").estimates
                true.append(estimates.max() - truth[estimates.argmax(), 0])
                stated.append(selection_flattery(made, seed=study))
            _row(title, f"{n:,}", f"{100 * np.mean(true):.2f}", f"{100 * np.mean(stated):.2f}")


def _share(part: float, whole: int) -> float | str:
    return part / whole if whole else "–"


def _row(*cells: float | str) -> None:
    shown = [f"{100 * cell:.1f} %" if isinstance(cell, float) else str(cell) for cell in cells]
    print(f"| {' | '.join(shown)} |", flush=True)


TABLES: dict[str, Callable[[int], None]] = {
    "worst": print_worst,
    "groups": print_groups,
    "balanced": print_balanced,
    "answers": print_answers,
    "flattery": print_flattery,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=500, help="made-up studies for each figure")
    parser.add_argument("--table", choices=TABLES, action="append", help="this table alone; may be given again")
    options = parser.parse_args()
    for name in options.table or TABLES:
        TABLES[name](options.studies)


if __name__ == "__main__":
    main()
