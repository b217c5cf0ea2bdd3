"""Requests to the server: whatever is sent, it answers, and never with an error of its own."""

import io
from pathlib import Path

from fastapi.testclient import TestClient
from PIL import Image

from leadline.classifier import load
from leadline.errors import LeadlineError
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.server.app import create_app

BOUNDARY = "line-between-the-parts"


class Requests:
    """A whole request as text is the corpus: its line, an empty line, its body."""

    def __init__(self, run: Path) -> None:
        classifier = load(run)
        self.client = TestClient(
            create_app(classifier, Engine.of(classifier, hardware())), raise_server_exceptions=False
        )
        self.client.__enter__()  # until the process ends

    @staticmethod
    def corpus() -> list[bytes]:
        image = io.BytesIO()
        Image.new("L", (8, 8), 90).save(image, "PNG")

        def request(line: str, field: str, *names: str) -> bytes:
            parts = [
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                "Content-Type: image/png\r\n\r\n".encode()
                + image.getvalue()
                + b"\r\n"
                for name in names
            ]
            return line.encode() + b"\n\n" + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()

        return [
            request("POST /predict", "files", "a.png", "b.png"),
            request("POST /explain?of_class=dark", "file", "a.png"),
            request("GET /model", "file"),
        ]

    def judge(self, content: bytes) -> None:
        line, _, body = content.partition(b"\n\n")
        method, _, path = line.decode("latin-1").partition(" ")
        if method not in ("GET", "POST", "PUT", "HEAD") or not path.startswith("/") or not path.isprintable():
            raise LeadlineError("no HTTP")  # the server in front of the application refuses it
        try:
            url = self.client.base_url.join(path)
        except Exception:
            raise LeadlineError("no address") from None
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = self.client.request(method, url, content=body, headers=headers)
        assert answer.status_code < 500, f"{answer.status_code}: {answer.text[:300]}"
        if answer.status_code >= 400:
            raise LeadlineError(answer.text[:100])
