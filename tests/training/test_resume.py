"""A training that is killed at any moment and resumed gives the same bits as one that was not."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leadline.data.keyed import generator
from leadline.errors import DivergenceError, LeadlineError, UsageError
from leadline.training import checkpoint, loop
from leadline.training.run_folder import Run
from leadline.training.schedule import learning_rate
from leadline.verbs.train import resume, train

from ..conftest import MakeImages

# Dropout, augmentation and momentum: everything that a resumed training could get wrong.
MODEL = "alexnet_small"
# A checkpoint after every step, so that a kill may fall before, in or after any of them.
SCRIPT = """
import sys
from leadline.training import loop
from leadline.errors import UsageError
from leadline.verbs.train import resume, train
loop.SECONDS_BETWEEN_CHECKPOINTS = 0
data, out, model = sys.argv[1:]
if data == "resume":
    resume(out)
else:
    train(data, model=model, out=out, epochs=6, batch_size=8, augment="dihedral", seed=3)
"""


def weights(run: Path) -> bytes:
    return (run / "classifier" / "model.safetensors").read_bytes()


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, *map(str, arguments), MODEL], stderr=subprocess.PIPE)


def test_killing_and_resuming_changes_no_bit(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=24)
    whole = train(data, model=MODEL, out=tmp_path / "whole", epochs=6, batch_size=8, augment="dihedral", seed=3)

    killed = tmp_path / "killed"
    process, kills = start(data, killed), 0
    while True:
        before = time.monotonic()
        seen = {path.stat().st_mtime_ns for path in killed.glob("checkpoint.pt")}
        while process.poll() is None and {path.stat().st_mtime_ns for path in killed.glob("checkpoint.pt")} <= seen:
            assert time.monotonic() - before < 120
            time.sleep(0.005)
        time.sleep(0.02 * kills)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        if kills == 3:
            break
        process = start("resume", killed)
    assert kills == 3, process.stderr.read() if process.stderr else ""
    resumed = resume(killed)

    assert weights(resumed.folder) == weights(whole.folder)
    for one, other in zip(resumed.history, whole.history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert resumed.predictions.table.equals(whole.predictions.table)


# The signal comes in the seventh step, in a process of its own: one that other tests share may not outlive it.
INTERRUPTED = """
import signal, sys
from leadline.training import loop
from leadline.verbs.train import train
real, calls = loop.update, []

def interrupting(*arguments, **options):
    calls.append(1)
    if len(calls) == 7:
        signal.raise_signal(signal.SIGINT)
    return real(*arguments, **options)

loop.update = interrupting
try:
    train(sys.argv[1], model=sys.argv[2], out=sys.argv[3], epochs=3, batch_size=8)
except loop.Interrupted as interrupted:
    print(len(calls), interrupted)
"""


def test_an_interrupt_leaves_a_checkpoint_to_go_on_from(make_images: MakeImages, tmp_path: Path) -> None:
    data, stopped = make_images(count=24), tmp_path / "stopped"
    whole = train(data, model=MODEL, out=tmp_path / "whole", epochs=3, batch_size=8)
    command = [sys.executable, "-c", INTERRUPTED, data, MODEL, stopped]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # The step in which it was asked to stop was finished.
    assert done.stdout.splitlines()[-1] == f"7 {stopped}"
    assert weights(resume(stopped).folder) == weights(whole.folder)


def test_a_run_without_a_checkpoint_yet_starts_from_its_own_recipe_and_manifest(
    make_images: MakeImages, tmp_path: Path
) -> None:
    whole = train(make_images(count=12), model=MODEL, out=tmp_path / "whole", epochs=1, batch_size=8)
    begun = tmp_path / "begun"
    begun.mkdir()
    for name in ("recipe.toml", "manifest.parquet"):
        (begun / name).write_bytes((whole.folder / name).read_bytes())
    assert weights(resume(begun).folder) == weights(whole.folder)


def test_a_training_whose_last_step_is_done_takes_no_other(make_images: MakeImages, tmp_path: Path) -> None:
    """Killed between its last checkpoint and its figures, in the middle of an epoch."""
    run = train(make_images(count=24), model=MODEL, out=tmp_path / "run", epochs=1.5, batch_size=8)
    before = weights(run.folder)
    assert run.recipe.steps % 5
    (run.folder / "metrics.json").unlink()
    assert weights(resume(run.folder).folder) == before


def test_a_recipe_file_of_a_run_trains_it_again(make_images: MakeImages, tmp_path: Path) -> None:
    first = train(make_images(count=12), model=MODEL, out=tmp_path / "first", epochs=1, batch_size=8, seed=5)
    again = train(recipe=first.folder / "recipe.toml", out=tmp_path / "again")
    assert weights(again.folder) == weights(first.folder)


def test_another_seed_trains_another_network(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=12)
    runs = [train(data, model=MODEL, out=tmp_path / str(seed), epochs=1, seed=seed) for seed in (0, 1)]
    assert weights(runs[0].folder) != weights(runs[1].folder)
    assert runs[0].manifest.table.equals(runs[1].manifest.table)  # the split has a seed of its own


def test_a_loss_that_is_no_number_is_said_and_never_saved(make_images: MakeImages, tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match=r"the loss is no longer a finite number .* --learning-rate than 1e\+20"):
        train(make_images(count=24), model=MODEL, out=tmp_path / "run", epochs=4, learning_rate=1e20)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_loss_that_is_no_number_names_its_step_rate_images_and_the_last_good_checkpoint(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is the first bad one, found at a later look; the checkpoint was saved before it."""
    data, real, seen = make_images(count=24), loop.update, []

    def turning(*arguments: Any, **options: Any) -> Any:
        logits, loss = real(*arguments, **options)
        seen.append(loss)
        monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0 if len(seen) == 4 else 60)
        return logits, loss if len(seen) < 7 else loss * float("nan")

    monkeypatch.setattr(loop, "update", turning)
    out = tmp_path / "run"
    with pytest.raises(DivergenceError) as caught:
        train(data, model="lenet5", out=out, epochs=6, batch_size=8, learning_rate=0.004, seed=3)
    recipe, manifest = Run(out).recipe, Run(out).manifest
    rate = learning_rate(6, recipe)
    assert f"at step 7 of {recipe.steps}, at a learning rate of {rate:.3g}" in str(caught.value)
    assert f"{out / 'checkpoint.pt'} is of step 4 and good" in str(caught.value)
    assert (checkpoint.load(out) or checkpoint.State()).step == 4
    # The images of the seventh step, as the keyed order of its epoch has them.
    training = np.flatnonzero(manifest.usable["split"].to_numpy() == "train")
    batches = -(-len(training) // 8)
    batch = np.array_split(generator("order", 3, 6 // batches).permutation(training), batches)[6 % batches]
    paths = [manifest.usable["path"][int(row)] for row in batch]
    assert f"on the images {', '.join(paths[:3])} and {len(paths) - 3} more" in str(caught.value)


def test_a_training_killed_after_its_last_step_is_not_trained_further(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=24), model=MODEL, out=tmp_path / "run", epochs=1.5, batch_size=8)
    before, history = weights(run.folder), run.history
    (run.folder / "metrics.json").unlink()
    resumed = resume(run.folder)
    assert weights(resumed.folder) == before
    assert resumed.history == history
    assert resumed.finished


def test_a_part_is_not_resumed_alone(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=12), model="lenet5", out=tmp_path / "run", epochs=1, folds=2)
    with pytest.raises(UsageError, match=r"is a part of .*run; go on with that one"):
        resume(run.folder / "folds" / "0")
