"""Would more images help? Accuracy against the number of training images, and what a law makes of twice as many."""

from dataclasses import dataclass, replace

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.drawing.palette import tone_colour
from leadline.drawing.plots import Axis, Series, axes_over, shares, show
from leadline.evaluation.records import CurvePoint, LearningCurve
from leadline.report.run_tables import Network
from leadline.wording import percent, percent_interval, percent_with_interval, value_of

WIDTH, HEIGHT = 480, 320  # CSS pixels


@dataclass(frozen=True)
class MoreImages:
    """The section's figure, its answer in a sentence, and what the last doubling gained."""

    figure: Markup
    reason: str
    last: str


def more_images(curve: LearningCurve | None, networks: list[Network]) -> MoreImages | None:
    """From comparison.json's "learning_curve"; None where it was not asked for, or there are no two sizes yet."""
    points = [point for point in (curve.points if curve else ()) if value_of(point.accuracy) is not None]
    if curve is None or curve.last_doubling is None or len(points) < 2:
        return None
    tone = next((network.family or "" for network in networks if network.name == curve.network), "")
    last = curve.last_doubling
    return MoreImages(
        draw(lambda figure: _paint(figure, curve, points, tone), name="more-images", width=WIDTH, height=HEIGHT),
        reason=curve.reason,
        last=(
            f"From {last.before:,} to {last.after:,} images it gained {100 * last.gain:.1f} points "
            f"({100 * last.low:.1f} to {100 * last.high:.1f}, 95 % interval, on the same validation images)."
        ),
    )


def _paint(figure: Figure, curve: LearningCurve, points: list[CurvePoint], tone: str) -> str:
    measured = Series.measured([point.images for point in points], [point.accuracy for point in points], tone)
    law = Series.measured([each.images for each in curve.band], curve.band, "muted", banded=True)
    drawn = [*measured.intervals, *law.intervals]
    lowest, highest = min(low for low, _ in drawn), max(high for _, high in drawn)
    room = 0.05 * (highest - lowest) + 1e-3
    sizes = [*measured.xs, *(each.images for each in curve.forecast)]
    across = Axis("training images", sizes, (sizes[0] / 1.15, sizes[-1] * 1.15), log=True, words="{:,.0f}".format)
    axes = axes_over(figure, across, shares("% right", (lowest - room, highest + room)), top=44)
    show(axes, replace(law, dashed=True, width=1.25))
    show(axes, measured)
    axes.axvline(points[-1].images, color=tone_colour("ink"), linewidth=1, linestyle=(0, (1, 2)), zorder=1)
    axes.annotate(
        "all of these images", (points[-1].images, 1), xycoords=("data", "axes fraction"), xytext=(0, 5),
        textcoords="offset points", ha="center", annotation_clip=False,
    )  # fmt: skip
    described = "; ".join(f"{point.images:,} images: {percent_with_interval(point.accuracy)}" for point in points)
    carried = "".join(
        f" By the fitted law {each.images:,} images: {percent(each.value)} ({percent_interval(each)})."
        for each in curve.forecast
    )
    return f"Validation accuracy of {curve.network} against the number of training images. {described}.{carried}"
