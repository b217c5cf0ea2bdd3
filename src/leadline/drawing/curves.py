"""Functions of one variable, each in a box of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from leadline.drawing.sheet import LINE, Drawing, Sheet

GAP = 18.0
FLAT = 0.62  # height of a box, of its width


@dataclass(frozen=True)
class Curve:
    """Corners of a line in the unit square, and the lines of its caption."""

    xs: Sequence[float]
    ys: Sequence[float]
    caption: tuple[str, ...]
    tone: str


def curves(panels: Sequence[Curve], *, says: str, across: int = 4) -> Drawing:
    """At most `across` side by side in a wide figure, two in a narrow one."""

    def layout(width: float) -> tuple[int, float]:
        columns = min(across if width > 420 else 2, len(panels))
        return columns, (width - (columns - 1) * GAP) / columns

    def row_height(side: float) -> float:
        return FLAT * side + 8 + max(len(panel.caption) for panel in panels) * LINE

    def height(width: int) -> int:
        columns, side = layout(width)
        rows = -(-len(panels) // columns)
        return round(rows * row_height(side) + (rows - 1) * GAP)

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        columns, side = layout(sheet.width)
        for number, panel in enumerate(panels):
            x, y = (number % columns) * (side + GAP), (number // columns) * (row_height(side) + GAP)
            tall = FLAT * side
            sheet.box(x, y, side, tall, tone="rule", strength=0.3)
            inset = 5.0
            xs = [x + inset + value * (side - 2 * inset) for value in panel.xs]
            ys = [y + tall - inset - value * (tall - 2 * inset) for value in panel.ys]
            sheet.line(xs, ys, tone=panel.tone, line=1.75)
            for line, text in enumerate(panel.caption):
                sheet.text(x, y + tall + 8 + LINE * (line + 0.5), text, tone="muted" if line else "ink", bold=not line)
        return says

    return Drawing(paint, height)
