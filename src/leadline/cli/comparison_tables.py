"""The tables of a comparison on the terminal: its rounds, further seeds, fewer images, tests; rows of plain text."""

from dataclasses import dataclass
from typing import Final

from leadline.evaluation.records import LearningCurve, SplitName
from leadline.report.answer import standings_of
from leadline.report.run_tables import remarks_of
from leadline.results.comparison_result import ComparisonResult, NetworkResult, PairTests, Round
from leadline.wording import (
    SPACE,
    chance,
    count,
    duration,
    percent,
    percent_with_interval,
    points,
    probability,
)

CHOSEN_ON: Final[tuple[SplitName, SplitName]] = ("out-of-fold", "validation")
TEST: Final = "test"


@dataclass(frozen=True)
class Shown:
    columns: tuple[str, ...]
    rows: list[list[str]]
    title: str
    below: tuple[str, ...] = ()  # lines under the table


def tables(result: ComparisonResult) -> list[Shown]:
    """Those for which there is something to show, in the order of the rounds, the final last of these."""
    final = result.final
    rounds = [_earlier(part, result) for part in result.rounds if part is not final]
    newest = [_final(final, result)] if final else []
    beside = [_seeds(result), _fewer_images(result.learning_curve), _tests(result.tests)]
    return [shown for shown in (*rounds, *newest, *beside) if shown and shown.rows]


def _earlier(part: Round, result: ComparisonResult) -> Shown:
    """A heat, or a final that was followed by a longer one."""
    rows = [
        [one.name, f"{one.steps:,}", _time(one.training_seconds), _measured(one, result.criterion), _remarks(one)]
        for one in part.networks
    ]
    return Shown(("network", "steps", "training", _measure(part, result), "remark"), rows, f"the {part.kind}")


def _final(part: Round, result: ComparisonResult) -> Shown:
    standings = standings_of(result)
    tested = any(TEST in network.metrics for network in part.networks)
    remarked = any(map(_remarks, part.networks))
    columns = [
        "network", "per image", "multiply-adds", "parameters", "steps", "training", _measure(part, result),
        "points below the best", f"P(less than {100 * result.margin:g})",
    ]  # fmt: skip
    rows = []
    for one in part.networks:
        standing = standings.get(one.name)
        prediction = one.seconds_per_image.prediction if one.seconds_per_image else None
        row = [
            one.name, _time(prediction), count(one.multiply_adds), count(one.parameters),
            f"{one.steps:,}", _time(one.training_seconds), _measured(one, result.criterion),
            f"{points(standing.loss, 1)}, at most {points(max(0.0, standing.loss_bound), 1)}" if standing else "–",
            probability(standing.probability) if standing else "–",
        ]  # fmt: skip
        tested_on = one.metrics.get("test")
        row += [percent_with_interval(tested_on.of(result.criterion) if tested_on else None)] if tested else []
        rows.append([*row, _remarks(one)] if remarked else row)
    columns += ["test"] * tested + ["remark"] * remarked
    title = "the final" if result.heat else "the networks"
    return Shown(tuple(columns), rows, title, tuple(_below(part, result)))


def _below(part: Round, result: ComparisonResult) -> list[str]:
    """What the figures are held against, how the intervals were made, and the warnings that hold for every network."""
    found = []
    for split in (*CHOSEN_ON, TEST):
        measured = [network.metrics[split] for network in part.networks if split in network.metrics]
        if not measured:
            continue
        estimate, baseline = measured[0].of(result.criterion), measured[0].majority_baseline
        if estimate and estimate.value is not None:
            found.append(f"{split}: {estimate.n:,} images, intervals {estimate.method}")
        if result.criterion == "accuracy" and baseline is not None:
            found[-1] += f"; always the largest class {percent(baseline)}"
        shared = [text for text in measured[0].warnings if all(text in metrics.warnings for metrics in measured)]
        found += [f"{split}: {text}" for text in shared]
    return found


def _measure(part: Round, result: ComparisonResult) -> str:
    split = next((name for name in CHOSEN_ON for network in part.networks if name in network.metrics), CHOSEN_ON[1])
    return f"{split}{'' if result.criterion == 'accuracy' else ', balanced accuracy'} (95 % interval)"


def _measured(network: NetworkResult, criterion: str) -> str:
    metrics = next((network.metrics[name] for name in CHOSEN_ON if name in network.metrics), None)
    return percent_with_interval(metrics.of(criterion) if metrics else None)


def _time(seconds: float | None) -> str:
    return duration(seconds or None)


def _remarks(network: NetworkResult) -> str:
    return "; ".join(remarks_of(network))


def _seeds(result: ComparisonResult) -> Shown:
    """A row per network that was trained from several seeds, in percentage points of validation accuracy."""
    rows = []
    for name, splits in result.seed_spreads.items():
        if not (spread := splits.get("validation")):
            continue
        accuracies, images = spread.accuracies, spread.between_images
        rows.append(
            [
                name,
                str(len(accuracies)),
                percent(spread.accuracy),
                f"{percent(min(accuracies))} to {percent(max(accuracies))}",
                f"{points(spread.between_seeds)}{SPACE}points",
                "not known" if images is None else f"{points(images)}{SPACE}points",
            ]
        )
    columns = ("network", "seeds", "mean", "lowest to highest", "deviation between seeds", "error from the images")
    return Shown(columns, rows, "trained again from other seeds: validation accuracy")


def _fewer_images(curve: LearningCurve | None) -> Shown | None:
    if curve is None:
        return None
    rows = [[f"{point.images:,}", percent_with_interval(point.accuracy)] for point in curve.points]
    columns = ("training images", f"{curve.network}, validation (95 % interval)")
    return Shown(columns, rows, "would more images help?", (curve.reason,))


def _tests(tests: PairTests | None) -> Shown | None:
    """A row per pair of networks."""
    if tests is None:
        return None
    rows = [
        [
            f"{pair.first} – {pair.second}",
            f"{points(pair.value, 1)} ({points(pair.low, 1)} to {points(pair.high, 1)})",
            f"{pair.only_first:,}",
            f"{pair.only_second:,}",
            chance(pair.p_value),
            chance(pair.p_value_holm),
        ]
        for pair in tests.pairs
    ]
    columns = ("pair", "difference (95 % interval)", "only first right", "only second", "p", "p (Holm)")
    below = (f"on the {tests.split} images; the answer does not rest on these tests",)
    return Shown(columns, rows, "McNemar's exact test, points", below)
