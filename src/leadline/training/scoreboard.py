"""A comparison's record while it runs: comparison.json after every change, the clock, and the live table."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from leadline.data.reading import Reading
from leadline.progress import Placing, Progress
from leadline.results.comparison_result import COMPARISON, ComparisonResult, NetworkResult, Round
from leadline.results.json_files import write
from leadline.training.loop import Interrupted


@dataclass
class Clock:
    """Seconds of the whole command, over interruptions."""

    before: float = 0.0  # taken by commands that were interrupted
    started: float = field(default_factory=time.perf_counter)

    @property
    def now(self) -> float:
        return self.before + time.perf_counter() - self.started


@dataclass
class Scoreboard:
    """The rounds of a comparison so far, and how its networks stand."""

    folder: Path
    result: ComparisonResult
    clock: Clock
    progress: Progress

    @property
    def current(self) -> Round:
        """The round that runs, or ran last."""
        return self.result.rounds[-1]

    @property
    def reading(self) -> Reading:
        return Reading.of(self.result.settings)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Save on the way out; raises Interrupted, with the comparison's folder, when asked to stop."""
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted(str(self.folder)) from None
        finally:
            self.save()

    def add(self, new: Round, **changes: Any) -> None:
        self.change(rounds=(*self.result.rounds, new), **changes)

    def put(self, network: NetworkResult) -> None:
        networks = tuple(network if one.name == network.name else one for one in self.current.networks)
        self.change_round(networks=networks)

    def change_round(self, **values: Any) -> None:
        *before, current = self.result.rounds
        self.change(rounds=(*before, msgspec.structs.replace(current, **values)))

    def change(self, **values: Any) -> None:
        self.result = msgspec.structs.replace(self.result, **values)
        self.save()

    def save(self) -> None:
        self.result = msgspec.structs.replace(self.result, seconds=self.clock.now)
        if self.folder.is_dir():
            write(self.folder / COMPARISON, self.result)

    def show(self, training: Collection[str] = ()) -> None:
        """Tell whoever watches how the networks of this round stand."""
        known = {network.name: network for network in self.current.networks}
        reached = {name: value for name, one in known.items() if (value := self.result.reached(one)) is not None}
        best = max(reached.values(), default=None)

        def state(name: str) -> str:
            if name in training:
                return "training"
            if name in known and known[name].failed:
                return "failed"
            return "done" if name in reached else "waiting"

        placings = [
            Placing(
                one.name, self.current.kind, state(one.name), reached.get(one.name),
                leads=one.name in reached and reached[one.name] == best,
            )
            for one in self.current.entrants
        ]  # fmt: skip
        ends_at = None if self.result.minutes is None else max(self.current.ends_at or 0.0, 60 * self.result.minutes)
        self.progress.placings(placings, seconds_left=None if ends_at is None else ends_at - self.clock.now)
