"""Pictures of trainings: errors against steps, seed beside seed, the use of branches, error against depth."""

from collections.abc import Sequence
from statistics import fmean

from leadline.claims.experiment import Experiment, by_seed, interval
from leadline.drawing.bars import Bar, bars
from leadline.drawing.plots import Axis, Series, plot
from leadline.drawing.sheet import Drawing
from leadline.results.lab_result import ExperimentResult, TrainingRecord

# In this order; two that stand beside one another differ in lightness, too.
TONES = ("ResNet", "wrong", "ink", "DenseNet", "AlexNet", "GoogLeNet", "VGG")
DEPTHS = (8, 16, 32, 64, 128)
FAMILY_TONES = {"plain": "ink"}  # others have their family's own
SHOWN = {"test_error": "test error, %", "train_error": "training error, %"}


def picture(experiment: Experiment, result: ExperimentResult) -> Drawing:
    if experiment.picture == "branches":
        return _branches(experiment, result)
    if experiment.picture == "seeds":
        return _seeds(experiment, result)
    if experiment.picture == "depth":
        return _depth(experiment, result)
    return _curves(experiment, result, tests=experiment.picture == "training curves")


def _tones(experiment: Experiment) -> dict[str, str]:
    return {network: TONES[number % len(TONES)] for number, network in enumerate(experiment.networks)}


def _curves(experiment: Experiment, result: ExperimentResult, *, tests: bool) -> Drawing:
    """Means over seeds, with a band from the lowest to the highest; with `tests`, the test error dashed."""
    series, words = [], []
    longest = max(point.step for training_run in result.trainings for point in training_run.curve)
    for network, tone in _tones(experiment).items():
        several = [training_run for training_run in result.trainings if training_run.network == network]
        if not several:
            continue
        steps = [point.step for point in several[0].curve]
        training = [[100 * point.train_error for point in training_run.curve] for training_run in several]
        lows, highs = _ends(training)
        means = [fmean(at) for at in zip(*training, strict=True)]
        series.append(
            Series(
                network, steps, means, tone, marked=False, intervals=list(zip(lows, highs, strict=True)), banded=True
            )
        )
        if tests:
            held_out = [[100 * point.test_error for point in training_run.curve] for training_run in several]
            series.append(
                Series("", steps, [fmean(at) for at in zip(*held_out, strict=True)], tone, dashed=True, marked=False,
                       width=1.5)
            )  # fmt: skip
        words.append(f"{network}: {means[-1]:.1f} % on training images at the end")
    top = 100.0 if tests else 130.0
    return plot(
        series,
        across=Axis("steps", (), (0, longest * 1.02)),
        up=Axis("error, %" + ("; dashed: on images not trained on" if tests else ""), (0, 25, 50, 75, 100), (-3, top)),
        says=f"Error against steps, over {_seed_count(result)} seeds. {'; '.join(words)}.",
        tall=300,
    )


