"""Networks with known outputs and their weights in files; and a web server that is as good or bad as it is told."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from leadline.pretrained import fetch
from leadline.pretrained import weights as weights_module
from leadline.pretrained.create import create_model
from leadline.pretrained.torchvision_files import MIRROR, Pretrained, torchvision_weights


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
        # What a client of the Hugging Face hub asks for besides.
        request.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        request.send_header("X-Repo-Commit", "0" * 40)
        request.end_headers()
        if request.command == "HEAD":
            return
        limit = self.break_off_after.pop(0) if self.break_off_after else len(content)
        request.wfile.write(content[start : start + limit])
        request.close_connection = True


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    served = Server(tmp_path / "served")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        do_HEAD = do_GET  # noqa: N815

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


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch hub's folder of downloaded files, empty; and nobody reaches the real network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:1")
    return tmp_path / "torch" / "hub" / "checkpoints"


def theirs_of(name: str, **options: bool) -> nn.Module:
    torch.manual_seed(1)
    model: nn.Module = torchvision.models.get_model(name, weights=None, **options).eval()
    generator = torch.Generator().manual_seed(2)
    for key, values in model.state_dict().items():  # as after a training: the outputs depend on the images
        if "running" in key:
            values.uniform_(0.5, 1.5, generator=generator) if "var" in key else values.uniform_(-0.1, 0.1)
        elif values.dim() == 4:
            values.normal_(std=(2 / values[0].numel()) ** 0.5, generator=generator)
    return model


def images(channels: int = 3) -> Tensor:
    return torch.rand(2, channels, 65, 65, generator=torch.Generator().manual_seed(3))


def outputs(model: nn.Module, batch: Tensor) -> Tensor:
    with torch.inference_mode():
        found: Tensor = model.eval()(batch)
    return found


def assert_close(ours: Tensor, theirs: Tensor) -> None:
    assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


def saved(model: nn.Module, file: Path) -> Path:
    torch.save(model.state_dict(), file)
    return file


def serve_as_imagenet(name: str, model: nn.Module, server: Server, monkeypatch: pytest.MonkeyPatch) -> Pretrained:
    """Let torchvision's default entry for `name` be a file with the weights of `model`, which `server` has."""
    file = saved(model, server.folder / "new.pth")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    tag, known = next(iter(torchvision_weights(name).items()))
    known = replace(known, url=f"https://nowhere.invalid/{name}-{digest}.pth", sha256=digest)
    file.rename(server.folder / f"{name}-{digest}.pth")
    monkeypatch.setenv(MIRROR, f"{server.url}/")
    monkeypatch.setattr(weights_module, "torchvision_weights", lambda asked: {tag: known} if asked == name else {})
    return known


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-20 of ten classes and three channels, in a file."""
    torch.manual_seed(6)
    return saved(create_model("resnet20_cifar"), tmp_path_factory.mktemp("trained") / "resnet20.pt")
