"""Lines, points and intervals over two axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from leadline.drawing.figure import axes_within
from leadline.drawing.palette import tone_colour
from leadline.drawing.sheet import Drawing, Key, Sheet, legend, legend_height
from leadline.wording import Interval, bounds_of, value_of


@dataclass(frozen=True)
class Series:
    """Points in the order in which a line joins them; `labels` stand beside them."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    tone: str
    dashed: bool = False
    joined: bool = True
    marked: bool = True
    labels: Sequence[str] = ()
    beside: Sequence[str] = ()  # where each label stands: a key of PLACES; above unless told
    intervals: Sequence[tuple[float, float]] = ()  # the lowest and highest of each point
    banded: bool = False  # intervals as one band; else as a line through each point
    hollow: bool = False  # rings in place of dots
    width: float = 2.25  # of the line

    @staticmethod
    def measured(xs: Sequence[float], estimates: Sequence[Interval], tone: str, *, banded: bool = False) -> "Series":
        """Points with their intervals; a line with a band where `banded`. An estimate without a value counts as 0."""
        ys = [value_of(estimate) or 0.0 for estimate in estimates]
        intervals = [bounds_of(estimate) or (y, y) for estimate, y in zip(estimates, ys, strict=True)]
        return Series("", xs, ys, tone, joined=banded, marked=not banded, intervals=intervals, banded=banded)


@dataclass(frozen=True)
class Axis:
    """`ticks` are the values that are written, by `words`; without any, about five round ones are."""

    name: str
    ticks: Sequence[float]
    limits: tuple[float, float]
    log: bool = False
    words: Callable[[float], str] = "{:g}".format

    @property
    def written(self) -> Sequence[float]:
        low, high = min(self.limits), max(self.limits)
        steps = (1.0, 2.0, 5.0) if high < 30 * low else (1.0, 3.0) if high < 3000 * low else (1.0,)
        locator = LogLocator(subs=steps) if self.log else MaxNLocator(5, steps=[1, 2, 5, 10])
        return self.ticks or [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]


def shares(name: str, limits: tuple[float, float], ticks: Sequence[float] = ()) -> Axis:
    """An axis of shares of 1, written in per cent; none above 100 %, also where the axis goes on for a marker."""
    within = min(limits), min(max(limits), 1.0)
    return Axis(name, Axis(name, ticks, within).written, limits, words=lambda share: f"{100 * share:g}")


# Where a label stands: CSS pixels to the right of its point and above it, and which of its edges is there.
PLACES = {
    "above": ((0, 8), "center", "bottom"),
    "below": ((0, -8), "center", "top"),
    "right": ((9, 0), "left", "center"),
    "below right": ((8, -5), "left", "top"),
    "left": ((-9, 0), "right", "center"),
}


def plot(series: Sequence[Series], *, across: Axis, up: Axis, says: str, tall: int = 250) -> Drawing:
    """With the names of the series above the axes."""
    keys: list[Key] = [(each.tone, each.name) for each in series if each.name]

    def height(width: int) -> int:
        return round(tall + legend_height(keys, width))

    def paint(figure: Figure) -> str:
        axes = axes_over(figure, across, up, top=legend(Sheet.over(figure), keys) + 26)
        for each in series:
            show(axes, each)
        return says

    return Drawing(paint, height)


def axes_over(figure: Figure, across: Axis, up: Axis, *, top: float = 26, right: float = 16) -> Axes:
    """Axes with their numbers, `top` and `right` CSS pixels from the edges; the upright one is named above it."""
    left = 12 + max((len(up.words(tick)) for tick in up.written), default=0) * 7.5
    axes = axes_within(figure, left=left, right=right, top=top, bottom=46)
    for side in ("left", "top", "right"):
        axes.spines[side].set_visible(False)
    for axis, wanted in ((axes.xaxis, across), (axes.yaxis, up)):
        name = axis.axis_name
        if wanted.log:
            getattr(axes, f"set_{name}scale")("log")
        getattr(axes, f"set_{name}lim")(*wanted.limits)
        axis.set_major_locator(FixedLocator(list(wanted.written)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _, words=wanted.words: words(value)))
    axes.grid(axis="y")
    axes.tick_params(length=0, pad=5)
    axes.set_xlabel(across.name, labelpad=5)
    axes.annotate(
        up.name, (0, 1), xycoords=("figure fraction", "axes fraction"), xytext=(0, 14), textcoords="offset points",
        va="center", color=tone_colour("muted"), annotation_clip=False,
    )  # fmt: skip
    return axes


def show(axes: Axes, series: Series) -> None:
    """Draw one series. Markers may reach over the edge of the axes, a line without any may not."""
    colour = tone_colour(series.tone)
    lows, highs = zip(*series.intervals, strict=True) if series.intervals else ((), ())
    if series.banded:
        axes.fill_between(series.xs, lows, highs, color=colour, alpha=0.18, linewidth=0)
    elif series.intervals:
        axes.vlines(series.xs, lows, highs, color=colour, linewidth=1.75, zorder=3)
    style: Any = (0, (4, 2.5)) if series.dashed else "solid"
    axes.plot(
        series.xs, series.ys, color=colour, linewidth=series.width if series.joined else 0, linestyle=style,
        marker="o" if series.marked else "", markersize=7, zorder=3, clip_on=not series.marked,
        markerfacecolor="none" if series.hollow else colour,
    )  # fmt: skip
    for number, text in enumerate(series.labels):
        offset, ha, va = PLACES[series.beside[number] if number < len(series.beside) else "above"]
        axes.annotate(
            text, (series.xs[number], series.ys[number]), xytext=offset, textcoords="offset points", ha=ha, va=va,
            color=tone_colour("ink"), annotation_clip=False,
        )  # fmt: skip
