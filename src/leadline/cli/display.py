"""What a long verb shows on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from leadline.progress import Placing, Progress
from leadline.ranks import first_process
from leadline.wording import visible

SECONDS_BETWEEN_LINES = 30.0


class Terminal(Progress):
    """One picture that is redrawn in place: how a comparison stands, and a bar for what is going on."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, emoji=False)
        self._live: Live | None = None
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._placings: Table | None = None

    def note(self, text: str) -> None:
        self._console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def begin(self, name: str, steps: int, done: int) -> None:
        self._bar = Bar(
            TextColumn("{task.description:<18}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            console=self._console,
        )
        self._task = self._bar.add_task(name, total=steps, completed=done, state="")
        self._draw()

    def advance(self, steps: int = 1) -> None:
        if self._bar:
            self._bar.advance(self._task, steps)

    def row(self, row: dict[str, float]) -> None:
        if self._bar and "validation_accuracy" in row:
            self._bar.update(self._task, state=f"validation {row['validation_accuracy']:.1%}")

    def end(self) -> None:
        self._bar = None
        self._draw()

    def placings(self, networks: Sequence[Placing], *, seconds_left: float | None) -> None:
        left = "" if seconds_left is None else f", {max(0.0, seconds_left) / 60:.1f} minutes left"
        table = Table(title=f"{networks[0].round}{left}", title_justify="left", box=None, padding=(0, 2, 0, 0))
        for name in ("network", "", "accuracy so far"):
            table.add_column(name)
        for one in networks:
            accuracy = "" if one.accuracy is None else f"{one.accuracy:.1%}"
            leader = " ← leads" if one.leads else ""
            table.add_row(Text(one.name), one.state, accuracy + leader, style="bold" if one.leads else "")
        self._placings = table
        self._draw()

    def close(self) -> None:
        """Leave the terminal as it was, with the last picture on it."""
        self._bar = None
        if self._live:
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        parts = [part for part in (self._placings, self._bar) if part is not None]
        if not parts:
            self.close()
        elif self._live is None:
            self._live = Live(Group(*parts), console=self._console, redirect_stdout=False, transient=True)
            self._live.start()
        else:
            self._live.update(Group(*parts))


class Lines(Progress):
    """Prints a line per validation, no more often than every half minute, and one at the end of a task."""

    def __init__(self) -> None:
        self._name, self._steps, self._printed, self._last = "", 0, time.monotonic(), ""

    def note(self, text: str) -> None:
        print(visible(text), file=sys.stderr, flush=True)

    def begin(self, name: str, steps: int, done: int) -> None:
        self._name, self._steps, self._last = name, steps, ""
        self._printed = time.monotonic()

    def row(self, row: dict[str, float]) -> None:
        validated = f"validation accuracy {row['validation_accuracy']:.1%}, " if "validation_accuracy" in row else ""
        self._last = (
            f"{self._name}: step {row['step']:.0f} of {self._steps}, training loss {row['train_loss']:.3f}, "
            f"{validated}{row['seconds']:.0f} s"
        )
        if time.monotonic() - self._printed > SECONDS_BETWEEN_LINES:
            self.end()

    def end(self) -> None:
        if self._last:
            self.note(self._last)
        self._printed, self._last = time.monotonic(), ""

    def close(self) -> None:
        self.end()


@contextmanager
def display() -> Iterator[Progress]:
    """The one that fits where stderr goes; closed whatever happens inside, so that the terminal is as it was."""
    if not first_process():
        yield Progress()
        return
    shown = Terminal() if sys.stderr is not None and sys.stderr.isatty() else Lines()
    try:
        yield shown
    finally:
        shown.close()
