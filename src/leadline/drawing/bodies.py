"""A network as the papers draw it: a body per map size, as high as the map is wide and as thick as it has channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from leadline.drawing.palette import tone_colour
from leadline.drawing.sheet import LINE, Drawing, Sheet

FILLED = 0.8  # of the width, by bodies; the rest lies between them
MARGIN = 6.0  # left and right, for the labels
RISE = 0.55  # of the thickness, by which a body's far end is drawn higher


@dataclass(frozen=True)
class Body:
    """`side` pixels along one side (1 for a vector), `channels` of them."""

    channels: int
    side: int
    tone: str

    @property
    def thickness(self) -> float:
        return 1 + math.log2(self.channels)


def bodies(row: Sequence[Body], *, says: str) -> Drawing:
    """Heights grow with the square root of the side, thicknesses with the logarithm of the channels."""

    def unit(width: float) -> float:
        """CSS pixels per unit of thickness; a body's front takes two."""
        return FILLED * (width - 2 * MARGIN) / sum(body.thickness * 0.75 + 2 for body in row)

    def tall(width: float) -> float:
        return 90 + 0.13 * width

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        one = unit(sheet.width)
        space = (1 - FILLED) * (sheet.width - 2 * MARGIN) / max(len(row) - 1, 1)
        top = tall(sheet.width)
        floor = top + 12 * one * RISE * 0.75
        x = MARGIN
        for body in row:
            front, depth = 2 * one, 0.75 * one * body.thickness
            high = max(6.0, top * math.sqrt(body.side / 224)) if body.side > 1 else 6.0
            _body(sheet, x, floor, front, depth, high, body.tone)
            size = min(13.0, max(9.5, 0.02 * sheet.width))
            middle = x + (front + depth) / 2
            sheet.text(middle, floor + LINE * 0.8, f"{body.channels}", align="center", size=size, bold=True)
            if body.side > 1:
                sheet.text(middle, floor + LINE * 1.7, f"{body.side}²", align="center", size=size, tone="muted")
            x += front + depth + space
        return says

    return Drawing(paint, lambda width: round(tall(width) + 12 * unit(width) * RISE * 0.75 + 2.4 * LINE))


def _body(sheet: Sheet, x: float, floor: float, front: float, depth: float, high: float, tone: str) -> None:
    """The front, the top and the right side, which are seen from the left and above."""
    rise = RISE * depth
    near, far = x + front, x + front + depth
    faces = [
        ([(x, floor), (near, floor), (near, floor - high), (x, floor - high)], 0.6),
        ([(x, floor - high), (near, floor - high), (far, floor - high - rise), (x + depth, floor - high - rise)], 0.32),
        ([(near, floor), (near, floor - high), (far, floor - high - rise), (far, floor - rise)], 0.95),
    ]
    for corners, strength in faces:
        sheet.axes.add_patch(
            Polygon(corners, closed=True, facecolor=tone_colour(tone), alpha=strength, linewidth=0, clip_on=False)
        )
