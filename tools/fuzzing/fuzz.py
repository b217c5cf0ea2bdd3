"""`make fuzz`: files and requests that are wrong in every way, and what Leadline makes of them.

Only LeadlineError may come of a file, within SECONDS and MEMORY. A process per core works through numbered cases; where
one dies or hangs, its case is a finding, and another goes on with the next. A case is made again from its number:

    python tools/fuzzing/fuzz.py --only TIFF --case 1234
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from targets import Target, targets

from leadline import train
from leadline.errors import LeadlineError

SECONDS, MEMORY = 10, 4 * 2**30  # of one case, beyond what the process has before: an image of 1 GiB and its copies
MOST_FINDINGS = 50  # of a target that are kept


@dataclass
class Count:
    """What came of the cases of a target."""

    files: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0  # seconds
    findings: dict[str, list[int]] = field(default_factory=dict)  # what happened → cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="of all targets together")
    parser.add_argument("--only", nargs="*", default=[], help="targets, by name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="this one alone, with its traceback")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="where the counts are written as JSON")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEADLINE_CACHE"] = f"{folder}/cache"
        with multiprocessing.get_context("spawn").Pool(1) as apart:  # no thread of a library is to be there at a fork
            run, known = apart.apply(prepared, (Path(folder),))
        counts = {}
        for name in asked.only or known:
            if asked.case is not None:
                Case(name, run, Path(folder) / "case").judged(asked.case, asked.seed)
                continue
            until = time.monotonic() + 60 * asked.minutes / len(asked.only or known)
            counts[name] = fuzz(name, run, Path(folder), asked.seed, asked.first, until, asked.processes)
            found = sum(map(len, counts[name].findings.values()))
            print(
                f"{name:18}{counts[name].files:>10,} files, {counts[name].read:,} read, {counts[name].refused:,} "
                f"refused, slowest {counts[name].slowest:.1f} s, {found} findings",
                flush=True,
            )
            for what, cases in counts[name].findings.items():
                print(f"    {what}: {len(cases)}, such as --only '{name}' --case {cases[0]}", flush=True)
    print(f"{sum(count.files for count in counts.values()):,} files in all")
    if asked.out:
        asked.out.write_text(json.dumps({name: asdict(count) for name, count in counts.items()}, indent=2) + "\n")
    return int(any(count.findings for count in counts.values()))


def prepared(folder: Path) -> tuple[Path, list[str]]:
    """A finished run of a small network, and the names of all targets."""
    for position, name in enumerate(("dark", "light")):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(12):
            pixels = np.random.default_rng(100 * position + number).integers(0, 60, (32, 32)) + 150 * position
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
    run = train(folder / "images", model="lenet5", epochs=1, out=folder / "run").folder
    (folder / "named").mkdir()
    return run, [*targets(run, folder / "named"), "server"]


class Case:
    """A target in a process of its own, with a folder of its own."""

    def __init__(self, name: str, run: Path, work: Path) -> None:
        work.mkdir()
        if name == "server":
            from server import Requests

            self.target = Target(Requests.corpus(), Requests(run).judge)
        else:
            self.target = targets(run, work)[name]
        self.name = name

    def judged(self, number: int, seed: int) -> bool:
        """Whether the case was read; False where it was refused. Any other error goes on."""
        chance = random.Random(f"{self.name} {seed} {number}")
        corpus = self.target.corpus
        try:
            self.target.judge(self.target.mutate(chance.choice(corpus), corpus, chance))
        except LeadlineError:
            return False
        return True


def fuzz(name: str, run: Path, folder: Path, seed: int, first: int, until: float, processes: int) -> Count:
    """Cases until the time is over, every `processes`-th of them in each process."""
    context = multiprocessing.get_context("fork")  # a process with torch in it is made in milliseconds
    lines = context.Queue()
    next_cases = [context.Value("q", first + offset) for offset in range(processes)]
    count, generation = Count(), 0
    working: dict[int, multiprocessing.Process] = {}
    while True:
        for offset, at in enumerate(next_cases):
            process = working.get(offset)
            if process is not None and process.is_alive():
                continue
            if process is not None and process.exitcode:  # the case at which it ended is over, too
                how = "takes too long" if process.exitcode == -signal.SIGALRM else f"ends with {process.exitcode}"
                count.findings.setdefault(how, []).append(at.value)
                at.value += processes
                count.files += 1
            if time.monotonic() < until:
                generation += 1
                work = folder / f"{name}-{generation}"
                process = context.Process(target=worked, args=(name, run, work, seed, at, processes, until, lines))
                process.start()
                working[offset] = process
            else:
                working.pop(offset, None)
        while not lines.empty():
            read, refused, slowest, what, case = lines.get()
            count.files += read + refused + bool(what)
            count.read += read
            count.refused += refused
            count.slowest = max(count.slowest, slowest)
            if what and len(cases := count.findings.setdefault(what, [])) < MOST_FINDINGS:
                cases.append(case)
        if not working:
            return count
        time.sleep(0.05)


def worked(
    name: str, run: Path, work: Path, seed: int, at: "Synchronized[int]", step: int, until: float,
    lines: "multiprocessing.Queue[tuple[int, int, float, str, int]]",
) -> None:  # fmt: skip
    """Cases, one after the other, until the time is over; counts and findings go into `lines`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what decoders write there
    case = Case(name, run, work)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends a process also in the middle of a decoder
    read = refused = 0
    slowest, told = 0.0, time.monotonic()
    while time.monotonic() < until:
        began, what = time.monotonic(), ""
        signal.alarm(SECONDS)
        try:
            if case.judged(at.value, seed):
                read += 1
            else:
                refused += 1
        except Exception as error:
            what = _place(error)
        signal.alarm(0)
        slowest = max(slowest, time.monotonic() - began)
        if what or time.monotonic() - told > 1:
            lines.put((read, refused, slowest, what, at.value))
            read = refused = 0
            told = time.monotonic()
        at.value += step
    lines.put((read, refused, slowest, "", 0))


def _place(error: Exception) -> str:
    """What kind of error, and where in Leadline: two of one place are one finding."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "leadline" in Path(frame.filename).parts]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


if __name__ == "__main__":
    sys.exit(main())
