"""Threads wait asleep where other programs keep a core busy, and a person's own choice stays."""

import os
from pathlib import Path

import pytest

from leadline.cli import waiting
from leadline.cli.waiting import busy_cores, has_bf16, wait_politely


@pytest.fixture(autouse=True)
def _no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")


@pytest.mark.parametrize(
    ("busy", "bf16", "verb", "policy"),
    [
        (1.0, False, "train", "PASSIVE"),
        (0.1, False, "train", None),
        (1.0, False, "models", None),
        (1.0, True, "train", None),
    ],
)
def test_a_busy_machine_lets_threads_sleep(
    busy: float, bf16: bool, verb: str, policy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "busy_cores", lambda _: busy)
    monkeypatch.setattr(waiting, "has_bf16", lambda: bf16)
    wait_politely(verb)
    assert os.environ.get("OMP_WAIT_POLICY") == policy


def test_ones_own_policy_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "busy_cores", lambda _: 2.0)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_politely("train")
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_a_processor_with_bf16_is_known_by_its_flags(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    for flags, expected in (("fpu avx2 avx512f", False), ("fpu amx_tile", True), ("avx512_bf16", True)):
        file.write_text(f"model name\t: Some\nflags\t\t: {flags}\n", "utf-8")
        assert has_bf16(file=file) == expected
    assert not has_bf16(file=tmp_path / "none")


def test_busy_cores_are_counted_from_the_systems_ticks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stat"
    file.write_text("cpu  100 0 0 100 0 0 0 0 0 0\ncpu0 …\n", "utf-8")
    ticks = iter([[100, 0, 0, 100, 0, 0, 0, 0], [130, 0, 10, 150, 10, 0, 0, 0]])
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(waiting, "_ticks", lambda _: next(ticks))
    assert busy_cores(0.0, file=file) == pytest.approx(4 * 40 / 100)
    monkeypatch.undo()
    assert busy_cores(0.0, file=tmp_path / "none") == 0.0
