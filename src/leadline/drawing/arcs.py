"""Networks as graphs: layers in a row, in the order in which they are executed, and an arc for every jump ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from leadline.drawing.palette import tone_colour
from leadline.drawing.sheet import LINE, Drawing, Sheet

GAP = 16.0
FLATTER = 0.34  # an arc's height, of its width, unless that makes it too low or too high
LOW, HIGH = 30.0, 78.0


@dataclass(frozen=True)
class Row:
    """`jumps` are the places from and to which an arc leads, among `layers`."""

    name: str
    layers: int
    jumps: tuple[tuple[int, int], ...]
    says: str
    tone: str


def arcs(rows: Sequence[Row], *, title: str) -> Drawing:
    """Each network takes the whole width; an arc's height grows with how far it jumps."""

    def room(row: Row, width: float) -> float:
        step = width / max(row.layers - 1, 1)
        longest = max((end - start for start, end in row.jumps), default=0)
        return _highest(longest * step) + 6

    def height(width: int) -> int:
        return round(sum(LINE + room(row, width) + GAP for row in rows))

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        y = 0.0
        for row in rows:
            sheet.text(0, y + LINE / 2, row.name, bold=True)
            sheet.text(sheet.width, y + LINE / 2, row.says, align="right", tone="muted")
            y += LINE + room(row, sheet.width)
            _row(sheet, row, y)
            y += GAP
        return f"{title}. " + "; ".join(f"{row.name}: {row.says}" for row in rows) + "."

    return Drawing(paint, height)


def _highest(width: float) -> float:
    """How high the widest arc of a network is drawn."""
    return min(max(FLATTER * width, LOW), HIGH) if width else 0.0


def _row(sheet: Sheet, row: Row, y: float) -> None:
    margin = 3.0
    step = (sheet.width - 2 * margin) / max(row.layers - 1, 1)
    longest = max((end - start for start, end in row.jumps), default=1)
    scale = _highest(longest * step) / max(FLATTER * longest * step, 1e-9)
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for start, end in row.jumps:
        left, right = margin + start * step, margin + end * step
        top = y - scale * FLATTER * (right - left) * 4 / 3  # so that the curve itself is as high as it should be
        points += [(left, y), (left, top), (right, top), (right, y)]
        codes += [int(Path.MOVETO), int(Path.CURVE4), int(Path.CURVE4), int(Path.CURVE4)]
    sheet.line([margin, sheet.width - margin], [y, y], tone="muted", line=1.0)
    if points:
        strength = max(0.3, min(1.0, 9 / math.sqrt(len(row.jumps)) / 2))
        sheet.axes.add_patch(
            PathPatch(
                Path(points, codes), facecolor="none", edgecolor=tone_colour(row.tone), linewidth=1.5, alpha=strength
            )
        )
    size = max(1.5, min(5.0, 0.45 * step))
    sheet.axes.plot(
        [margin + place * step for place in range(row.layers)],
        [y] * row.layers,
        linestyle="",
        marker="o",
        markersize=size,
        color=tone_colour("ink"),
        markeredgewidth=0,
    )
