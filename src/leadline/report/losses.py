"""What each network may lose against the best: observed, its simultaneous upper bound, and the margin."""

from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from leadline.report.figure import WIDE, axes_within, both_widths, text_width
from leadline.report.palette import BAND, BEYOND, INK, WITHIN
from leadline.report.wording import known, points

# The axis ends at so many margins; what may lie beyond is an arrow with its number beside it.
MOST_MARGINS = 5


def losses_against_the_best(verdict: dict[str, Any], margin: float) -> Markup | None:
    """A row per judged network, cheapest first; None with fewer than two."""
    judged = [one for one in verdict.get("networks") or () if known(one.get("loss")) and known(one.get("loss_upper"))]
    if len(judged) < 2:
        return None
    return both_widths(
        lambda figure, width: _paint(figure, judged, margin, verdict.get("choice"), narrow=width < WIDE),
        name="losses",
        heights=(72 + 30 * len(judged), 72 + 46 * len(judged)),
    )


def _paint(figure: Figure, judged: list[dict[str, Any]], margin: float, choice: str | None, *, narrow: bool) -> str:
    names = max(text_width(one["name"]) for one in judged) + 16
    left, right = (4, 14) if narrow else (names, 150)
    axes = axes_within(figure, left=left, right=right, top=24, bottom=44)
    end = max(min(1.08 * max(one["loss_upper"] for one in judged), MOST_MARGINS * margin), 2 * margin)
    axes.set_xlim(-0.01 * end, end)
    axes.set_ylim(len(judged) - 0.5, -0.5)
    _dress(axes, margin)
    for row, one in enumerate(judged):
        _row(axes, row, one, end, chosen=one["name"] == choice, narrow=narrow)
    each = "; ".join(f"{one['name']}: {_words(one)}" for one in judged)
    return (
        "Loss of accuracy against the most accurate network, in percentage points, with its upper bound. "
        f"The margin is {100 * margin:g}. {each}."
    )


def _dress(axes: Axes, margin: float) -> None:
    axes.axvspan(0, margin, color=BAND.light, linewidth=0, zorder=0)
    axes.axvline(margin, color=INK.light, linewidth=1.25, zorder=1)
    axes.text(margin, 1.01, "margin", transform=axes.get_xaxis_transform(), ha="center", va="bottom", color=INK.light)
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("percentage points lost against the best", labelpad=6)


def _row(axes: Axes, row: int, one: dict[str, Any], end: float, *, chosen: bool, narrow: bool) -> None:
    """In a narrow figure the words stand above the line, in a wide one on either side of it."""
    colour = (WITHIN if one.get("within_margin") else BEYOND).light
    y = row + 0.22 if narrow else row
    loss, upper = one["loss"], one["loss_upper"]
    axes.hlines(y, min(loss, end), min(upper, end), color=colour, linewidth=2.25, zorder=3)
    if loss <= end:
        axes.plot([loss], [y], marker="o", markersize=7.5, color=colour, zorder=4)
    if upper <= end:
        axes.plot([upper], [y], marker="|", markersize=11, markeredgewidth=2.25, color=colour, zorder=3)
    else:
        axes.plot([end], [y], marker=">", markersize=8, color=colour, clip_on=False, zorder=3)
    weight = "bold" if chosen else "normal"
    across = axes.get_yaxis_transform()
    if narrow:
        axes.text(0.01, row - 0.2, one["name"], transform=across, va="center", fontweight=weight)
        axes.text(1, row - 0.2, _words(one), transform=across, ha="right", va="center", color=colour)
    else:
        axes.text(-0.015, row, one["name"], transform=across, ha="right", va="center", fontweight=weight)
        axes.text(1.03, row, _words(one), transform=across, va="center", color=colour)


def _words(one: dict[str, Any]) -> str:
    return f"{points(one['loss'])}, at most {points(one['loss_upper'])}"
