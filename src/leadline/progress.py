"""What a long verb tells whoever watches it. The command line draws a bar from it; by default nobody listens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Placing:
    """Where a network stands in a comparison that runs."""

    name: str
    round: str  # "heat" or "final"
    state: str  # "waiting", "training", "done", "failed" or "left"
    accuracy: float | None = None  # so far, on images that it was not trained on
    leads: bool = False


class Watch:
    """Every method does nothing; override what you want to see."""

    def note(self, text: str) -> None:
        """Something a person should know, in one line."""

    def start(self, task: str, steps: int, done: int = 0) -> None:
        """A task of `steps` steps begins, `done` of which were done before."""

    def step(self, done: int) -> None:
        """`done` steps of the task are done."""

    def row(self, row: dict[str, float]) -> None:
        """A line of the history."""

    def finish(self) -> None:
        """The task is done."""

    def placings(self, networks: Sequence[Placing], *, seconds_left: float | None) -> None:
        """How a comparison stands; `seconds_left` of the time that was asked for."""

    def through(self, items: Iterable[T], *, size: Callable[[T], int]) -> Iterator[T]:
        """`items` unchanged, each told as `size(item)` steps when the next one is asked for."""
        done = 0
        for item in items:
            yield item
            done += size(item)
            self.step(done)
