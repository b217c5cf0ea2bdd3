"""Work on many images in threads."""

import os
import threading
import time

import pytest

from leadline.data.in_threads import CHUNK, WAITING, in_threads


@pytest.mark.parametrize("cores", [1, 3, 64])
@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_results_come_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch, cores: int, count: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    def slow_when_even(number: int) -> int:
        time.sleep(0.0002 * (number % 2 == 0))
        return -number

    assert list(in_threads(slow_when_even, range(count))) == [-number for number in range(count)]


@pytest.mark.parametrize("ahead", [8, 64, 2048])
def test_work_stays_a_little_in_front_of_whoever_takes_the_results(monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    begun: list[int] = []
    results = in_threads(lambda number: begun.append(number), range(10_000), ahead=ahead)
    for taken in range(1, 101):
        next(results)
        assert len(begun) <= taken + min(ahead, CHUNK * WAITING * 2) + CHUNK
    results.close()


def test_few_slow_images_are_dealt_to_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    meeting = threading.Barrier(4, timeout=5)
    list(in_threads(lambda _: meeting.wait(), range(8)))  # which no thread could pass if one had taken several


def test_an_error_is_raised_in_its_turn_and_what_follows_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    begun: list[int] = []

    def fail_at_hundred(number: int) -> int:
        begun.append(number)
        if number == 100:
            raise ValueError("hundred")
        return number

    taken: list[int] = []
    with pytest.raises(ValueError, match="hundred"):
        taken.extend(in_threads(fail_at_hundred, range(10_000)))
    assert taken == list(range(len(taken)))
    assert 100 - CHUNK < len(taken) <= 100
    assert len(begun) < 1000
