"""Accuracy against cost: what each network gets right, over the multiply-adds that it takes."""

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

from leadline.report.figure import WIDE, axes_within, both_widths, name_upright_axis, text_width
from leadline.report.labels import Box, Label, place
from leadline.report.palette import BAND, INK, MUTED, PAPER
from leadline.report.tables import Network
from leadline.report.wording import bounds_of, count, margin_in_points, percent, percent_interval, value_of

# A network further below the best than this, and than most others, is drawn at the lower edge with its accuracy beside
# it, so that the rest can be told apart.
FAR_BELOW = 0.1
TEST_SHIFT = 9  # CSS pixels to the right of the validation accuracy


@dataclass(frozen=True)
class Point:
    network: Network
    cost: float
    accuracy: float  # on the validation images
    low: float
    high: float


def accuracy_against_cost(networks: list[Network], verdict: dict[str, Any], margin: float) -> Markup | None:
    """Validation and test accuracy over multiply-adds; None with fewer than two networks that have both."""
    points = [point for network in networks if (point := _point(network))]
    if len(points) < 2:
        return None
    return both_widths(
        lambda figure, width: _paint(figure, points, verdict, margin, narrow=width < WIDE),
        name="accuracy-against-cost",
        heights=(440, 440),
    )


def _point(network: Network) -> Point | None:
    estimate = network.validation.get("accuracy")
    accuracy = value_of(estimate)
    if accuracy is None or not network.multiply_adds:
        return None
    return Point(network, network.multiply_adds, accuracy, *(bounds_of(estimate) or (accuracy, accuracy)))


def _paint(figure: Figure, points: list[Point], verdict: dict[str, Any], margin: float, *, narrow: bool) -> str:
    axes = axes_within(figure, left=44, right=12, top=96 if narrow else 52, bottom=46)
    best = next((point.accuracy for point in points if point.network.name == verdict.get("best")), None)
    floor = _floor(points)
    ceiling = max(max(point.high, _tested(point.network) or 0) for point in points)
    room = 0.08 * (ceiling - floor) + 1e-3
    axes.set_ylim(floor - room, min(1.0, ceiling) + room)
    costs = [point.cost for point in points]
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / 1.6, max(costs) * 1.6)
    _dress(axes, narrow=narrow)
    if best is not None:
        axes.axhspan(best - margin, best, color=BAND.light, linewidth=0, zorder=0)
    obstacles = [box for point in points for box in _mark(axes, point, verdict)]
    _name(axes, points, verdict, obstacles)
    _explain(axes, points, verdict, margin, narrow=narrow, banded=best is not None)
    return _describe(points, verdict)


def _tested(network: Network) -> float | None:
    """The accuracy on test images, which with folds there may be none of."""
    return value_of(network.test.get("accuracy")) if network.judged_split == "test" else None


def _floor(points: list[Point]) -> float:
    """The lowest end of an interval that is drawn."""
    top = max(point.accuracy for point in points)
    typical = median(top - point.accuracy for point in points)
    return min(point.low for point in points if top - point.accuracy <= max(FAR_BELOW, 1.5 * typical))


def _dress(axes: Axes, *, narrow: bool) -> None:
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(5 if narrow else 6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}" if value <= 1 else ""))
    cheapest, dearest = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if dearest < 30 * cheapest else (1.0,) if narrow else (1.0, 3.0)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value)))
    axes.set_xlabel("multiply-adds per image", labelpad=6)


