"""Names beside the points of a figure, placed so that they hide neither each other nor the points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEAR = 11.0  # between a point and its name


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


@dataclass(frozen=True)
class Label:
    """A text of this width and height for the point (x, y), whose interval goes from `low` to `high`."""

    x: float
    y: float
    low: float
    high: float
    width: float
    height: float

    def places(self) -> Iterator[Box]:
        """Where it may stand: best beside its point, else at an end of its interval, else a line further out."""
        half_width, half_height = self.width / 2, self.height / 2
        centres = [(self.x + sign * (half_width + NEAR), self.y) for sign in (1, -1)]
        for line in range(4):
            for y in (
                self.high + half_height + 2 + line * self.height,
                self.low - half_height - 2 - line * self.height,
            ):
                centres += [(self.x + shift * half_width, y) for shift in (0.0, 0.5, -0.5, 0.9, -0.9)]
        for x, y in centres:
            yield Box(x - half_width, y - half_height, x + half_width, y + half_height)


def place(labels: Sequence[Label], *, obstacles: Sequence[Box], within: Box) -> list[tuple[float, float]]:
    """The centre of each label, one after the other: the first of its places that hides least and stays `within`."""
    taken = list(obstacles)
    centres = []
    for label in labels:
        best = min(label.places(), key=lambda box: _hidden(box, taken, within))
        taken.append(best)
        centres.append(((best.left + best.right) / 2, (best.bottom + best.top) / 2))
    return centres


def _hidden(box: Box, taken: Sequence[Box], within: Box) -> float:
    outside = (box.right - box.left) * (box.top - box.bottom) - box.overlap(within)
    return sum(map(box.overlap, taken)) + 4 * outside
