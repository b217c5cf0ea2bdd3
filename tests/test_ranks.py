"""Processes that share work: here threads stand for them; others start the real torchrun."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadline.errors import LeadlineError
from leadline.inference.engine import Answers
from leadline.inference.shared_answers import shared_answers
from leadline.ranks import ALONE, Group, OtherProcessError, cut_off, launched, started_by_torchrun

from .threads import in_each


@given(count=st.integers(0, 2000), size=st.integers(1, 9), whole=st.integers(1, 300))
def test_the_blocks_of_all_processes_are_the_items_in_order(count: int, size: int, whole: int) -> None:
    """And no batch is divided between two of them, so that each is computed as one process would."""
    items = list(range(count))
    blocks = [items[Group(rank, size).block(count, whole=whole)] for rank in range(size)]
    assert [item for block in blocks for item in block] == items
    assert all(block[0] % whole == 0 for block in blocks if block)
    batches = [-(-len(block) // whole) for block in blocks]
    assert max(batches) - min(batches) <= 1


@pytest.mark.parametrize("size", [1, 2, 3])
def test_all_receive_what_each_has_made_in_order(size: int) -> None:
    gathered = in_each(size, lambda group: group.gather(lambda: b"" if group.rank == 1 else bytes([group.rank]) * 3))
    assert gathered == [[b"" if rank == 1 else bytes([rank]) * 3 for rank in range(size)]] * size


@pytest.mark.parametrize("size", [1, 3])
def test_all_receive_what_the_first_one_sends(size: int) -> None:
    assert in_each(size, lambda group: group.broadcast(b"\xff" if group.first else b"mine")) == [b"\xff"] * size


def test_a_failure_in_one_process_is_raised_in_all_and_says_where() -> None:
    def work(group: Group) -> list[bytes]:
        def part() -> bytes:
            if group.rank == 1:
                raise LeadlineError("no room for \udcff.png")
            return b"fine"

        return group.gather(part)

    raised = in_each(3, work)
    assert all(isinstance(error, OtherProcessError) for error in raised)
    assert {str(error) for error in raised} == {"process 2 of 3: no room for \udcff.png"}


def answers_of(numbers: list[int]) -> Answers:
    """Made-up answers that differ from image to image; every third one could not be read."""
    probabilities = np.array([[1 / (3 + number), 1 - 1 / (3 + number)] for number in numbers]).reshape(-1, 2)
    probabilities[[number % 3 == 0 for number in numbers]] = np.nan
    errors = [f"{number}\udcff.png: damaged" if number % 3 == 0 else "" for number in numbers]
    return Answers(probabilities, errors, np.array(numbers) / 7, [f"darker ({number})" for number in numbers])


@pytest.mark.parametrize("count", [0, 1, 10])
def test_shared_answers_are_those_of_one_process_to_the_bit(count: int) -> None:
    images = list(range(count))
    alone = shared_answers(ALONE, lambda: answers_of(images))
    for together in in_each(
        3, lambda group: shared_answers(group, lambda: answers_of(images[group.block(count, whole=4)]))
    ):
        assert isinstance(together, Answers)
        assert together.probabilities.tobytes() == alone.probabilities.tobytes()
        assert together.novelty.tobytes() == alone.novelty.tobytes()
        assert (together.errors, together.unlike) == (alone.errors, alone.unlike)


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launched() is ALONE
    monkeypatch.setenv("WORLD_SIZE", "2")  # as other launchers set it
    assert launched() is ALONE
    assert not started_by_torchrun()


def test_what_is_raised_when_another_process_has_ended_is_told_from_a_defect() -> None:
    gloo = "[../third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:5201"
    assert cut_off(RuntimeError(gloo))
    assert not cut_off(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not cut_off(ValueError(gloo))
