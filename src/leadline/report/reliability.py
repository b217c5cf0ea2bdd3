"""Whether a probability means what it says: how often the network is right when it is so sure."""

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from leadline.drawing.figure import axes_within, draw, name_upright_axis
from leadline.drawing.palette import MUTED, RULE
from leadline.errors import LeadlineError
from leadline.evaluation.calibration import recalibrated, reliability_curve
from leadline.evaluation.records import ReliabilityBin
from leadline.report.run_tables import Network
from leadline.wording import bounds_of, percent, points

SIZE = 340


def reliability(network: Network) -> Markup | None:
    """Accuracy against stated probability on the test images, above how often each probability was stated."""
    if network.tables.predictions is None:
        return None
    try:
        judged = network.tables.predictions.of_split(network.judged_split)
        bins = reliability_curve(judged)
    except LeadlineError:
        return None
    drawable = [each for each in bins if each.accuracy.value is not None]
    if not drawable:
        return None
    metrics = network.tables.metrics
    temperature = metrics.calibration.temperature if metrics and metrics.calibration else 1.0
    before = reliability_curve(recalibrated(judged, 1 / temperature)) if temperature != 1 else []
    return draw(
        lambda figure: _paint(figure, drawable, before, network),
        name=f"reliability-{network.name}",
        width=SIZE,
        height=SIZE,
    )


def _paint(figure: Figure, bins: list[ReliabilityBin], before: list[ReliabilityBin], network: Network) -> str:
    """`before` are the bins without the classifier's temperature; rings, below the dots of what it states now."""
    axes = axes_within(figure, left=44, right=12, top=26, bottom=44)
    colour = network.colour.light
    images = sum(each.accuracy.n for each in bins)
    for one in bins:  # a fifth of the height stands for all images
        share = 0.2 * one.accuracy.n / images
        axes.bar(one.low, share, width=one.high - one.low, align="edge", color=RULE.light, linewidth=0)
    axes.plot([0, 1], [0, 1], color=MUTED.light, linewidth=1.25, linestyle=(0, (4, 2.5)))
    for one in before:
        axes.plot(
            [one.confidence], [(one.accuracy.value or 0.0)], marker="o", markersize=7, markerfacecolor="none",
            color=MUTED.light,
        )  # fmt: skip
    for one in bins:
        low, high = bounds_of(one.accuracy) or 2 * ((one.accuracy.value or 0.0),)
        axes.vlines(one.confidence, low, high, color=colour, linewidth=1.75)
        axes.plot([one.confidence], [(one.accuracy.value or 0.0)], marker="o", markersize=7, color=colour)
    axes.set_xlim(0, 1.025)
    axes.set_ylim(-0.025, 1.025)
    axes.grid()
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.tick_params(length=0)
    axes.set_xlabel("stated probability, %", labelpad=4)
    name_upright_axis(axes, "% right")
    each = "; ".join(
        f"{one.accuracy.n} images at {percent(one.confidence, 0)}: right in {percent((one.accuracy.value or 0.0), 0)}"
        for one in bins
    )
    rings = f" Rings: before its temperature, {_mean_gap(before)} points off on average." if before else ""
    return f"How often {network.name} is right against the probability it states. {each}.{rings}"


def _mean_gap(bins: list[ReliabilityBin]) -> str:
    total = sum(each.accuracy.n for each in bins)
    return points(sum(one.accuracy.n * abs((one.accuracy.value or 0.0) - one.confidence) for one in bins) / total, 1)
