"""Threads wait asleep where other programs keep a core busy, and a person's own choice stays."""

import os
from pathlib import Path

import pytest

from leadline.cli import waiting
from leadline.cli.waiting import busy_cores, wait_politely


@pytest.fixture(autouse=True)
def _no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")


@pytest.mark.parametrize(
    ("busy", "verb", "policy"), [(1.0, "train", "PASSIVE"), (0.1, "train", None), (1.0, "models", None)]
)
def test_a_busy_machine_lets_threads_sleep(
    busy: float, verb: str, policy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "busy_cores", lambda _: busy)
    wait_politely(verb)
    assert os.environ.get("OMP_WAIT_POLICY") == policy


def test_ones_own_policy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "busy_cores", lambda _: 2.0)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_politely("train")
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_busy_cores_are_counted_from_the_systems_ticks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stat"
    file.write_text("cpu  100 0 0 100 0 0 0 0 0 0\ncpu0 …\n", "utf-8")
    ticks = iter([[100, 0, 0, 100, 0, 0, 0, 0], [130, 0, 10, 150, 10, 0, 0, 0]])
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(waiting, "_ticks", lambda _: next(ticks))
    assert busy_cores(0.0, file=file) == pytest.approx(4 * 40 / 100)
    monkeypatch.undo()
    assert busy_cores(0.0, file=tmp_path / "none") == 0.0
