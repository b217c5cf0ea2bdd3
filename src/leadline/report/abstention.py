"""What is gained where a network may leave its least confident answers open: accuracy against the share answered."""

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from leadline.drawing.figure import axes_within, draw, name_upright_axis
from leadline.evaluation.records import AbstentionPoint
from leadline.report.facts import COVERAGES, points_at
from leadline.report.run_tables import Network
from leadline.wording import bounds_of, percent

WIDTH, HEIGHT = 340, 260


@dataclass(frozen=True)
class Abstention:
    """The figure, and the points of it that a table beside it names."""

    figure: Markup
    points: tuple[AbstentionPoint, ...]


def abstention(network: Network) -> Abstention | None:
    """Of the network's figures; None where there is no curve, or every answer is equally sure."""
    measured = network.test.abstention if network.test else ()
    curve = [point for point in measured if point.accuracy.value is not None]
    if len(curve) < 2:
        return None
    figure = draw(
        lambda canvas: _paint(canvas, curve, network), name=f"abstention-{network.name}", width=WIDTH, height=HEIGHT
    )
    return Abstention(figure, tuple(points_at(curve, COVERAGES)))


def _paint(figure: Figure, curve: list[AbstentionPoint], network: Network) -> str:
    axes = axes_within(figure, left=44, right=12, top=26, bottom=44)
    colour = network.colour.light
    shares = [point.coverage for point in curve]
    values = [point.accuracy.value or 0.0 for point in curve]
    bounds = [bounds_of(point.accuracy) or (value, value) for point, value in zip(curve, values, strict=True)]
    lows, highs = zip(*bounds, strict=True)
    axes.fill_between(shares, lows, highs, color=colour, alpha=0.18, linewidth=0)
    axes.plot(shares, values, color=colour, linewidth=2.25)
    axes.plot(shares[:1], values[:1], marker="o", markersize=6, color=colour, clip_on=False)
    axes.set_xlim(1, 0)  # from answering always, leftmost, to hardly ever
    # Where hardly an image is left its interval is as wide as the page and says nothing.
    lowest = min(low for low, share in zip(lows, shares, strict=True) if share >= 0.5)
    axes.set_ylim(max(0.0, lowest - 0.1 * (1 - lowest) - 0.002), 1.0)
    axes.grid()
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_ticks([1, 0.75, 0.5, 0.25, 0])
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.tick_params(length=0)
    axes.set_xlabel("answered, % of the images", labelpad=4)
    name_upright_axis(axes, "% right")
    each = "; ".join(
        f"{percent(point.accuracy.value)} right of the {percent(point.coverage, 0)} surest answers"
        for point in points_at(curve, COVERAGES)
    )
    return f"Accuracy of {network.name} as its least confident answers are left open. {each}."
