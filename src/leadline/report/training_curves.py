"""Learning curves: how the accuracy, or the loss, on training and validation images went from epoch to epoch."""

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from leadline.drawing.figure import axes_within, draw
from leadline.drawing.palette import INK, MUTED
from leadline.report.run_tables import Network
from leadline.wording import known, percent, plain

WIDTH, HEIGHT = 260, 180
# Several networks share their axis, which shows what the worst of them reached after this share of its training.
START = 0.3

Curve = tuple[list[float], list[float]]  # epochs, values


def learning_curve(network: Network, quantity: str, *, limits: tuple[float, float] | None) -> Markup | None:
    """`quantity` is "accuracy" or "loss"; None where the history holds nothing of it on the validation images, or
    where it has no course, because only the last layer was fitted."""
    train, validation = (_curve(network, f"{part}_{quantity}") for part in ("train", "validation"))
    if not validation[0] or (network.tables.recipe and network.tables.recipe.frozen):
        return None
    shares = quantity == "accuracy"

    def words(value: float) -> str:
        return percent(value) if shares else plain(value, 2)

    def paint(figure: Figure) -> str:
        axes = axes_within(figure, left=30, right=52, top=10, bottom=40)
        epochs, last = validation[0][-1], validation[1][-1]
        colour = network.colour.light
        axes.plot(*train, color=MUTED.light, linewidth=1.5, linestyle=(0, (4, 2.5)))
        axes.plot(*validation, color=colour, linewidth=2.25)
        axes.plot([epochs], [last], marker="o", markersize=5, color=colour, clip_on=False)
        axes.annotate(
            words(last), (epochs, last), xytext=(6, 0), textcoords="offset points", va="center", color=INK.light,
            annotation_clip=False,
        )  # fmt: skip
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0, epochs)
        if limits:
            axes.set_ylim(*limits)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        if shares:
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
        axes.set_xlabel("epochs", labelpad=3)
        on_training = f" and {words(train[1][-1])} on the training images" if train[0] else ""
        return (
            f"{quantity.capitalize()} of {network.name} over {epochs:g} epochs: at the end {words(last)} on the "
            f"{network.chosen_on} images{on_training}."
        )

    return draw(paint, name=f"{quantity}-{network.name}", width=WIDTH, height=HEIGHT)


def shared_limits(networks: list[Network]) -> tuple[float, float] | None:
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


def _curve(network: Network, name: str) -> Curve:
    rows = [(row["epoch"], row[name]) for row in network.tables.history if "epoch" in row and known(row.get(name))]
    return [epoch for epoch, _ in rows], [value for _, value in rows]
