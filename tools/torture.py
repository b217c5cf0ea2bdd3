"""`make torture`: small trainings of every kind, killed with SIGKILL again and again, resumed, and compared to the bit
with the same training undisturbed.

Half of the kills come at a random moment of the time that the undisturbed training took; the other half where a file is
opened to be written, renamed or removed, or some milliseconds later, in the middle of it. A process that ends before it
is killed counts as nothing. A failure is shown with the seed that repeats it.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
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
from leadline.claims.experiment import Experiment, Network, Setting
from leadline.claims.trials import carry_out
from leadline.progress import Progress
from leadline.results.comparison_result import COMPARISON
from leadline.training import loop
from leadline.training.run_folder import Run
from leadline.verbs.compare import resume_comparison
from leadline.verbs.train import resume

MOST_KILLS = 6  # of one training
FORK = multiprocessing.get_context("fork")  # a process that has torch already
KIND_OF_RUN: dict[str, Any] = {"batch_size": 8, "augment": "dihedral", "seed": 3}
# In names of what a clock, the memory or the folder's name decides; an answer goes by the measured time per image, too.
OF_A_CLOCK = ("second", "memory", "created", "command", "environment", "began", "answer", "made")
FILE_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir")  # of sys.addaudithook; os.replace is a rename, too
LONGEST_WRITE = 0.02  # seconds after an event in which its file may still be written
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
    "lab": {},
    "learning curve": {"models": ["lenet5", "alexnet_small"], "epochs": 1, "learning_curve": True},
}
# Two networks from two seeds; one of them is trained for longer.
EXPERIMENT = Experiment(
    id="torture",
    hypothesis="A killed experiment ends as an undisturbed one does.",
    networks={
        "short": Network(model="lenet5", settings={"batch_size": 16}),
        "long": Network(model="alexnet_small", settings={"batch_size": 16}, length=2.0),
    },
    small=Setting(data="", images=48, tests=20, size=32, epochs=1, seeds=2, minutes=0.1),
    full=Setting(minutes=0.1),
    means="",
    picture="seeds",
)


@dataclass(frozen=True)
class Whole:
    """A training that was not disturbed."""

    seconds: float
    events: int  # files that it opened to write, renamed or removed
    signature: dict[str, str]


@dataclass
class Count:
    """What came of the trainings of a kind."""

    trainings: int = 0
    kills: int = 0
    at_a_file: int = 0  # of these, while a file was written, renamed or removed
    missed: int = 0  # processes that ended before they were killed; no kills
    failures: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0, help="of the first training; the next has the next")
    parser.add_argument("--out", type=Path, help="where the counts are written as JSON, added to those that are there")
    parser.add_argument("--folder", type=Path, help="keeps the undisturbed trainings for the next call")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * asked.minutes
    counts = {kind: Count() for kind in asked.only}
    with tempfile.TemporaryDirectory() as name:
        folder = (asked.folder or Path(name)).absolute()
        os.environ["LEADLINE_CACHE"] = f"{folder}/cache"
        if not (folder / "weights" / "metrics.json").is_file():
            _in_a_process(prepared, folder)
        seed = asked.seed
        while time.monotonic() < until:
            kind = asked.only[seed % len(asked.only)]
            killed(kind, seed, folder, undisturbed(kind, folder), counts[kind])
            seed += 1
            if asked.out:
                asked.out.with_suffix(".now.json").write_text(json.dumps(_as_json(counts)))
    for kind, count in counts.items():
        print(
            f"{kind:18}{count.trainings:>5} trainings, {count.kills} kills, {count.at_a_file} of them at a file, "
            f"{count.missed} missed, {len(count.failures)} failures"
        )
    print(f"{sum(count.kills for count in counts.values()):,} kills in all; the next seed is {seed}")
    if asked.out:
        _add_up(counts, asked.out)
    return int(any(count.failures for count in counts.values()))


def _as_json(counts: dict[str, Count]) -> dict[str, dict[str, Any]]:
    return {kind: asdict(count) for kind, count in counts.items()}


def _add_up(counts: dict[str, Count], file: Path) -> None:
    """Write the counts, together with those in the file."""
    summed = json.loads(file.read_text()) if file.is_file() else {}
    for kind, count in _as_json(counts).items():
        before = summed.get(kind)
        summed[kind] = {name: before[name] + value for name, value in count.items()} if before else count
    file.write_text(json.dumps(summed, indent=2) + "\n")


def undisturbed(kind: str, folder: Path) -> Whole:
    """The same training left alone, once: how long it takes, how many file events it has, and what it leaves."""
    file = folder / f"{kind}-whole.json"
    if not file.is_file():
        out = folder / f"{kind}-whole"
        shutil.rmtree(out, ignore_errors=True)
        _in_a_process(begun, kind, folder, folder / f"{kind}-warm")  # what it decodes once is in the cache afterwards
        shutil.rmtree(folder / f"{kind}-warm", ignore_errors=True)
        events = FORK.Value("i", 0)
        began = time.monotonic()
        status = _in_a_process(_watched, begun, kind, folder, out, 0, 0.0, events)
        assert status == 0, f"{kind}: cannot be trained undisturbed"
        seconds = time.monotonic() - began
        found = _in_a_process_with_result(signature, out)
        file.write_text(json.dumps({"seconds": seconds, "events": events.value, "signature": found}))
    return Whole(**json.loads(file.read_text()))


def killed(kind: str, seed: int, folder: Path, whole: Whole, count: Count) -> None:
    """One training, killed up to MOST_KILLS times, resumed to its end and compared."""
    chance = random.Random(f"{kind} {seed}")
    out, number, lived = folder / f"{kind}-{seed}", 0, 0.0
    shutil.rmtree(out, ignore_errors=True)
    for _ in range(1 + chance.randrange(MOST_KILLS)):
        work, out, number = _next(kind, out, folder / f"{kind}-{seed}", number)
        left = max(0.2, 1 - lived / whole.seconds)  # of the training; what is resumed takes less time than a whole one
        at_event = chance.randrange(1, max(2, int(left * whole.events))) if chance.random() < 0.5 else 0
        later = chance.choice([0.0, chance.uniform(0, LONGEST_WRITE)])
        began = time.monotonic()
        process = FORK.Process(target=_watched, args=(work, kind, folder, out, at_event, later))
        process.start()
        process.join(None if at_event else chance.uniform(0, left * whole.seconds))
        if process.exitcode is None:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
        lived += time.monotonic() - began
        if process.exitcode == 0:
            count.missed += 1
            break
        if process.exitcode != -signal.SIGKILL:
            _fail(count, kind, seed, f"ended with {process.exitcode}")
            return
        count.kills += 1
        count.at_a_file += bool(at_event)
    work, out, _ = _next(kind, out, folder / f"{kind}-{seed}", number)
    count.trainings += 1
    if _in_a_process(work, kind, folder, out):
        _fail(count, kind, seed, "could not be resumed")
        return
    found = _in_a_process_with_result(signature, out)
    expected = whole.signature
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if different:
        _fail(count, kind, seed, f"differs in {', '.join(different)}")
        return
    for done in folder.glob(f"{kind}-{seed}*"):  # of a failure everything is kept
        shutil.rmtree(done) if done.is_dir() else done.unlink()


def _next(kind: str, out: Path, name: Path, number: int) -> tuple[Callable[..., None], Path, int]:
    """What is to be done now, and where: nothing that could be gone on with may be there yet."""
    if kind == "lab":
        return begun, out, number  # the same command goes on
    if (out / (COMPARISON if "models" in KINDS[kind] else "recipe.toml")).is_file():
        return resumed, out, number
    return begun, name.with_name(f"{name.name}-{number}"), number + 1


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
        for number in range(40):
            pixels = np.random.default_rng(7 + 100 * position + number).integers(0, 200, (32, 32)) + 50 * position
            Image.fromarray(pixels.astype(np.uint8)).save(_named(folder / "many" / name / f"{number}.png"))
    train(folder / "others", model="lenet5", epochs=1, out=folder / "weights")


def _named(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def begun(kind: str, folder: Path, out: Path) -> None:
    loop.SECONDS_BETWEEN_CHECKPOINTS = 0  # one after every step
    if kind == "lab":
        carry_out(EXPERIMENT, "small", out, data=str(folder / "many"), progress=Progress())
        return
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
        elif file.name in ("metrics.json", COMPARISON, "record.json") or file.name.startswith("torture"):
            text = json.dumps(_timeless(json.loads(file.read_text())), sort_keys=True)
            found[name] = hashlib.sha256(text.encode()).hexdigest()
        elif file.name in ("MODEL_CARD.md", "report.html", "recipe.toml"):
            found[name] = "there"
    return found


def _timeless(value: Any) -> Any:
    """Without what goes by a clock."""
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if not any(word in name for word in OF_A_CLOCK)}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _watched(
    work: Callable[..., None], kind: str, folder: Path, out: Path, at_event: int, later: float, events: Any = None
) -> None:
    """In a process that kills itself so many seconds after its `at_event`-th file event; `events` counts them."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in FILE_EVENTS or not str(arguments[0]).startswith(str(folder)):
            return
        if event == "open" and not int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        seen += 1
        if events is not None:
            events.value = seen
        if seen == at_event and later:
            threading.Timer(later, os.kill, (os.getpid(), signal.SIGKILL)).start()
        elif seen == at_event:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
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
