"""Two hosts, each a network namespace of its own, between which there is nothing but a cable: `torchrun --nnodes 2`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from leadline.training.run_folder import Run

from ..conftest import MakeImages
from ..torchrun import FP32

PORT = "29511"


@dataclass(frozen=True)
class Host:
    """A network namespace with one interface beside its loopback, and a cache of its own."""

    name: str
    interface: str
    cache: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "GLOO_SOCKET_IFNAME": self.interface,
            "LEADLINE_CACHE": str(self.cache),
            "OMP_NUM_THREADS": "1",
        }
        command = ["ip", "netns", "exec", self.name, sys.executable, *map(str, arguments)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )  # fmt: skip


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"network namespaces are not permitted here: ip {' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    if shutil.which("ip") is None:
        pytest.skip("the command ip, which makes network namespaces, is not installed")
    number = os.getpid()
    first, second = (Host(f"leadline-{number}-{end}", f"ll{number}{end}", tmp_path / f"cache-{end}") for end in "ab")
    try:
        for host in (first, second):
            ip("netns", "add", host.name)
        ip("link", "add", first.interface, "type", "veth", "peer", "name", second.interface)
        for address, host in (("10.77.0.1/24", first), ("10.77.0.2/24", second)):
            ip("link", "set", host.interface, "netns", host.name)
            ip("-n", host.name, "address", "add", address, "dev", host.interface)
            for interface in ("lo", host.interface):
                ip("-n", host.name, "link", "set", interface, "up")
        yield first, second
    finally:
        for host in (first, second):
            subprocess.run(["ip", "netns", "delete", host.name], check=False, capture_output=True)


def on_both(hosts: tuple[Host, Host], *arguments: str | Path) -> list[str]:
    """What each host said of `torchrun … ARGUMENTS`, which both have done."""
    processes = [
        host.start(
            "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(number), "--nproc-per-node", "1",
            "--master-addr", "10.77.0.1", "--master-port", PORT, *arguments,
        )
        for number, host in enumerate(hosts)
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=240)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return said


@pytest.mark.slow
def test_two_hosts_train_and_predict_what_one_does(
    make_images: MakeImages, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    """Up to rounding for the training; the table of predictions is the same to the byte."""
    data, new = make_images(count=26), make_images("new", count=150)
    common = ("--model", "lenet5", "--epochs", "2", "--batch-size", "13", "--seed", "3")
    script = tmp_path / "started.py"
    script.write_text(FP32)
    on_both(hosts, script, "train", data, *common, "--out", tmp_path / "two")
    one = hosts[0].start(script, "train", data, *common, "--out", tmp_path / "one")
    assert one.wait(timeout=120) == 0
    alone, together = Run(tmp_path / "one"), Run(tmp_path / "two")
    model = Path("classifier", "model.safetensors")
    for name, value in load_file(alone.folder / model).items():
        torch.testing.assert_close(load_file(together.folder / model)[name], value, rtol=1e-3, atol=2e-5)
    np.testing.assert_allclose(alone.predictions.probabilities, together.predictions.probabilities, atol=1e-3)
    assert all(any(host.cache.rglob("*")) for host in hosts)  # each has read the images itself

    first, second = on_both(hosts, script, "predict", alone.folder, new, "--out", tmp_path / "two.csv")
    assert f"300 images → {tmp_path / 'two.csv'}" in first
    assert "images →" not in second
    one = hosts[0].start(script, "predict", alone.folder, new, "--out", tmp_path / "one.csv")
    assert one.wait(timeout=120) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
