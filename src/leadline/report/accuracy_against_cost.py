"""Accuracy against cost: what each network gets right, and how far below the best it may be, over what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import IdentityTransform

from leadline.drawing.figure import NARROW, axes_within, both_widths, name_upright_axis, text_width
from leadline.drawing.palette import BAND, INK, MUTED, of_family
from leadline.report.labels import Box, Label, place
from leadline.results.comparison_result import ComparisonResult, Standing
from leadline.wording import count, duration, percent, points

# A network further below the best than this, and than most others, is drawn at the lower edge with its accuracy beside
# it, so that the rest can be told apart.
FAR_BELOW = 0.1
# What may lie further below the best than so many margins is an arrow at the lower edge.
MOST_MARGINS = 6
WIDTH, HEIGHTS = 560, (400, 400)  # CSS pixels


@dataclass(frozen=True)
class Cost:
    """What a network costs per image, and how that is said."""

    name: str
    axis: str
    of: Callable[[Standing], float]
    words: Callable[[float], str]


TIME = Cost("time", "time per image on this machine", lambda one: one.seconds_per_image, duration)
MULTIPLY_ADDS = Cost("multiply-adds", "multiply-adds per image", lambda one: one.multiply_adds, count)


@dataclass(frozen=True)
class Point:
    name: str
    cost: float
    accuracy: float
    worst: float  # as far below the best as it may be, for all networks at once
    colour: str
    marker: str
    named: bool


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn."""

    points: tuple[Point, ...]
    cost: Cost
    best: float
    margin: float
    balanced: bool

    @property
    def floor(self) -> float:
        """The lowest accuracy that is drawn."""
        typical = median(self.best - point.accuracy for point in self.points)
        near = [point for point in self.points if self.best - point.accuracy <= max(FAR_BELOW, 1.5 * typical)]
        deepest = min(max(point.worst, self.best - MOST_MARGINS * self.margin) for point in near)
        return min(deepest, self.best - 1.5 * self.margin, *(point.accuracy for point in near))


def accuracy_against_cost(result: ComparisonResult, cost: Cost) -> Markup | None:
    """The networks of the answer with their bounds and the margin; None with fewer than two of known cost."""
    answer = result.answer
    if answer is None:
        return None
    families = {network.name: network.family for network in (result.final.networks if result.final else ())}
    best = max(network.estimate.value or 0.0 for network in answer.networks)
    points = [
        Point(
            one.name,
            cost.of(one),
            one.estimate.value or 0.0,
            best - max(one.loss_bound, one.loss),
            *_looks(families.get(one.name)),
            named=one.name == answer.name,
        )
        for one in answer.networks
        if cost.of(one) > 0
    ]
    if len(points) < 2:
        return None
    scene = Scene(tuple(points), cost, best, result.margin, result.criterion == "balanced_accuracy")
    return both_widths(
        lambda figure, width: _paint(figure, scene, narrow=width == NARROW),
        name=f"accuracy-against-{cost.name}",
        heights=HEIGHTS,
        width=WIDTH,
    )


def _looks(family: str | None) -> tuple[str, str]:
    colour, marker = of_family(family)
    return colour.light, marker


def _paint(figure: Figure, scene: Scene, *, narrow: bool) -> str:
    axes = axes_within(figure, left=44, right=12, top=78, bottom=46)
    room = 0.1 * (scene.best - scene.floor) + 1e-3
    axes.set_ylim(scene.floor - room, min(1.0, scene.best) + room)
    costs = [point.cost for point in scene.points]
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / 1.8, max(costs) * 1.8)
    _dress(axes, scene, narrow=narrow)
    obstacles = [box for point in scene.points for box in _mark(axes, point, scene.floor)]
    _name(axes, scene, obstacles)
    _explain(axes, scene)
    return _describe(scene)


def _dress(axes: Axes, scene: Scene, *, narrow: bool) -> None:
    axes.grid(axis="y")
    axes.axhspan(scene.best - scene.margin, scene.best, color=BAND.light, linewidth=0, zorder=0)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}" if value <= 1 + 1e-9 else ""))
    cheapest, dearest = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if dearest < 30 * cheapest else (1.0,) if narrow else (1.0, 3.0)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: scene.cost.words(value)))
    axes.set_xlabel(scene.cost.axis, labelpad=6)


