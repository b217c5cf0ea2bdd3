"""Several processes train the network that one would have trained, started by the real torchrun."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from leadline.errors import UsageError
from leadline.inference.hardware import hardware
from leadline.ranks import Group
from leadline.training import distributed
from leadline.training.data import TrainingData
from leadline.training.loop import update
from leadline.training.run_folder import Run
from leadline.verbs.train import train

from ..conftest import MakeImages, Notes
from ..torchrun import FP32, process_of, torchrun

# A checkpoint after every step, and a pause, so that a process can be killed in the middle.
SCRIPT = """
import sys, time
from leadline.training import loop
from leadline.cli import main
loop.SECONDS_BETWEEN_CHECKPOINTS = 0
real = loop.update
def slow(*arguments, **options):
    time.sleep(0.1)
    return real(*arguments, **options)
loop.update = slow
sys.argv[0] = "leadline"
main()
"""

# Small blocks of features, and a note of which process computes which.
BLOCKS = """
import os, sys
from pathlib import Path
from leadline.inference import features
from leadline.inference import hardware
from leadline.cli import main
hardware._has_bf16 = lambda device: False
features.BLOCK = 16
real = features.Features._block
def noted(self, rows):
    with Path(__file__).with_name(f"computed-{os.environ.get('RANK', 'alone')}").open("a") as file:
        print(rows[0], file=file)
    return real(self, rows)
