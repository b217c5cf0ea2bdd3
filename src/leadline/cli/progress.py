"""What a long verb shows on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from leadline.training.watch import Watch

SECONDS_BETWEEN_LINES = 30.0


class Terminal(Watch):
    """Draws a bar per task, and a line per validation above it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._name = ""

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def start(self, task: str, steps: int, done: int = 0) -> None:
        self._name = task
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
            console=self._console,
        )
        self._task = self._progress.add_task(task, total=steps, completed=done, state="")
        self._progress.start()

    def step(self, done: int) -> None:
        if self._progress:
            self._progress.update(self._task, completed=done)

    def row(self, row: dict[str, float]) -> None:
        if self._progress and "validation_accuracy" in row:
            self._progress.update(self._task, state=f"validation {row['validation_accuracy']:.1%}")

    def finish(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = None


class Lines(Watch):
    """Prints a line per validation, no more often than every half minute, and one at the end of a task."""

    def __init__(self) -> None:
        self._name, self._steps, self._printed, self._last = "", 0, time.monotonic(), ""

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def start(self, task: str, steps: int, done: int = 0) -> None:
        self._name, self._steps, self._last = task, steps, ""
        self._printed = time.monotonic()

    def row(self, row: dict[str, float]) -> None:
        validated = f"validation accuracy {row['validation_accuracy']:.1%}, " if "validation_accuracy" in row else ""
        self._last = (
            f"{self._name}: step {row['step']:.0f} of {self._steps}, training loss {row['train_loss']:.3f}, "
            f"{validated}{row['seconds']:.0f} s"
        )
        if time.monotonic() - self._printed > SECONDS_BETWEEN_LINES:
            self.finish()

    def finish(self) -> None:
        if self._last:
            self.note(self._last)
        self._printed, self._last = time.monotonic(), ""


@contextmanager
def watch() -> Iterator[Watch]:
    """The one that fits where stderr goes; closed whatever happens inside, so that the terminal is as it was."""
    watching = Terminal() if sys.stderr is not None and sys.stderr.isatty() else Lines()
    try:
        yield watching
    finally:
        watching.finish()
