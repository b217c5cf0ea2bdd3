"""What long work tells whoever watches it: bars, notes, and how a comparison stands. By default nobody watches."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from leadline.wording import visible

T = TypeVar("T")


@dataclass(frozen=True)
class Placing:
    """Where a network stands in a comparison that runs."""

    name: str
    round: str  # "heat" or "final"
    state: str  # "waiting", "training", "done", "failed" or "left"
    accuracy: float | None = None  # so far, on images that it was not trained on
    leads: bool = False


class Progress:
    """Shows nothing; a display overrides `note`, `begin`, `advance`, `row`, `end` and `placings`."""

    def note(self, text: str) -> None:
        """Something a person should know, in one line."""

    @contextmanager
    def task(self, name: str, steps: int, *, done: int = 0) -> Iterator[None]:
        """A task of `steps` steps, `done` of which were done before. One at a time."""
        self.begin(name, steps, done)
        try:
            yield
        finally:
            self.end()

    def begin(self, name: str, steps: int, done: int) -> None:
        """A task begins."""

    def advance(self, steps: int = 1) -> None:
        """So many more steps of the task are done."""

    def row(self, row: dict[str, float]) -> None:
        """A line of a training's history."""

    def end(self) -> None:
        """The task is done, or has failed."""

    def placings(self, networks: Sequence[Placing], *, seconds_left: float | None) -> None:
        """How a comparison stands; `seconds_left` of the time that was asked for."""

    def through(self, items: Iterable[T], *, size: Callable[[T], int]) -> Iterator[T]:
        """`items` unchanged; each counts as `size(item)` steps when the next one is asked for."""
        for item in items:
            yield item
            self.advance(size(item))


SILENT = Progress()


class WithoutNotes(Progress):
    """Shows the bars of a part of something larger, whose notes the whole has shown already."""

    def __init__(self, shown: Progress) -> None:
        self.begin, self.advance, self.row, self.end = shown.begin, shown.advance, shown.row, shown.end  # type: ignore[method-assign]


class NotesOnStderr(Progress):
    """For a caller in Python, who has no display."""

    def note(self, text: str) -> None:
        print(f"leadline: {visible(text)}", file=sys.stderr)


ON_STDERR = NotesOnStderr()
