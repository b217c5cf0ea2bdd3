"""The trainings of a comparison, each done as a whole by one of several processes."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from leadline.errors import DataError, LeadlineError, StorageError
from leadline.progress import SILENT, Progress
from leadline.ranks import Group
from leadline.training.run_folder import Run
from leadline.training.training import train_one


class Task(msgspec.Struct, array_like=True, frozen=True):
    """Trainings that one process does, one after the other; their recipes and manifests are in their run folders."""

    folders: tuple[bytes, ...]
    part: bool  # of something larger, as train_one has it
    cost: float  # what it will take, on the same scale as other tasks

    @staticmethod
    def of(runs: Sequence[Run], *, part: bool, cost: float) -> "Task":
        return Task(tuple(os.fsencode(run.folder.resolve()) for run in runs), part, cost)


def dealt(costs: Sequence[float], processes: int) -> list[list[int]]:
    """The numbers of the tasks that each process does: the most expensive first, each to whom it ends soonest with."""
    busy, numbers = [0.0] * processes, [list[int]() for _ in range(processes)]
    for number in sorted(range(len(costs)), key=lambda number: -costs[number]):
        process = busy.index(min(busy))
        busy[process] += costs[number]
        numbers[process].append(number)
    return numbers


def train_together(group: Group, tasks: list[Task], progress: Progress) -> dict[Path, float]:
    """Train what the tasks name; the seconds that each run took.

    A training that failed is missing there: who trains it again meets the same error. What stands in the way of all
    trainings is raised, in all processes.
    """
    group.broadcast(msgspec.msgpack.encode(tasks))
    return _done(group, tasks, progress)


def join_trainings(group: Group) -> None:
    """What a process that is not the first one does until `end_trainings`."""
    while tasks := msgspec.msgpack.decode(group.broadcast(), type=list[Task]):
        _done(group, tasks, SILENT)


def end_trainings(group: Group) -> None:
    """There are no more trainings to share."""
    group.broadcast(msgspec.msgpack.encode([]))


def _done(group: Group, tasks: list[Task], progress: Progress) -> dict[Path, float]:
    own = [tasks[number] for number in dealt([task.cost for task in tasks], group.size)[group.rank]]

    def train() -> bytes:
        taken = {}
        for task in own:
            for folder in task.folders:
                run, started = Run(Path(os.fsdecode(folder))), time.perf_counter()
                try:
                    train_one(run, run.recipe, run.manifest, progress=progress, part=task.part)
                except (DataError, StorageError):
                    raise
                except LeadlineError:
                    continue
                taken[folder] = time.perf_counter() - started
        return msgspec.msgpack.encode(taken)

    return {
        Path(os.fsdecode(folder)): seconds
        for part in group.gather(train)
        for folder, seconds in msgspec.msgpack.decode(part, type=dict[bytes, float]).items()
    }
