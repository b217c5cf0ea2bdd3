"""Two amounts as two squares side by side, so that a thousand times as much looks like it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from leadline.drawing.sheet import LINE, Drawing, Sheet

LARGEST, GAP = 190.0, 14.0


@dataclass(frozen=True)
class Pair:
    """Amounts, each with a tone and what is written below its square; `name` is what they are amounts of."""

    name: str
    small: tuple[float, str, str]
    large: tuple[float, str, str]


def squares(pairs: Sequence[Pair], *, title: str) -> Drawing:
    """In every pair the areas are in the proportion of the amounts."""

    def side(width: float) -> float:
        return min(LARGEST, (width - (len(pairs) - 1) * 2 * GAP) / len(pairs) - GAP - 12)

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        largest = side(sheet.width)
        floor = LINE + 6 + largest
        for number, pair in enumerate(pairs):
            x = number * (sheet.width + 2 * GAP) / len(pairs)
            sheet.text(x, LINE / 2, pair.name, bold=True)
            (little, tone, below), (much, other_tone, other_below) = pair.small, pair.large
            own = largest * math.sqrt(little / much)
            sheet.box(x, floor - own, own, own, tone=tone)
            sheet.box(x + own + GAP, floor - largest, largest, largest, tone=other_tone)
            sheet.text(x, floor + LINE, below, tone="muted")
            sheet.text(x, floor + 2 * LINE, other_below)
        each = "; ".join(f"{pair.name}: {pair.small[2]}, {pair.large[2]}" for pair in pairs)
        return f"{title}. {each}."

    return Drawing(paint, lambda width: round(side(width) + 3.5 * LINE + 6))
