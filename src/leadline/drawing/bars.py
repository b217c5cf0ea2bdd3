"""Bars below one another: a name and a number above each, so that the same figure fits a hall and a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from leadline.drawing.sheet import LINE, Drawing, Key, Sheet, legend, legend_height

BAR, BELOW, HEADING = 13.0, 11.0, 28.0


@dataclass(frozen=True)
class Bar:
    """`parts` are lengths with their tones, from left to right; `says` is the number as it is written."""

    name: str
    parts: tuple[tuple[float, str], ...]
    says: str
    heading: str = ""  # of the bars from here on
    bold: bool = False

    @property
    def length(self) -> float:
        return sum(length for length, _ in self.parts)


def bar(name: str, length: float, says: str, *, tone: str = "right", heading: str = "", bold: bool = False) -> Bar:
    """A bar of one part."""
    return Bar(name, ((length, tone),), says, heading, bold)


def bars(rows: Sequence[Bar], *, title: str, keys: Sequence[Key] = (), own_scales: bool = False) -> Drawing:
    """All bars begin at zero; `title` says what they count, for those who do not see them.

    They share one scale, unless bars under different headings count different things: then each heading has its own.
    """

    def paint(figure: Figure) -> str:
        sheet = Sheet.over(figure)
        y = legend(sheet, keys) + (6 if keys else 0)
        for row, longest in zip(rows, _longest(rows, own_scales), strict=True):
            if row.heading:
                sheet.text(0, y + HEADING / 2 + 2, row.heading, tone="muted")
                y += HEADING
            sheet.text(0, y + LINE / 2, row.name, bold=row.bold)
            sheet.text(sheet.width, y + LINE / 2, row.says, align="right", bold=row.bold)
            y += LINE
            sheet.box(0, y + BAR - 1, sheet.width, 1, tone="rule")
            x = 0.0
            for length, tone in row.parts:
                width = sheet.width * length / longest
                sheet.box(x, y, max(width - (0.75 if len(row.parts) > 1 else 0), 0.75), BAR, tone=tone)
                x += width
            y += BAR + BELOW
        each = "; ".join(f"{row.heading + ': ' if row.heading else ''}{row.name}: {row.says}" for row in rows)
        return f"{title}. {each}."

    def height(width: int) -> int:
        headings = sum(HEADING for row in rows if row.heading)
        return round(legend_height(keys, width) + (6 if keys else 0) + headings + len(rows) * (LINE + BAR + BELOW))

    return Drawing(paint, height)


def _longest(rows: Sequence[Bar], own_scales: bool) -> list[float]:
    """For each bar the one that fills the width."""
    groups: list[list[Bar]] = []
    for row in rows:
        if not groups or (own_scales and row.heading):
            groups.append([])
        groups[-1].append(row)
    return [max(max(one.length for one in group), 1e-9) for group in groups for _ in group]
