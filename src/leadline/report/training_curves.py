"""Learning curves: how the accuracy, or the loss, on training and validation images went from epoch to epoch."""

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.drawing.plots import Axis, Series, axes_over, shares, show
from leadline.report.run_tables import Network
from leadline.wording import known, percent, plain

WIDTH, HEIGHT = 260, 180  # CSS pixels
# Several networks share their axis, which shows what the worst of them reached after this share of its training.
START = 0.3

Curve = tuple[list[float], list[float]]  # epochs, values
Limits = tuple[float, float]


def learning_curve(network: Network, quantity: str, *, limits: Limits | None) -> Markup | None:
    """`quantity` is "accuracy" or "loss"; None where the history holds nothing of it on the validation images, or
    where it has no course, because only the last layer was fitted."""
    train, validation = (_curve(network, f"{part}_{quantity}") for part in ("train", "validation"))
    if not validation[0] or (network.tables.recipe and network.tables.recipe.frozen):
        return None
    accuracy, tone = quantity == "accuracy", network.family or ""

    def words(value: float) -> str:
        return percent(value) if accuracy else plain(value, 2)

    epochs, last = validation[0][-1], validation[1][-1]
    up = (shares if accuracy else _losses)("", limits or _around(train[1] + validation[1]))

    def paint(figure: Figure) -> str:
        axes = axes_over(figure, Axis("epochs", (), (0, epochs)), up, top=10, right=52)
        show(axes, Series("", *train, "muted", dashed=True, marked=False, width=1.5))
        show(axes, Series("", *validation, tone, marked=False))
        show(axes, Series("", [epochs], [last], tone, labels=[words(last)], beside=["right"]))
        on_training = f" and {words(train[1][-1])} on the training images" if train[0] else ""
        return (
            f"{quantity.capitalize()} of {network.name} over {epochs:g} epochs: at the end {words(last)} on the "
            f"{network.chosen_on} images{on_training}."
        )

    return draw(paint, name=f"{quantity}-{network.name}", width=WIDTH, height=HEIGHT)


def shared_limits(networks: list[Network]) -> Limits | None:
    """The range of accuracies that lets all the networks' curves be compared by eye."""
    late = [
        values[int(START * len(values)) :]
        for network in networks
        for name in ("validation_accuracy", "train_accuracy")
        if (values := _curve(network, name)[1])
    ]
    if not late:
        return None
    lowest, highest = min(map(min, late)), max(map(max, late))
    return max(0.0, lowest - 0.03), min(1.01, highest + 0.03)


def _losses(name: str, limits: Limits) -> Axis:
    return Axis(name, (), limits)


def _around(values: list[float]) -> Limits:
    room = 0.05 * (max(values) - min(values)) + 1e-3
    return min(values) - room, max(values) + room


def _curve(network: Network, name: str) -> Curve:
    rows = [(row["epoch"], row[name]) for row in network.tables.history if "epoch" in row and known(row.get(name))]
    return [epoch for epoch, _ in rows], [value for _, value in rows]
