"""What is gained where a network may leave its least confident answers open: accuracy against the share answered."""

from dataclasses import dataclass, replace

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.drawing.plots import Series, axes_over, shares, show
from leadline.evaluation.records import AbstentionPoint
from leadline.report.facts import COVERAGES, points_at
from leadline.report.run_tables import Network
from leadline.wording import percent, value_of

WIDTH, HEIGHT = 340, 260  # CSS pixels


@dataclass(frozen=True)
class Abstention:
    """The figure, and the points of it that a table beside it names."""

    figure: Markup
    points: tuple[AbstentionPoint, ...]


def abstention(network: Network) -> Abstention | None:
    """Of the network's figures; None where there is no curve, or every answer is equally sure."""
    measured = network.test.abstention if network.test else ()
    curve = [point for point in measured if value_of(point.accuracy) is not None]
    if len(curve) < 2:
        return None
    coverages, accuracies = [point.coverage for point in curve], [point.accuracy for point in curve]
    line = Series.measured(coverages, accuracies, network.family or "", banded=True)
    # Where hardly an image is left its interval is as wide as the page and says nothing.
    lowest = min(low for (low, _), coverage in zip(line.intervals, coverages, strict=True) if coverage >= 0.5)
    chosen = tuple(points_at(curve, COVERAGES))
    each = "; ".join(
        f"{percent(point.accuracy.value)} right of the {percent(point.coverage, 0)} surest answers" for point in chosen
    )

    def paint(figure: Figure) -> str:
        # From answering always, leftmost, to hardly ever.
        across = shares("answered, % of the images", (1, 0), (1, 0.75, 0.5, 0.25, 0))
        axes = axes_over(figure, across, shares("% right", (max(0.0, lowest - 0.1 * (1 - lowest) - 0.002), 1.0)))
        show(axes, line)
        show(axes, replace(line, xs=line.xs[:1], ys=line.ys[:1], intervals=(), banded=False, marked=True))
        return f"Accuracy of {network.name} as its least confident answers are left open. {each}."

    return Abstention(draw(paint, name="abstention", width=WIDTH, height=HEIGHT), chosen)
