"""Shards that several tests read, and a server that hands them out on this machine."""

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from leadline.data.keyed import generator


def picture(number: int, *, suffix: str = "png") -> bytes:
    """A small grey image of its own."""
    pixels = generator("picture", number).integers(0, 256, (12, 12)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, {"png": "PNG", "jpg": "JPEG"}[suffix])
    return file.getvalue()


def write_tar(file: Path, members: dict[str, bytes | dict[str, str]]) -> Path:
    """A tar file of these members; a dictionary becomes JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            content = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def sample(number: int, label: str | None = None, **about: str) -> dict[str, bytes | dict[str, str]]:
    """The members of one sample: even numbers are "dark", odd ones "light" where `label` says nothing else."""
    label = label if label is not None else ("dark", "light")[number % 2]
    return {f"{number:04d}.png": picture(number), f"{number:04d}.json": {"label": label, **about}}


def write_set(folder: Path, counts: list[int], *, names: str = "part-{:04d}.tar") -> Path:
    """Tar shards of so many samples, without an index; the samples of all are numbered."""
    number = 0
    for shard, count in enumerate(counts):
        members: dict[str, bytes | dict[str, str]] = {}
        for _ in range(count):
            members |= sample(number)
            number += 1
        write_tar(folder / names.format(shard), members)
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The URL at which a server on this machine hands out `folder`, and the paths that it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
