"""Would more images help? Accuracy against the number of training images, and what a law makes of twice as many."""

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from leadline.drawing.figure import WIDE, axes_within, both_widths, name_upright_axis
from leadline.drawing.palette import BAND, INK, MUTED, of_family
from leadline.evaluation.records import CurvePoint, LearningCurve
from leadline.report.run_tables import Network
from leadline.wording import bounds_of, percent, percent_interval, value_of


@dataclass(frozen=True)
class MoreImages:
    """The section's figure, its answer in a sentence, and what the last doubling gained."""

    figure: Markup
    reason: str
    last: str


def more_images(curve: LearningCurve | None, networks: list[Network]) -> MoreImages | None:
    """From comparison.json's "learning_curve"; None where it was not asked for, or there are no two sizes yet."""
    points = [point for point in (curve.points if curve else ()) if point.accuracy.value is not None]
    if curve is None or curve.last_doubling is None or len(points) < 2:
        return None
    network = next((network for network in networks if network.name == curve.network), None)
    colour = of_family(network.family if network else None)[0].light
    last = curve.last_doubling
    return MoreImages(
        figure=both_widths(
            lambda figure, width: _paint(figure, curve, points, colour, narrow=width < WIDE),
            name="more-images",
            heights=(360, 340),
        ),
        reason=curve.reason,
        last=(
            f"From {last.before:,} to {last.after:,} images it gained {100 * last.gain:.1f} points "
            f"({100 * last.low:.1f} to {100 * last.high:.1f}, 95 % interval, on the same validation images)."
        ),
    )


def _paint(figure: Figure, curve: LearningCurve, points: list[CurvePoint], colour: str, *, narrow: bool) -> str:
    axes = axes_within(figure, left=44, right=24, top=30, bottom=46)
    band = curve.band
    present = points[-1].images
    axes.set_xscale("log")
    if band:
        sizes = [one.images for one in band]
        axes.fill_between(
            sizes, [one.low for one in band], [one.high for one in band], color=BAND.light, linewidth=0, zorder=1
        )
        for style, part in (("-", [one for one in band if one.images <= present]), ((0, (4, 2.5)), band)):
            axes.plot(
                [one.images for one in part], [one.value for one in part], color=MUTED.light, linewidth=1.25,
                linestyle=style, zorder=2,
            )  # fmt: skip
    for point in points:
        estimate = point.accuracy
        low, high = bounds_of(estimate) or (estimate.value or 0.0, estimate.value or 0.0)
        axes.vlines(point.images, low, high, color=colour, linewidth=1.75, zorder=3)
        axes.plot([point.images], [estimate.value or 0.0], marker="o", markersize=8, color=colour, zorder=4)
    _dress(axes, [point.images for point in points], [one.images for one in curve.forecast], narrow)
    axes.axvline(present, color=INK.light, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
    axes.annotate(
        "all of these images", (present, 1), xycoords=("data", "axes fraction"), xytext=(0, 5),
        textcoords="offset points", ha="center", color=INK.light, annotation_clip=False,
    )  # fmt: skip
    name_upright_axis(axes, "% right")
    each = "; ".join(
        f"{point.images:,} images: {percent(value_of(point.accuracy))} ({percent_interval(point.accuracy)})"
        for point in points
    )
    carried = "".join(
        f" By the fitted law {one.images:,} images: {percent(one.value)} ({percent_interval(one)})."
        for one in curve.forecast
    )
    return f"Validation accuracy of {curve.network} against the number of training images. {each}.{carried}"


def _dress(axes: Axes, sizes: list[int], beyond: list[int], narrow: bool) -> None:
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    ticks = sizes + (beyond[:1] if narrow else beyond)
    axes.set_xlim(sizes[0] / 1.15, (beyond or sizes)[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(ticks[::2] if narrow and len(ticks) > 4 else ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}" if value <= 1 else ""))
    axes.set_xlabel("training images", labelpad=6)
