"""`make torture`: small trainings of every kind, killed with SIGKILL again and again, resumed, and compared to the bit
with the same training undisturbed.

Half of the kills come at a random moment; the other half just before or after a file takes its place, which is where
checkpoints, tables and metrics are written. A failure is shown with the seed that repeats it.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from PIL import Image

from leadline import compare, train
from leadline.results.comparison_result import COMPARISON
from leadline.training import loop
from leadline.training.run_folder import Run
from leadline.verbs.compare import resume_comparison
from leadline.verbs.train import resume

MOST_KILLS = 6  # of one training
FORK = multiprocessing.get_context("fork")  # a process that has torch already
KIND_OF_RUN: dict[str, Any] = {"batch_size": 8, "augment": "dihedral", "seed": 3}
# In names of what a clock, the memory or the folder's name decides; an answer goes by the measured time per image, too.
OF_A_CLOCK = ("second", "memory", "created", "command", "environment", "began", "answer")
# Dropout, augmentation, momentum, batch statistics: everything that a resumed training could get wrong.
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"model": "alexnet_small", "epochs": 4},
    "batch statistics": {"model": "resnet20_cifar", "epochs": 2, "optimizer": "sgd"},
    "averaging": {"model": "lenet5", "epochs": 6, "averaged": 0.5},
    "recipe": {"model": "resnet20_cifar", "recipe": "resnet-cifar-2015", "epochs": 2},
    "folds": {"model": "lenet5", "epochs": 2, "folds": 3, "repeats": 2},
    "head": {"model": "lenet5", "weights": "WEIGHTS", "tune": "head"},
    "gradual": {"model": "lenet5", "weights": "WEIGHTS", "tune": "gradual", "epochs": 6},
    "race": {"models": ["lenet5", "alexnet_small"], "epochs": 2, "tests": True},
    "race in folds": {"models": ["lenet5", "alexnet_small"], "epochs": 1, "folds": 2},
    "seeds": {"models": ["lenet5", "alexnet_small"], "epochs": 1, "seeds": 2},
    "learning curve": {"models": ["lenet5", "alexnet_small"], "epochs": 1, "learning_curve": True},
}


@dataclass
class Count:
    """What came of the trainings of a kind."""

    trainings: int = 0
    kills: int = 0
    at_a_file: int = 0  # of these, just before or after a file took its place
    failures: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0, help="of the first training; the next has the next")
    parser.add_argument("--out", type=Path, help="where the counts are written as JSON")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * asked.minutes
    counts = {kind: Count() for kind in asked.only}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["LEADLINE_CACHE"] = f"{folder}/cache"
        _in_a_process(prepared, folder)
        whole: dict[str, tuple[dict[str, str], float]] = {}
        seed = asked.seed
        while time.monotonic() < until:
            kind = asked.only[seed % len(asked.only)]
            if kind not in whole:
                began = time.monotonic()
                out = folder / f"{kind}-whole"
                status = _in_a_process(begun, kind, folder, out)
                assert status == 0, f"{kind}: cannot be trained undisturbed"
                whole[kind] = _in_a_process_with_result(signature, out), time.monotonic() - began
            killed(kind, seed, folder, *whole[kind], counts[kind])
            seed += 1
    for kind, count in counts.items():
        print(
            f"{kind:18}{count.trainings:>5} trainings, {count.kills} kills, {count.at_a_file} of them at a file, "
            f"{len(count.failures)} failures"
        )
    print(f"{sum(count.kills for count in counts.values()):,} kills in all")
    if asked.out:
        asked.out.write_text(json.dumps({kind: asdict(count) for kind, count in counts.items()}, indent=2) + "\n")
    return int(any(count.failures for count in counts.values()))


def killed(kind: str, seed: int, folder: Path, expected: dict[str, str], seconds: float, count: Count) -> None:
    """One training, killed up to MOST_KILLS times, resumed to its end and compared."""
    chance = random.Random(f"{kind} {seed}")
    out = folder / f"{kind}-{seed}"
    count.trainings += 1
    for _ in range(1 + chance.randrange(MOST_KILLS)):
        mark = COMPARISON if "models" in KINDS[kind] else "recipe.toml"
        going_on = (out / mark).is_file()
        work = resumed if going_on else begun
        if not going_on:  # nothing was begun that could be gone on with
            out = folder / f"{kind}-{seed}-{count.kills}"
        at_file = chance.randrange(1, 60) if chance.random() < 0.5 else 0
        process = FORK.Process(target=_quietly, args=(work, kind, folder, out, at_file, chance.random() < 0.5))
        process.start()
        process.join(None if at_file else chance.uniform(0, seconds))
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
        if process.exitcode == 0:
            break
        if process.exitcode != -signal.SIGKILL:
            _fail(count, kind, seed, f"ended with {process.exitcode}")
            return
        count.kills += 1
        count.at_a_file += bool(at_file)
    mark = COMPARISON if "models" in KINDS[kind] else "recipe.toml"
    if not (out / mark).is_file():
        return
    if _in_a_process(resumed, kind, folder, out):
        _fail(count, kind, seed, "could not be resumed")
        return
    found = _in_a_process_with_result(signature, out)
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if different:
        _fail(count, kind, seed, f"differs in {', '.join(different)}")


def _fail(count: Count, kind: str, seed: int, what: str) -> None:
    count.failures.append(f"seed {seed}: {what}")
    print(f"{kind}, --seed {seed}: {what}", flush=True)


def prepared(folder: Path) -> None:
    """Images of two classes, and a run whose weights others begin with."""
    for position, name in enumerate(("dark", "light")):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(16):
            pixels = np.random.default_rng(100 * position + number).integers(0, 60, (32, 32)) + 100 * position
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
            Image.fromarray(255 - pixels.astype(np.uint8)).save(_named(folder / "others" / name / f"{number}.png"))
    train(folder / "others", model="lenet5", epochs=1, out=folder / "weights")


def _named(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def begun(kind: str, folder: Path, out: Path) -> None:
    loop.SECONDS_BETWEEN_CHECKPOINTS = 0  # one after every step
    settings = {**KIND_OF_RUN, **KINDS[kind]}
    if settings.get("weights") == "WEIGHTS":
        settings["weights"] = folder / "weights"
    if settings.get("tune") == "head":
        del settings["augment"], settings["batch_size"]
    verb: Callable[..., object] = compare if "models" in settings else train
    verb(folder / "images", out=out, **settings)


def resumed(kind: str, folder: Path, out: Path) -> None:
    loop.SECONDS_BETWEEN_CHECKPOINTS = 0
    if "models" in KINDS[kind]:
        resume_comparison(out)
    else:
        resume(out)


def signature(out: Path) -> dict[str, str]:
    """What is the same in two trainings of a kind: file → hash, without times."""
    found = {}
    for file in sorted(out.rglob("*")):
        name = file.relative_to(out).as_posix()
        if file.suffix == ".safetensors":
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
        elif file.suffix == ".parquet":
            found[name] = hashlib.sha256(pl.read_parquet(file).write_ndjson().encode()).hexdigest()
        elif file.name == "history.csv":
            history = [{**row, "seconds": 0} for row in Run(file.parent).history]
            found[name] = hashlib.sha256(json.dumps(history).encode()).hexdigest()
        elif file.name in ("metrics.json", COMPARISON):
            text = json.dumps(_timeless(json.loads(file.read_text())), sort_keys=True)
            found[name] = hashlib.sha256(text.encode()).hexdigest()
        elif file.name in ("MODEL_CARD.md", "report.html", "recipe.toml"):
            found[name] = "there"
    return found


def _timeless(value: Any) -> Any:
    """Without what goes by a clock."""
    if isinstance(value, dict):
        return {
            name: _timeless(one)
            for name, one in value.items()
            if not any(
                word in name for word in ("second", "memory", "created", "command", "environment", "began", "answer")
            )
        }
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _quietly(work: Callable[..., None], kind: str, folder: Path, out: Path, at_file: int, before: bool) -> None:
    """In a process that kills itself when its `at_file`-th file takes its place, `before` or after it does."""
    replace, files = Path.replace, 0

    def killing(self: Path, target: Any) -> Path:
        nonlocal files
        files += 1
        if files == at_file and before:
            os.kill(os.getpid(), signal.SIGKILL)
        placed = replace(self, target)
        if files == at_file:
            os.kill(os.getpid(), signal.SIGKILL)
        return placed

    Path.replace = killing  # type: ignore[method-assign, assignment]
    work(kind, folder, out)


def _in_a_process(work: Callable[..., object], *arguments: object) -> int:
    process = FORK.Process(target=work, args=arguments)
    process.start()
    process.join()
    return process.exitcode or 0


def _in_a_process_with_result(work: Callable[[Path], dict[str, str]], out: Path) -> dict[str, str]:
    """polars is not to run in this process, which is forked."""
    file = out.with_name(f"{out.name}.json")

    def written() -> None:
        try:
            file.write_text(json.dumps(work(out)))
        except Exception:
            traceback.print_exc()
            raise

    _in_a_process(written)
    found: dict[str, str] = json.loads(file.read_text())
    return found


if __name__ == "__main__":
    sys.exit(main())
