"""Lines and points over two axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from leadline.drawing.figure import axes_within
from leadline.drawing.palette import tone_colour
from leadline.drawing.sheet import Drawing, Key, Sheet, legend, legend_height


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


@dataclass(frozen=True)
class Axis:
    """`ticks` are the values that are written, by `words`."""

    name: str
    ticks: Sequence[float]
    limits: tuple[float, float]
    log: bool = False
    words: Callable[[float], str] = "{:g}".format


PLACES: dict[str, dict[str, Any]] = {
    "above": {"xytext": (0, 8), "ha": "center", "va": "bottom"},
    "below": {"xytext": (0, -8), "ha": "center", "va": "top"},
    "right": {"xytext": (9, 0), "ha": "left", "va": "center"},
    "below right": {"xytext": (8, -5), "ha": "left", "va": "top"},
    "left": {"xytext": (-9, 0), "ha": "right", "va": "center"},
}


def plot(series: Sequence[Series], *, across: Axis, up: Axis, says: str, tall: int = 250) -> Drawing:
    """The upright axis is named above it; below the axes stands what they share."""
    keys: list[Key] = [(each.tone, each.name) for each in series if each.name]

    def height(width: int) -> int:
        return round(tall + legend_height(keys, width))

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        top = legend(sheet, keys) + 26
        sheet.text(0, top - 14, up.name, tone="muted")
        left = 12 + max(len(up.words(tick)) for tick in up.ticks) * 7.5
        axes = axes_within(figure, left=left, right=16, top=top, bottom=46)
        _dress(axes, across, up)
        for one in series:
            _draw(axes, one)
        return says

    return Drawing(paint, height)


def _dress(axes: Axes, across: Axis, up: Axis) -> None:
    for side in ("left", "top", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(tone_colour("rule"))
    for axis, wanted in ((axes.xaxis, across), (axes.yaxis, up)):
        name = axis.axis_name
        if wanted.log:
            getattr(axes, f"set_{name}scale")("log")
        getattr(axes, f"set_{name}lim")(*wanted.limits)
        axis.set_major_locator(FixedLocator(list(wanted.ticks)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _, words=wanted.words: words(value)))
    axes.grid(axis="y", color=tone_colour("rule"), linewidth=0.75)
    axes.tick_params(length=0, colors=tone_colour("muted"), labelsize=13, pad=5)
    axes.set_xlabel(across.name, labelpad=5, color=tone_colour("muted"), fontsize=13)


def _draw(axes: Axes, one: Series) -> None:
    style: Any = (0, (4, 2.5)) if one.dashed else "solid"
    axes.plot(
        one.xs, one.ys, color=tone_colour(one.tone), linewidth=2.25 if one.joined else 0, linestyle=style,
        marker="o" if one.marked else "", markersize=7, zorder=3, clip_on=False,
    )  # fmt: skip
    for number, text in enumerate(one.labels):
        place = one.beside[number] if number < len(one.beside) else "above"
        axes.annotate(
            text, (one.xs[number], one.ys[number]), textcoords="offset points", color=tone_colour("ink"), fontsize=13,
            annotation_clip=False, **PLACES[place],
        )  # fmt: skip
