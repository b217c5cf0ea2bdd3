"""How anything is printed on standard output: text as it is, tables, JSON."""

import json
import sys
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from leadline.wording import visible, visible_json

# Wide enough that nothing wraps where the output is read by a program or kept in a file.
WIDE = 200


def console(*, at_least: int = 0) -> Console:
    """Where text is printed as it is: what stands in brackets is part of a name, and never markup."""
    out = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)
    out.width = max(out.width, at_least)
    return out


def table(*columns: str, rows: list[list[str]], title: str | None = None) -> None:
    """A table whose first column is text and whose others are figures."""
    columns, rows = tuple(map(visible, columns)), [list(map(visible, row)) for row in rows]
    heading = Text(visible(title), "table.title") if title else None
    grid = Table(title=heading, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    first, *others = columns
    grid.add_column(Text(first), no_wrap=True, min_width=max(map(cell_len, [first, *(row[0] for row in rows)])))
    for name in others:
        grid.add_column(Text(name), justify="right", overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    # A terminal narrower than that folds the lines, where the table would leave out figures.
    narrowest = Measurement.get(out := console(), out.options.update(width=sys.maxsize), grid).minimum
    console(at_least=narrowest).print(grid)


def line(text: str, *, file: TextIO | None = None) -> None:
    """Print one line, whatever names it holds."""
    print(visible(text), file=file)


def as_json(value: Any) -> None:
    """Every sign is there, as an escape where standard output lacks it or a terminal would obey it."""
    readable = visible_json(json.dumps(value, indent=2, ensure_ascii=False))
    print(readable if can_hold(readable) else json.dumps(value, indent=2))


def can_hold(text: str) -> bool:
    """Whether standard output has all signs of `text`; elsewhere than in a code page of Windows it does."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
