"""The trainings of a comparison are dealt to processes, each of which does its own as a whole."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.errors import DataError, DivergenceError
from leadline.progress import SILENT
from leadline.ranks import Group, OtherProcessError
from leadline.training import shared_trainings
from leadline.training.run_folder import Run
from leadline.training.shared_trainings import Task, dealt, end_trainings, join_trainings, train_together

from ..threads import in_each


@given(costs=st.lists(st.floats(0, 100), max_size=30), processes=st.integers(1, 5))
def test_each_task_is_dealt_once_and_no_process_has_much_more_than_its_share(
    costs: list[float], processes: int
) -> None:
    numbers = dealt(costs, processes)
    assert len(numbers) == processes
    assert sorted(number for own in numbers for number in own) == list(range(len(costs)))
    longest = max(sum(costs[number] for number in own) for own in numbers)
    # Graham 1969: no list schedule is longer than the mean and the longest task together.
    assert longest <= sum(costs) / processes + max(costs, default=0.0) + 1e-9


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that were trained; "diverges" does, and "unreadable" has no images."""
    names: list[str] = []

    def train_one(run: Run, *_: Any, **__: Any) -> None:
        if run.folder.name == "diverges":
            raise DivergenceError("the loss is no number")
        if run.folder.name == "unreadable":
            raise DataError("no images")
        names.append(run.folder.name)

    monkeypatch.setattr(shared_trainings, "train_one", train_one)
    monkeypatch.setattr(Run, "recipe", None)
    monkeypatch.setattr(Run, "manifest", None)
    return names


def share(folder: Path, *bundles: list[str]) -> list[Any]:
    def work(group: Group) -> Any:
        if not group.first:
            return join_trainings(group)
        tasks = [Task.of([Run(folder / name) for name in names], part=True, cost=len(names)) for names in bundles]
        taken = [train_together(group, tasks, SILENT), train_together(group, tasks[:1], SILENT)]
        end_trainings(group)
        return taken

    return in_each(2, work)


def test_every_training_is_done_and_one_that_fails_is_left_to_who_trains_it_again(
    tmp_path: Path, trained: list[str]
) -> None:
    (first, second), joined = share(tmp_path, ["a", "b"], ["diverges"], ["c"], ["odd\udcff"])
    assert joined is None
    assert {folder.name for folder in first} == {"a", "b", "c", "odd\udcff"}
    assert {folder.name for folder in second} == {"a", "b"}
    assert sorted(trained) == ["a", "a", "b", "b", "c", "odd\udcff"]


def test_what_stands_in_the_way_of_all_trainings_is_raised_in_all_processes(tmp_path: Path, trained: list[str]) -> None:
    raised = share(tmp_path, ["a"], ["unreadable"])
    assert [type(error) for error in raised] == [OtherProcessError] * 2
    assert {str(error) for error in raised} == {"process 2 of 2: no images"}
