"""Whether a probability means what it says: how often the network is right when it is so sure."""

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.drawing.palette import tone_colour
from leadline.drawing.plots import Series, axes_over, shares, show
from leadline.errors import LeadlineError
from leadline.evaluation.calibration import recalibrated, reliability_curve
from leadline.evaluation.records import ReliabilityBin
from leadline.report.run_tables import Network
from leadline.wording import percent, points, value_of

SIZE = 340  # CSS pixels
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def reliability(network: Network) -> Markup | None:
    """Accuracy against stated probability on the test images, above how often each probability was stated."""
    if network.tables.predictions is None:
        return None
    try:
        judged = network.tables.predictions.of_split(network.judged_split)
        bins = [each for each in reliability_curve(judged) if value_of(each.accuracy) is not None]
    except LeadlineError:
        return None
    if not bins:
        return None
    metrics = network.tables.metrics
    temperature = metrics.calibration.temperature if metrics and metrics.calibration else 1.0
    before = reliability_curve(recalibrated(judged, 1 / temperature)) if temperature != 1 else []
    return draw(lambda figure: _paint(figure, bins, before, network), name="reliability", width=SIZE, height=SIZE)


def _paint(figure: Figure, bins: list[ReliabilityBin], before: list[ReliabilityBin], network: Network) -> str:
    """`before` are the bins without the classifier's temperature; rings, below the dots of what it states now."""
    across = shares("stated probability, %", (0, 1.025), QUARTERS)
    axes = axes_over(figure, across, shares("% right", (-0.025, 1.025), QUARTERS))
    images = sum(each.accuracy.n for each in bins)
    for each in bins:  # a fifth of the height stands for all images
        share = 0.2 * each.accuracy.n / images
        axes.bar(each.low, share, width=each.high - each.low, align="edge", color=tone_colour("rule"), linewidth=0)
    show(axes, Series("", [0, 1], [0, 1], "muted", dashed=True, marked=False, width=1.25))
    rings = [value_of(each.accuracy) or 0.0 for each in before]
    show(axes, Series("", [each.confidence for each in before], rings, "muted", joined=False, hollow=True))
    confidences, accuracies = [each.confidence for each in bins], [each.accuracy for each in bins]
    show(axes, Series.measured(confidences, accuracies, network.family or ""))
    described = "; ".join(
        f"{each.accuracy.n} images at {percent(each.confidence, 0)}: right in {percent(value_of(each.accuracy), 0)}"
        for each in bins
    )
    told = f" Rings: before its temperature, {_mean_gap(before)} points off on average." if before else ""
    return f"How often {network.name} is right against the probability it states. {described}.{told}"


def _mean_gap(bins: list[ReliabilityBin]) -> str:
    gaps = [each.accuracy.n * abs((value_of(each.accuracy) or 0.0) - each.confidence) for each in bins]
    return points(sum(gaps) / sum(each.accuracy.n for each in bins), 1)