features.Features._block = noted
sys.argv[0] = "leadline"
main()
"""


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "classifier" / "model.safetensors")


@pytest.fixture
def data(make_images: MakeImages) -> Path:
    """26 images per class, one of which only decoding shows to be unusable."""
    folder = make_images(count=26)
    content = (folder / "dark" / "003.png").read_bytes()
    (folder / "dark" / "damaged.png").write_bytes(content[:-40] + bytes(20) + content[-20:])
    return folder


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_shares_of_a_batch_are_the_batch(data: Path, tmp_path: Path, ranks: int) -> None:
    """Each image is in one share, changed as it would have been alone, and what cannot be read counts in none."""
    run = train(data, model="lenet5", out=tmp_path / "run", epochs=1, batch_size=13, augment="dihedral")
    batches = TrainingData.open(run.manifest, run.recipe).batches
    shares = [list(replace(batches, share=(rank, ranks)).epoch(0)) for rank in range(ranks)]
    for number, whole in enumerate(batches.epoch(0)):
        parts = [share[number] for share in shares]
        assert {part.whole for part in parts} == {len(whole.labels)}
        together = torch.empty_like(whole.images)
        for rank, part in enumerate(parts):
            together[rank::ranks] = part.images
        assert torch.equal(together, whole.images)


def test_the_mean_of_weighed_shares_is_the_gradient_of_the_batch(data: Path, tmp_path: Path) -> None:
    """Also where the shares are not equally large, against autograd on the whole batch."""
    run = train(data, model="lenet5", out=tmp_path / "run", epochs=1, batch_size=13)
    torch.manual_seed(0)
    images, labels = torch.randn(7, 1, 32, 32), torch.tensor([0, 1, 1, 0, 1, 1, 1])
    recipe = replace(run.recipe, longest_gradient=0.0)
    found = []
    for share in (slice(None), slice(0, None, 2), slice(1, None, 2)):
        network = run.classifier.network.train()
        still = torch.optim.SGD(network.parameters(), lr=0.0)
        part = labels[share]
        weight = 1.0 if len(part) == 7 else 2 * len(part) / 7
        update(
            network,
            still,
            images[share],
            part,
            recipe,
            hardware(precision="fp32"),
            torch.tensor([2.0, 0.5]),
            share=weight,
        )
        found.append(nn.utils.parameters_to_vector([value.grad for value in network.parameters()]))  # type: ignore[misc]
    torch.testing.assert_close((found[1] + found[2]) / 2, found[0], rtol=1e-4, atol=1e-6)


def test_beside_torchrun_other_verbs_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leadline.cli.processes import refuse_beside_torchrun

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    with pytest.raises(UsageError, match="start explain by itself"):
        refuse_beside_torchrun("explain")


@pytest.mark.parametrize(
    ("size", "device", "said", "synchronised"),
    [
        (1, "cpu", "there is one process only", False),
        (2, "cpu", "of each process's 8 images; --sync-bn needs CUDA, and this is cpu", False),
        (2, "cuda", "", True),
    ],
)
def test_batch_statistics_of_all_processes_are_taken_on_gpus_and_elsewhere_it_is_said(
    monkeypatch: pytest.MonkeyPatch, size: int, device: str, said: str, synchronised: bool
) -> None:
    monkeypatch.setattr(distributed, "DistributedDataParallel", lambda network, **_: network)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    recipe = SimpleNamespace(sync_bn=True, batch_size=16, tune="all")
    network, notes = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), Notes()
    machine = replace(hardware(), device=device)
    shared = distributed.shared(Group(0, size), network, recipe, machine, notes)  # type: ignore[arg-type]
    assert any(isinstance(module, nn.SyncBatchNorm) for module in shared.modules()) == synchronised
    assert notes.notes == [] if not said else said in notes.notes[0]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [("--folds", "2"), ("--balance", "weights"), ("--augment", "dihedral")], ids=str)
def test_two_processes_train_what_one_trains(data: Path, tmp_path: Path, settings: tuple[str, ...]) -> None:
    """Up to rounding, with batches of an odd size, an image that cannot be read, no batch statistics, no dropout."""
    common = ("--model", "lenet5", "--epochs", "3", "--batch-size", "13", "--seed", "3", *settings)
    script = tmp_path / "started.py"
    script.write_text(FP32)
    together = torchrun("train", data, *common, "--out", tmp_path / "two", script=script)
    said, _ = together.communicate(timeout=300)
    assert together.returncode == 0, said
    alone = subprocess.run(
        [sys.executable, str(script), "train", str(data), *common, "--out", str(tmp_path / "one")], check=False
    )
    assert alone.returncode in (0, 3)
    one, two = Run(tmp_path / "one"), Run(tmp_path / "two")
    for name, value in weights(one.folder).items():
        torch.testing.assert_close(weights(two.folder)[name], value, rtol=1e-3, atol=2e-5)
    np.testing.assert_allclose(one.predictions.probabilities, two.predictions.probabilities, atol=1e-3)
    assert one.predictions.table["path"].equals(two.predictions.table["path"])
    for here, there in zip(one.history, two.history, strict=True):
        assert here["step"] == there["step"]
        np.testing.assert_allclose(here["train_loss"], there["train_loss"], rtol=1e-4)
        np.testing.assert_allclose(here["train_accuracy"], there["train_accuracy"], atol=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("tune", ["head", "gradual"])
def test_two_processes_tune_what_one_tunes(data: Path, make_images: MakeImages, tmp_path: Path, tune: str) -> None:
    """The last layer alone to the bit, on features of which each computes blocks; stage after stage up to rounding."""
    script = tmp_path / "started.py"
    script.write_text(BLOCKS)
    start = train(make_images("others", count=12, size=40), model="lenet5", out=tmp_path / "start", epochs=2)
    common = ("--weights", start.folder, "--tune", tune, "--seed", "3")
    common = common if tune == "head" else (*common, "--epochs", "4", "--batch-size", "13")
    both: dict[str, Path] = {}
    for name in ("one", "two"):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "LEADLINE_CACHE": str(tmp_path / f"cache-{name}")}
        arguments = ("train", data, *common, "--out", tmp_path / name)
        if name == "two":
            together = torchrun(*arguments, script=script, environment=environment)
            said, _ = together.communicate(timeout=300)
            assert together.returncode == 0, said
        else:
            alone = [sys.executable, str(script), *map(str, arguments)]
            assert subprocess.run(alone, check=False, env=environment).returncode in (0, 3)
        both[name] = tmp_path / name
    one, two = weights(both["one"]), weights(both["two"])
    for name, value in one.items():
        if tune == "head":
            assert torch.equal(two[name], value), name
        else:
            torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5)
    if tune == "head":
        computed = {name: (tmp_path / f"computed-{name}").read_text().split() for name in "01"}
        assert computed["0"]
        assert computed["1"]
        assert not set(computed["0"]) & set(computed["1"])


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_is_started_again_and_changes_no_bit(data: Path, tmp_path: Path, rank: int) -> None:
    """torchrun starts both again; they go on from the checkpoint, and the end is that of an undisturbed training."""
    script = tmp_path / "started.py"
    script.write_text(SCRIPT)
    common = ("--model", "alexnet_small", "--epochs", "6", "--batch-size", "13", "--seed", "3")
    undisturbed = torchrun("train", data, *common, "--out", tmp_path / "whole", script=script)
    said, _ = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, said
    process = torchrun("train", data, *common, "--out", tmp_path / "killed", restarts=2, script=script)
    before = time.monotonic()
    while not (tmp_path / "killed" / "checkpoint.previous.pt").exists():
        assert process.poll() is None
        assert time.monotonic() - before < 120
        time.sleep(0.01)
    os.kill(process_of(process, rank), signal.SIGKILL)
    assert not (tmp_path / "killed" / "metrics.json").exists()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    model = "classifier/model.safetensors"
    assert (whole / model).read_bytes() == (killed / model).read_bytes()
    assert [{**row, "seconds": 0} for row in Run(whole).history] == [
        {**row, "seconds": 0} for row in Run(killed).history
    ]


@pytest.mark.slow
def test_asked_to_stop_all_processes_stop_after_the_same_step(data: Path, tmp_path: Path) -> None:
    script = tmp_path / "started.py"
    script.write_text(SCRIPT)
    out = tmp_path / "run"
    process = torchrun("train", data, "--model", "lenet5", "--epochs", "200", "--out", out, script=script)
    before = time.monotonic()
    while not (out / "checkpoint.previous.pt").exists():
        assert process.poll() is None
        assert time.monotonic() - before < 120
        time.sleep(0.01)
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert f"interrupted; go on with: leadline train --resume {out}" in said
    assert not (out / "metrics.json").exists()
