"""Accuracy against cost: what each network gets right, and how far below the best it may be, over what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.drawing.labels import Label, label
from leadline.drawing.palette import of_family, tone_colour
from leadline.drawing.plots import Axis, axes_over, shares
from leadline.results.comparison_result import ComparisonResult, Standing
from leadline.wording import count, duration, percent, points, value_of

# A network further below the best than this, and than most others, is drawn at the lower edge with its accuracy beside
# it, so that the rest can be told apart.
FAR_BELOW = 0.1
# What may lie further below the best than so many margins is an arrow at the lower edge.
MOST_MARGINS = 6
WIDTH, HEIGHT = 480, 360  # CSS pixels


@dataclass(frozen=True)
class Cost:
    """What a network costs per image, and how that is said."""

    name: str
    axis: str
    of: Callable[[Standing], float]
    words: Callable[[float], str]


TIME = Cost("time", "time per image on this machine", lambda standing: standing.seconds_per_image, duration)
MULTIPLY_ADDS = Cost("multiply-adds", "multiply-adds per image", lambda standing: standing.multiply_adds, count)


@dataclass(frozen=True)
class Point:
    """A network; `worst` is as far below the best as it may be, for all networks at once."""

    name: str
    family: str
    cost: float
    accuracy: float
    worst: float
    named: bool


def accuracy_against_cost(result: ComparisonResult, cost: Cost) -> Markup | None:
    """The networks of the answer with their bounds and the margin; None with fewer than two of known cost."""
    answer = result.answer
    if answer is None:
        return None
    families = {network.name: network.family for network in (result.final.networks if result.final else ())}
    best = max(value_of(each.estimate) or 0.0 for each in answer.networks)
    drawn = [
        Point(
            each.name,
            families.get(each.name, ""),
            cost.of(each),
            value_of(each.estimate) or 0.0,
            best - max(each.loss_bound, each.loss),
            each.name == answer.name,
        )
        for each in sorted(answer.networks, key=cost.of)
        if cost.of(each) > 0
    ]
    if len(drawn) < 2:
        return None

    def paint(figure: Figure) -> str:
        floor = _floor(drawn, best, result.margin)
        room = 0.1 * (best - floor) + 1e-3
        across = Axis(cost.axis, (), (drawn[0].cost / 1.8, drawn[-1].cost * 1.8), log=True, words=cost.words)
        unit = "%" if result.criterion == "balanced_accuracy" else "% right"
        axes = axes_over(figure, across, shares(unit, (floor - room, min(1.0, best) + room)), top=36)
        axes.axhspan(best - result.margin, best, color=tone_colour("band"), linewidth=0, zorder=0)
        # The network of the answer is named first, so its name stands nearest to its point.
        label(axes, [_mark(axes, point, floor) for point in sorted(drawn, key=lambda point: not point.named)])
        return _in_words(drawn, best, cost, result.criterion.replace("_", " "))

    return draw(paint, name=f"accuracy-against-{cost.name}", width=WIDTH, height=HEIGHT)


def _floor(drawn: list[Point], best: float, margin: float) -> float:
    """The lowest accuracy that is drawn."""
    typical = median(best - point.accuracy for point in drawn)
    near = [point for point in drawn if best - point.accuracy <= max(FAR_BELOW, 1.5 * typical)]
    deepest = min(max(point.worst, best - MOST_MARGINS * margin) for point in near)
    return min(deepest, best - 1.5 * margin, *(point.accuracy for point in near))


def _mark(axes: Axes, point: Point, floor: float) -> Label:
    """Draw one network; what is to be written beside it."""
    bottom = axes.get_ylim()[0]
    colour = tone_colour(point.family)
    mark = partial(axes.plot, point.cost, clip_on=False, zorder=4)
    if point.accuracy < floor:
        mark(bottom, marker="v", markersize=9, color=colour)
        return Label(f"{point.name} {percent(point.accuracy)}", point.cost, bottom, bottom, point.named)
    lowest = max(point.worst, bottom)
    end, size = ("_", 10) if point.worst >= bottom else ("v", 7)
    axes.vlines(point.cost, lowest, point.accuracy, color=colour, linewidth=1.75)
    mark(lowest, marker=end, markersize=size, markeredgewidth=2, color=colour)
    mark(point.accuracy, marker=of_family(point.family)[1], markersize=9.5, color=colour)
    if point.named:
        ink = tone_colour("ink")
        mark(point.accuracy, marker="o", markersize=21, fillstyle="none", markeredgewidth=1.75, color=ink)
    return Label(point.name, point.cost, point.accuracy, lowest, point.named)


def _in_words(drawn: list[Point], best: float, cost: Cost, measure: str) -> str:
    each = "; ".join(
        f"{point.name}: {cost.words(point.cost)}, {percent(point.accuracy)}, at most "
        f"{points(best - point.worst, 1)} points below the best"
        for point in drawn
    )
    named = next((f" The answer is {point.name}." for point in drawn if point.named), "")
    return f"{measure.capitalize()} of each network against {cost.axis}, from cheap to dear. {each}.{named}"
