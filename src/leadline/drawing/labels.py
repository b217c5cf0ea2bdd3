"""Names beside the points of a plot, placed so that they hide neither each other nor the points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from leadline.drawing.figure import text_width
from leadline.drawing.palette import tone_colour

NEAR, LINE = 11.0, 15.0  # CSS pixels: between a point and its name; the height of a name


@dataclass(frozen=True)
class Box:
    """In CSS pixels, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    def grown(self, by: float) -> "Box":
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)


@dataclass(frozen=True)
class Label:
    """The name of the point (x, y), whose interval goes down to `low`, all in the units of the axes."""

    text: str
    x: float
    y: float
    low: float
    bold: bool = False


def label(axes: Axes, labels: Sequence[Label]) -> None:
    """Write each name where it hides least, the first of them first, with a line to its point where it is not near."""
    points = [_box(axes, each) for each in labels]
    window = axes.get_window_extent()
    within = Box(window.x0, window.y0, window.x1 + 16, window.y1 + 2 * NEAR)
    boxes = place([text_width(each.text) + 8 for each in labels], points, within)
    for each, point, box in zip(labels, points, boxes, strict=True):
        line = {"arrowstyle": "-", "color": tone_colour("muted"), "linewidth": 0.75, "shrinkA": 2, "shrinkB": 9}
        axes.annotate(
            each.text, (each.x, each.y), xytext=((box.left + box.right) / 2, (box.bottom + box.top) / 2),
            textcoords="figure pixels", ha="center", va="center", color=tone_colour("ink"),
            fontweight="bold" if each.bold else "normal",
            arrowprops=None if box.grown(4).overlap(point) else line,
        )  # fmt: skip


def place(widths: Sequence[float], points: Sequence[Box], within: Box) -> list[Box]:
    """Where names of these widths stand beside their points."""
    taken = list(points)
    for width, point in zip(widths, points, strict=True):
        taken.append(min(_places(width, point), key=lambda box: _hidden(box, taken, within)))
    return taken[len(points) :]


def _places(width: float, point: Box) -> Iterator[Box]:
    """Best beside the point's upper end, else above or below all of it, else lines further out."""
    x, y = (point.left + point.right) / 2, point.top - NEAR
    centres = [(x + sign * (width / 2 + NEAR - 2), y) for sign in (1, -1)]
    for line in range(8):
        for side in (point.top + (line + 0.5) * LINE, point.bottom - (line + 0.5) * LINE):
            centres += [(x + shift * width / 2, side) for shift in (0.0, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)]
    for x, y in centres:
        yield Box(x - width / 2, y - LINE / 2, x + width / 2, y + LINE / 2)


def _hidden(box: Box, taken: Sequence[Box], within: Box) -> float:
    outside = (box.right - box.left) * (box.top - box.bottom) - box.overlap(within)
    return sum(map(box.overlap, taken)) + 4 * outside


def _box(axes: Axes, each: Label) -> Box:
    (x, y), (_, low) = axes.transData.transform([(each.x, each.y), (each.x, each.low)])
    reach = 12 if each.bold else 8
    return Box(x - reach, min(low - 3, y - reach), x + reach, y + reach)
