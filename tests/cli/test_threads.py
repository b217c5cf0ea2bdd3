"""Threads that wait sleep where other programs compute, and a person's own choice stays."""

import pytest

from leadline.cli import threads


@pytest.mark.parametrize(
    ("busy", "chosen", "expected"), [(1.0, None, "passive"), (0.0, None, None), (1.0, "active", "active")]
)
def test_waiting_threads_sleep_beside_others_unless_told(
    monkeypatch: pytest.MonkeyPatch, busy: float, chosen: str | None, expected: str | None
) -> None:
    environment = {"OMP_WAIT_POLICY": chosen} if chosen else {}
    monkeypatch.setattr(threads.os, "environ", environment)
    monkeypatch.setattr(threads, "_busy_cores", lambda: busy)
    threads.wait_politely_beside_others()
    assert environment.get("OMP_WAIT_POLICY") == expected
