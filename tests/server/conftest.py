"""A trained classifier behind the server's own test client."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from leadline.classifier import load
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.server.app import create_app
from leadline.verbs.train import train

from ..conftest import Notes, disc


@pytest.fixture(scope="session")
def served_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("served")
    for position, label in enumerate(("<b>dark</b>", "light")):
        folder = home / "images" / label.replace("/", "∕")
        folder.mkdir(parents=True)
        for number in range(24):
            Image.fromarray(disc(1000 * position + number, bright=position == 1)).save(folder / f"{number:03d}.png")
    return train(home / "images", model="resnet20_cifar", epochs=3, out=home / "run", progress=Notes()).folder


# A server ends with the tests that talk to it: in a process that then ran other tests for minutes, its thread crashed.
@pytest.fixture(scope="module")
def client(served_run: Path) -> Iterator[TestClient]:
    classifier = load(served_run)
    app = create_app(classifier, Engine.of(classifier, hardware()), card="# A card")
    with TestClient(app) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(served_run: Path) -> Iterator[str]:
    """Where a server listens, in a thread of this process."""
    classifier = load(served_run)
    app = create_app(classifier, Engine.of(classifier, hardware()), name="<i>first</i>")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)
