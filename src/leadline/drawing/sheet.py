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
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        tone: str,
        strength: float = 1.0,
        round_by: float = 0.0,
    ) -> None:
        colour, own = face(tone)
        shape: dict[str, Any] = {"facecolor": colour, "linewidth": 0, "alpha": own * strength, "clip_on": False}
        if round_by:
            style = f"round,pad=0,rounding_size={min(round_by, width / 2, height / 2)}"
            self.axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, **shape))
        else:
            self.axes.add_patch(Rectangle((x, y), width, height, **shape))

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
    x, y = 0.0, LINE / 2
    for tone, name in keys:
        width = 16 + text_width(name) + 14
        if x and x + width - 14 > sheet.width:
            x, y = 0.0, y + LINE
        sheet.box(x, y - 5, 10, 10, tone=tone, round_by=2)
        sheet.text(x + 15, y + 0.5, name, tone="muted")
        x += width
    return y + LINE / 2 + 4 if keys else 0.0


def legend_height(keys: Sequence[Key], width: float) -> float:
    """How much `legend` will take."""
    x, lines = 0.0, 1
    for _, name in keys:
        needed = 16 + text_width(name) + 14
        if x and x + needed - 14 > width:
            x, lines = 0.0, lines + 1
        x += needed
    return lines * LINE + 4 if keys else 0.0
