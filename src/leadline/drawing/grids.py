"""Squares of cells: maps and the windows on them, gradients over pixels, which output depends on which input."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from leadline.drawing.palette import tone_colour
from leadline.drawing.sheet import LINE, Drawing, Key, Sheet, legend, legend_height

GAP = 22.0
LARGEST = 200.0


@dataclass(frozen=True)
class Frame:
    """An outline around cells, counted from the upper left."""

    row: int
    column: int
    height: int
    width: int
    tone: str = "ink"


@dataclass(frozen=True)
class Grid:
    """`cells` from 0 (empty) to 1, row by row; below it the lines of its caption."""

    cells: Sequence[Sequence[float]]
    caption: tuple[str, ...]
    tone: str = "right"
    frames: tuple[Frame, ...] = field(default=())
    pale: bool = True  # whether empty cells show where they are


def grids(
    panels: Sequence[Grid],
    *,
    says: str,
    keys: Sequence[Key] = (),
    across: int = 4,
    narrow: int = 2,
    same_cells: bool = False,
) -> Drawing:
    """Panels side by side, at most `across` of them in a wide figure and `narrow` in a narrow one.

    `same_cells` makes all cells equally large, so that a larger map is a larger square.
    """
    lines = max(len(panel.caption) for panel in panels)
    flat = max(len(panel.cells) / max(len(panel.cells), len(panel.cells[0])) for panel in panels)  # height, of width

    def layout(width: float) -> tuple[int, float]:
        columns = min(len(panels), across) if width > 420 else min(len(panels), narrow)
        return columns, min((width - (columns - 1) * GAP) / columns, LARGEST)

    def height(width: int) -> int:
        columns, side = layout(width)
        rows = -(-len(panels) // columns)
        above = legend_height(keys, width) + (8 if keys else 0)
        return round(above + rows * (flat * side + 8 + lines * LINE) + (rows - 1) * GAP)

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        top = legend(sheet, keys) + (8 if keys else 0)
        columns, side = layout(sheet.width)
        step = (sheet.width - columns * side) / max(columns - 1, 1) if columns > 1 else 0.0
        step = side + min(step, 2 * GAP)
        widest = max(len(panel.cells[0]) for panel in panels)
        for number, panel in enumerate(panels):
            x = (number % columns) * step
            y = top + (number // columns) * (flat * side + 8 + lines * LINE + GAP)
            own = side * len(panel.cells[0]) / widest if same_cells else side
            _panel(sheet, panel, x, y + side - own if same_cells else y, own)
            for line, text in enumerate(panel.caption):
                sheet.text(
                    x, y + flat * side + 8 + LINE * (line + 0.5), text, tone="muted" if line else "ink", bold=not line
                )
        return says

    return Drawing(paint, height)


def _panel(sheet: Sheet, panel: Grid, x: float, y: float, side: float) -> None:
    rows, columns = len(panel.cells), len(panel.cells[0])
    cell = side / max(rows, columns)
    seam = 1.0 if cell > 7 else 0.0
    corners, faces = [], []
    for row, values in enumerate(panel.cells):
        for column, value in enumerate(values):
            if value <= 0 and not panel.pale:
                continue
            left, upper = x + column * cell, y + row * cell
            right, lower = left + cell - seam, upper + cell - seam
            corners.append([(left, upper), (right, upper), (right, lower), (left, lower)])
            tone, strength = (panel.tone, 0.12 + 0.88 * value) if value > 0 else ("rule", 0.38)
            faces.append(to_rgba(tone_colour(tone), strength))
    sheet.axes.add_collection(PolyCollection(corners, facecolors=faces, linewidths=0))
    for frame in panel.frames:
        sheet.frame(
            x + frame.column * cell - seam / 2,
            y + frame.row * cell - seam / 2,
            frame.width * cell,
            frame.height * cell,
            tone=frame.tone,
        )
