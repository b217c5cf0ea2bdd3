"""A web server on this machine that serves a folder as real ones do, or as badly as it is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from leadline.zoo import fetch


class Server:
    """What it serves, how badly, and what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.break_off_after: list[int] = []  # bytes of the body, answer by answer; then it sends everything
        self.cut_short = False  # says and sends a part of the file as if it were all of it
        self.ignores_ranges = False
        self.status: int | None = None
        self.ranges: list[str | None] = []  # of each request
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.ranges.append(request.headers.get("Range"))
        file = self.folder / request.path.lstrip("/")
        if self.status or not file.is_file():
            request.send_error(self.status or 404)
            return
        content = file.read_bytes()
        if self.cut_short:
            content = content[: len(content) // 2]
        start = 0
        if self.ranges[-1] and not self.ignores_ranges:
            start = int(self.ranges[-1].removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        limit = self.break_off_after.pop(0) if self.break_off_after else len(content)
        request.wfile.write(content[start : start + limit])
        request.close_connection = True


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    served = Server(tmp_path / "served")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{listening.server_port}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "PAUSE", 0.0)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    listening.shutdown()
    listening.server_close()