def _mark(axes: Axes, point: Point, verdict: dict[str, Any]) -> list[Box]:
    """Draw one network; the boxes are what its name and others' must not cover."""
    network, colour = point.network, point.network.colour.light
    floor = axes.get_ylim()[0]
    judged = not network.not_judged
    if point.accuracy < floor:
        axes.plot([point.cost], [floor], marker="v", markersize=9, color=colour, clip_on=False)
        x, y = axes.transData.transform((point.cost, floor))
        return [Box(x - 8, y - 4, x + 8, y + 10)]
    axes.vlines(point.cost, point.low, point.high, color=colour, linewidth=1.75)
    axes.plot(
        [point.cost], [point.accuracy], marker=network.marker, markersize=9.5, color=colour,
        markerfacecolor=colour if judged else PAPER.light, markeredgewidth=1.5, zorder=4,
    )  # fmt: skip
    x, y = axes.transData.transform((point.cost, point.accuracy))
    if network.name == verdict.get("choice"):
        axes.plot(
            [point.cost], [point.accuracy], marker="o", markersize=21, color="none", markeredgecolor=INK.light,
            markeredgewidth=1.75, zorder=5,
        )  # fmt: skip
    bottom, top = (axes.transData.transform((point.cost, value))[1] for value in (point.low, point.high))
    boxes = [Box(x - 8, y - 8, x + 8, y + 8), Box(x - 4, bottom, x + 4, top)]
    test = _tested(network)
    if test is not None and test >= floor:
        beside = axes.transData.inverted().transform((x + TEST_SHIFT, y))[0]
        axes.plot([beside], [test], marker="_", markersize=9, markeredgewidth=2, color=colour, zorder=3)
        height = axes.transData.transform((beside, test))[1]
        boxes.append(Box(x + TEST_SHIFT - 6, height - 2, x + TEST_SHIFT + 6, height + 2))
    return boxes


def _name(axes: Axes, points: list[Point], verdict: dict[str, Any], obstacles: list[Box]) -> None:
    """The choice is named first, so it stands nearest to its point."""
    ordered = sorted(points, key=lambda point: (point.network.name != verdict.get("choice"), point.cost))
    floor = axes.get_ylim()[0]
    texts, labels = [], []
    for point in ordered:
        below = point.accuracy < floor
        texts.append(f"{point.network.name} {percent(point.accuracy)}" if below else point.network.name)
        x, y = axes.transData.transform((point.cost, max(point.accuracy, floor)))
        low, high = (axes.transData.transform((point.cost, max(end, floor)))[1] for end in (point.low, point.high))
        labels.append(Label(x, y + 8 * below, low, high, width=text_width(texts[-1]), height=15))
    window = axes.get_window_extent()
    within = Box(window.x0, window.y0, window.x1, window.y1 + 12)
    for point, text, centre in zip(ordered, texts, place(labels, obstacles=obstacles, within=within), strict=True):
        axes.text(
            *centre, text, transform=IdentityTransform(), ha="center", va="center",
            color=MUTED.light if point.network.not_judged else INK.light,
            fontweight="bold" if point.network.name == verdict.get("choice") else "normal",
        )  # fmt: skip


def _explain(
    axes: Axes, points: list[Point], verdict: dict[str, Any], margin: float, *, narrow: bool, banded: bool
) -> None:
    def sign(label: str, marker: str, **style: Any) -> Line2D:
        return Line2D([], [], color=INK.light, linestyle="", marker=marker, label=label, **style)

    signs: list[Line2D | Patch] = [
        sign(f"{points[0].network.chosen_on}, 95 % interval", "o", markersize=8),
    ]
    if any(_tested(point.network) is not None for point in points):
        signs.append(sign("test", "_", markersize=10, markeredgewidth=2))
    if banded:
        within = "within the margin" if narrow else f"within {margin_in_points(margin)} of the best"
        signs.append(Patch(facecolor=BAND.light, label=within))
    if verdict.get("choice"):
        signs.append(sign("the choice", "o", markersize=14, fillstyle="none", markeredgewidth=1.75))
    if any(point.network.not_judged for point in points):
        signs.append(sign("not judged", "o", markersize=8, markerfacecolor=PAPER.light))
    axes.figure.legend(
        handles=signs, loc="upper left", bbox_to_anchor=(0, 1), ncols=2 if narrow else len(signs), frameon=False,
        borderaxespad=0, borderpad=0.1, handletextpad=0.3, columnspacing=1.4, handlelength=1.4, labelcolor=MUTED.light,
    )  # fmt: skip
    name_upright_axis(axes, "% right")


def _describe(points: list[Point], verdict: dict[str, Any]) -> str:
    ordered = sorted(points, key=lambda point: point.cost)
    each = "; ".join(
        f"{point.network.name}: {count(point.cost)} multiply-adds, {percent(point.accuracy)} "
        f"({percent_interval(point.network.validation.get('accuracy'))})"
        for point in ordered
    )
    chosen = f" The choice is {verdict['choice']}." if verdict.get("choice") else ""
    chosen_on = points[0].network.chosen_on.capitalize()
    what = f"{chosen_on} accuracy with its 95 % interval against multiply-adds per image, from cheap to dear."
    return f"{what} {each}.{chosen}"