def _mark(axes: Axes, point: Point, floor: float) -> list[Box]:
    """Draw one network; the boxes are what its name and others' must not cover."""
    bottom = axes.get_ylim()[0]
    if point.accuracy < floor:
        axes.plot([point.cost], [bottom], marker="v", markersize=9, color=point.colour, clip_on=False)
        x, y = axes.transData.transform((point.cost, bottom))
        return [Box(x - 8, y - 4, x + 8, y + 10)]
    lowest = max(point.worst, bottom)
    axes.vlines(point.cost, lowest, point.accuracy, color=point.colour, linewidth=1.75)
    end = "_" if point.worst >= bottom else "v"
    axes.plot(
        [point.cost], [lowest], marker=end, markersize=10 if end == "_" else 7, markeredgewidth=2, color=point.colour,
        clip_on=False, zorder=3,
    )  # fmt: skip
    axes.plot([point.cost], [point.accuracy], marker=point.marker, markersize=9.5, color=point.colour, zorder=4)
    if point.named:
        axes.plot(
            [point.cost], [point.accuracy], marker="o", markersize=21, fillstyle="none", color=INK.light,
            markeredgewidth=1.75, zorder=5,
        )  # fmt: skip
    x, y = axes.transData.transform((point.cost, point.accuracy))
    end_y = axes.transData.transform((point.cost, lowest))[1]
    reach = 12 if point.named else 8
    return [Box(x - reach, y - reach, x + reach, y + reach), Box(x - 6, end_y - 3, x + 6, y)]


def _name(axes: Axes, scene: Scene, obstacles: list[Box]) -> None:
    """The network of the answer is named first, so its name stands nearest to its point."""
    ordered = sorted(scene.points, key=lambda point: (not point.named, point.cost))
    bottom = axes.get_ylim()[0]
    texts, labels = [], []
    for point in ordered:
        below = point.accuracy < scene.floor
        texts.append(f"{point.name} {percent(point.accuracy)}" if below else point.name)
        x, y = axes.transData.transform((point.cost, bottom if below else point.accuracy))
        low = axes.transData.transform((point.cost, bottom if below else max(point.worst, bottom)))[1]
        labels.append(Label(x, y + 8 * below, low, y + 12 * point.named, width=text_width(texts[-1]) + 8, height=15))
    window = axes.get_window_extent()
    within = Box(window.x0, window.y0, window.x1, window.y1 + 12)
    for point, text, centre in zip(ordered, texts, place(labels, obstacles=obstacles, within=within), strict=True):
        axes.text(
            *centre, text, transform=IdentityTransform(), ha="center", va="center", color=INK.light,
            fontweight="bold" if point.named else "normal",
        )  # fmt: skip


def _explain(axes: Axes, scene: Scene) -> None:
    def sign(label: str, marker: str, **style: Any) -> Line2D:
        return Line2D([], [], color=INK.light, linestyle="", marker=marker, label=label, **style)

    axes.figure.legend(
        handles=[
            sign("observed", "o", markersize=8),
            sign("at worst (95 %)", "_", markersize=10, markeredgewidth=2),
            sign("the answer", "o", markersize=13, fillstyle="none", markeredgewidth=1.75),
            Patch(facecolor=BAND.light, label="within the margin of the best"),
        ],
        loc="upper left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderaxespad=0, borderpad=0.1,
        handletextpad=0.3, columnspacing=1.4, handlelength=1.4, labelcolor=MUTED.light,
    )  # fmt: skip
    name_upright_axis(axes, "%" if scene.balanced else "% right")


def _describe(scene: Scene) -> str:
    each = "; ".join(
        f"{point.name}: {scene.cost.words(point.cost)}, {percent(point.accuracy)}, at most "
        f"{points(scene.best - point.worst, 1)} points below the best"
        for point in sorted(scene.points, key=lambda point: point.cost)
    )
    measure = "Balanced accuracy" if scene.balanced else "Accuracy"
    named = next((f" The answer is {point.name}." for point in scene.points if point.named), "")
    return f"{measure} of each network against {scene.cost.axis}, from cheap to dear. {each}.{named}"
