"""The server as a person runs it: its memory stays within bounds, and what was begun is answered before it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .test_app import images_of

GROWTH = 64 * 2**20  # bytes by which a thousand requests may let the server grow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sends signals")


@contextmanager
def running(run: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`leadline serve` in a process of its own, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "leadline", "serve", str(run), "--port", str(port), "--engine", "torch"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                assert server.poll() is None, server.stderr and server.stderr.read()
                time.sleep(0.1)
        yield address, server
    finally:
        server.kill()
        server.wait()


def memory(server: subprocess.Popen[str]) -> int:
    """Bytes of the process and of the decoders that it started."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    resident = 0
    for process in [str(server.pid), *children]:
        status = Path(f"/proc/{process}/status").read_text()
        resident += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return 1024 * resident


@pytest.mark.slow
def test_a_thousand_requests_leave_memory_and_temporary_files_as_they_were(
    served_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    images = images_of(served_run)
    with running(served_run) as (address, server), httpx.Client(base_url=address, timeout=60) as client:

        def ask(number: int) -> int:
            content = b"no image" if number % 10 == 0 else images[number % len(images)].read_bytes()
            if number % 5 == 1:
                return client.post("/explain", files={"file": ("../../evil.png", content)}).status_code
            return client.post("/predict", files={"files": ("../../evil.png", content)}).status_code

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, range(200)))
            before = memory(server)
            started = time.perf_counter()
            statuses = list(pool.map(ask, range(1000)))
            print(f"{1000 / (time.perf_counter() - started):.0f} requests per second")
        assert [status for number, status in enumerate(statuses) if number % 10] == [200] * 900
        assert statuses[::10] == [422] * 100
        assert memory(server) - before < GROWTH
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and "evil" in path.name]
        assert not list(tmp_path.rglob("upload"))


@pytest.mark.slow
def test_what_was_begun_is_answered_before_the_server_ends(served_run: Path) -> None:
    files = [("files", (image.name, image.read_bytes())) for image in images_of(served_run)]
    with running(served_run) as (address, server):
        httpx.post(f"{address}/predict", files=files[:1], timeout=60)  # the decoders are up
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(httpx.post, f"{address}/predict", files=files, timeout=60) for _ in range(4)]
            time.sleep(0.3)
            os.kill(server.pid, signal.SIGINT)
            answers = [answer.result() for answer in asked]
        assert {answer.status_code for answer in answers} == {200}
        assert server.wait(20) in (0, 130)
        children = Path(f"/proc/{server.pid}")
        assert not children.exists()
