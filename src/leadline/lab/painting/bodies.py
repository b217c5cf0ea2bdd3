"""A network as the papers draw it: a body per map size, as high as the map is wide and as thick as it has channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from leadline.lab.painting.canvas import LINE, SMALL, Colours, Drawing, Sheet

TALL = 112.0


@dataclass(frozen=True)
class Body:
    """`side` pixels along one side (1 for a vector), `channels` of them."""

    channels: int
    side: int
    tone: str


def bodies(row: Sequence[Body], *, says: str) -> Drawing:
    """Heights grow with the square root of the side, thicknesses with the logarithm of the channels."""

    def paint(figure: Figure, colours: Colours) -> str:
        sheet = Sheet.over(figure, colours)
        thick = [2 + 2.4 * math.log2(body.channels) for body in row]
        slant = 0.28 * min(1.0, sheet.width / 520)
        wide = [12 * min(1.0, sheet.width / 520) + 0.5 * thickness for thickness in thick]
        space = (sheet.width - sum(wide) - 8) / max(len(row) - 1, 1)
        x, floor = 0.0, TALL + 24
        for body, thickness, width in zip(row, thick, wide, strict=True):
            height = 5 + (TALL - 12) * math.sqrt(body.side / 224)
            depth = 0.5 * thickness
            front = width - depth
            rise = depth * slant * 2
            _face(
                sheet,
                [(x, floor), (x + front, floor), (x + front, floor - height), (x, floor - height)],
                body.tone,
                0.62,
            )
            _face(
                sheet,
                [(x, floor - height), (x + front, floor - height), (x + width, floor - height - rise), (x + depth, floor - height - rise)],
                body.tone, 0.35,
            )  # fmt: skip
            _face(
                sheet,
                [(x + front, floor), (x + front, floor - height), (x + width, floor - height - rise), (x + width, floor - rise)],
                body.tone, 0.95,
            )  # fmt: skip
            centre = x + width / 2
            small = SMALL if sheet.width > 420 else 9.5
            sheet.text(centre, floor + LINE * 0.7, f"{body.channels}", align="center", size=small, bold=True)
            if body.side > 1:
                sheet.text(centre, floor + LINE * 1.5, f"{body.side}²", align="center", size=small, tone="muted")
            x += width + space
        return says

    return Drawing(paint, lambda width: round(TALL + 24 + 2 * LINE + 2))


def _face(sheet: Sheet, corners: list[tuple[float, float]], tone: str, strength: float) -> None:
    sheet.axes.add_patch(Polygon(corners, closed=True, facecolor=sheet.colours[tone], alpha=strength, linewidth=0))