def _ends(curves: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    at = list(zip(*curves, strict=True))
    return [min(values) for values in at], [max(values) for values in at]


def _seeds(experiment: Experiment, result: ExperimentResult) -> Drawing:
    """A thin line per seed joins what it came to with each network; the mean and its interval stand out."""
    networks = [name for name in experiment.networks if by_seed(result.trainings, name, experiment.of)]
    values = {name: by_seed(result.trainings, name, experiment.of) for name in networks}
    seeds = sorted(set.intersection(*map(set, values.values())))
    places = list(range(len(networks)))
    lines = [name.replace("-", "\n") if len(networks) > 3 else name for name in networks]  # five fit on a phone
    series = [
        Series("a seed" if seed == seeds[0] else "", places, [values[name][seed] for name in networks], "muted",
               marked=False, width=0.8)
        for seed in seeds
    ]  # fmt: skip
    intervals = [interval([values[name][seed] for seed in seeds]) for name in networks]
    means = [mean for mean, _, _ in intervals]
    ends = [(low, high) if len(seeds) > 1 else (mean, mean) for mean, low, high in intervals]
    series.append(
        Series("mean, with its 95 % interval over seeds", places, means, "right", joined=False, intervals=ends,
               labels=[f"{mean:.1f}" for mean in means], beside=["right"] * len(places))
    )  # fmt: skip
    drawn = [*(y for line in series for y in line.ys), *(y for pair in ends for y in pair)]
    lowest, highest = max(0.0, min(drawn)), max(drawn)
    room = max(0.08 * (highest - lowest), 0.2)
    return plot(
        series,
        across=Axis("", places, (-0.3, len(networks) - 1 + 0.5), words=lambda at: lines[round(at)]),
        up=Axis(SHOWN[experiment.of], (), (lowest - room, highest + room)),
        says=f"{SHOWN[experiment.of].partition(',')[0].capitalize()} of {len(seeds)} seeds. "
        + "; ".join(f"{name}: {mean:.1f} %" for name, mean in zip(networks, means, strict=True))
        + ".",
        tall=300,
    )


def _branches(experiment: Experiment, result: ExperimentResult) -> Drawing:
    """Per module and branch, from the shortest training to the longest."""
    rows = []
    networks = list(experiment.networks)
    longest = _means([training for training in result.trainings if training.network == networks[-1]])
    for module, used in longest.items():
        for number, branch in enumerate(used):
            history = [
                _means([training for training in result.trainings if training.network == network])[module][branch]
                for network in networks
            ]
            rows.append(
                Bar(
                    branch,
                    ((used[branch], "GoogLeNet"),),
                    "1 → " + " → ".join(f"{value:.2f}" for value in history),
                    heading=f"module {module}" if not number else "",
                )
            )
    return bars(rows, title="How much of each branch the following layers use, per channel, as training goes on")


def _means(trainings: Sequence[TrainingRecord]) -> dict[str, dict[str, float]]:
    first = trainings[0].branches
    return {
        module: {branch: fmean(training.branches[module][branch] for training in trainings) for branch in used}
        for module, used in first.items()
    }


def _depth(experiment: Experiment, result: ExperimentResult) -> Drawing:
    """Test error against depth, family by family, with intervals over seeds."""
    families: dict[str, list[tuple[int, float, float, float]]] = {}
    for network in experiment.networks:
        values = list(by_seed(result.trainings, network, "test_error").values())
        if values:
            family, _, depth = network.rpartition("-")
            mean, low, high = interval(values)
            families.setdefault(family, []).append((int(depth), mean, low if len(values) > 1 else mean,
                                                 high if len(values) > 1 else mean))  # fmt: skip
    depths = sorted({depth for points in families.values() for depth, *_ in points})
    series = [
        Series(
            family,
            [point[0] for point in sorted(points)],
            [point[1] for point in sorted(points)],
            FAMILY_TONES.get(family, family),
            intervals=[(max(0.0, point[2]), point[3]) for point in sorted(points)],
        )
        for family, points in families.items()
    ]
    ends = [end for line in series for pair in line.intervals for end in pair]
    return plot(
        series,
        across=Axis(
            "layers with weights, on a logarithmic scale",
            [depth for depth in DEPTHS if depth <= depths[-1]],
            (depths[0] * 0.9, depths[-1] * 1.1),
            log=True,
        ),
        up=Axis("test error, %", (), (max(0.0, min(ends) * 0.9), max(ends) * 1.05)),
        says=f"Test error against depth, over {_seed_count(result)} seeds. "
        + "; ".join(
            f"{line.name}: " + ", ".join(f"{x:g} layers {y:.1f} %" for x, y in zip(line.xs, line.ys, strict=True))
            for line in series
        )
        + ".",
        tall=320,
    )  # fmt: skip


def _seed_count(result: ExperimentResult) -> int:
    return len({training.seed for training in result.trainings})
