"""A sheet to draw on: axes over a whole figure whose units are CSS pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from leadline.drawing.figure import FONT_SIZE, text_width
from leadline.drawing.palette import face, tone_colour


@dataclass(frozen=True)
class Drawing:
    """A figure to be: `paint` draws on a figure of any width, as high as `height(width)`, and returns what it shows."""

    paint: Callable[[Figure], str]
    height: Callable[[int], int]


@dataclass(frozen=True)
class Sheet:
    """Axes over a whole figure, in CSS pixels from the upper left corner."""

    axes: Axes
    width: float
    height: float

    @staticmethod
    def over(figure: Figure) -> "Sheet":
        width, height = figure.get_size_inches() * figure.dpi
        axes: Axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        return Sheet(axes, float(width), float(height))

    def text(
        self, x: float, y: float, text: str, *, tone: str = "ink", align: str = "left", size: float = FONT_SIZE,
        bold: bool = False,
    ) -> None:  # fmt: skip
        """A line of text whose middle is at height `y`."""
        self.axes.text(
            x, y, text, ha=align, va="center", fontsize=size, color=tone_colour(tone),
            fontweight="bold" if bold else "normal",
        )  # fmt: skip

    def box(
        self, x: float, y: float, width: float, height: float, *, tone: str, strength: float = 1.0,
        round_by: float = 0.0,
    ) -> None:  # fmt: skip
        colour, own = face(tone)
        style = f"round,pad=0,rounding_size={min(round_by, width / 2, height / 2)}"
        rounded = FancyBboxPatch((x, y), width, height, boxstyle=style) if round_by else None
        shape = rounded or Rectangle((x, y), width, height)
        shape.set(facecolor=colour, linewidth=0, alpha=own * strength, clip_on=False)
        self.axes.add_patch(shape)

    def frame(self, x: float, y: float, width: float, height: float, *, tone: str = "ink", line: float = 2.0) -> None:
        self.axes.add_patch(
            Rectangle(
                (x, y), width, height, facecolor="none", edgecolor=tone_colour(tone), linewidth=line, clip_on=False
            )
        )

    def line(
        self, xs: Sequence[float], ys: Sequence[float], *, tone: str, line: float = 1.0, dashed: bool = False
    ) -> None:
        style: Any = (0, (4, 2.5)) if dashed else "solid"
        self.axes.plot(xs, ys, color=tone_colour(tone), linewidth=line, linestyle=style)


Key = tuple[str, str]  # a tone, and what it stands for
LINE = 20.0


def legend(sheet: Sheet, keys: Sequence[Key]) -> float:
    """What the colours stand for, in as many lines as it takes; where the last line ends."""
    for (tone, name), (x, line) in zip(keys, _key_places(keys, sheet.width), strict=True):
        y = (line + 0.5) * LINE
        sheet.box(x, y - 5, 10, 10, tone=tone, round_by=2)
        sheet.text(x + 15, y + 0.5, name, tone="muted")
    return legend_height(keys, sheet.width)


def legend_height(keys: Sequence[Key], width: float) -> float:
    """How much `legend` will take."""
    return (_key_places(keys, width)[-1][1] + 1) * LINE + 4 if keys else 0.0


def _key_places(keys: Sequence[Key], width: float) -> list[tuple[float, int]]:
    """Where each key begins, and in which line."""
    x, line, places = 0.0, 0, []
    for _, name in keys:
        needed = 16 + text_width(name)
        if x and x + needed > width:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += needed + 14
    return places
