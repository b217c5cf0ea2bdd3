"""How time and memory grow with the images: python benchmarks/growth.py --images 5000 20000 50000 100000 200000

One folder grows to each of these numbers of small images, no two alike; at each of them every stage runs in a fresh
process. Measured are its seconds and those of all processors together, which other programs hardly change, without what
starting Python and importing takes; and the most memory that it and its children had at one moment: all of it, and
without the pages of files, which the system takes back when it needs them. (From /proc, so on Linux alone.) A JSON file
has all figures, and where they were measured; an SVG draws the processors' seconds and the memory without pages.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, CLASSES, STEPS, BATCH = 32, 10, 20, 128
EVERY = 0.05  # seconds between two looks at the memory


def write_image(folder: Path, number: int) -> None:
    """Coloured patches keyed by `number`; every other file is a PNG, the others JPEGs."""
    random, label = np.random.default_rng([18, number]), number % CLASSES
    patches = random.integers(0, 200, (6, 6, 3), dtype=np.uint8)
    patches[label // 2, :, label % 3] += 55  # what makes the class
    image = Image.fromarray(patches).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    file = folder / f"class {label}" / f"{number:07d}{'.png' if number % 2 else '.jpg'}"
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)


def scan(data: Path, work: Path) -> None:
    from leadline.data.sources.scan import scan

    scan(data).write(work / "manifest.parquet")


def split(data: Path, work: Path) -> None:
    from leadline.data.manifest import Manifest
    from leadline.data.split.holdout import split

    split(Manifest.read(work / "manifest.parquet")).write(work / "split.parquet")


def check(data: Path, work: Path) -> None:
    from leadline.verbs.check import check

    check(data, out=work / "check.json")


def train(data: Path, work: Path) -> None:
    from leadline.verbs.train import train

    images = sum(1 for _ in data.glob("*/*"))
    epochs = STEPS * BATCH / (0.7 * images)
    train(data, model="lenet5", epochs=epochs, batch_size=BATCH, size=SIZE, out=work / "run")


def predict(data: Path, work: Path) -> None:
    from leadline.verbs.predict import predict

    predict(work / "run", [data], out=work / "predictions.parquet", engine="torch")


def report(data: Path, work: Path) -> None:
    from leadline.report import write_model_card, write_run_report

    write_run_report(work / "run")
    write_model_card(work / "run")


# What is said of each in docs/growth.md. The second check and the training find what the first check has decoded.
STAGES: dict[str, Callable[[Path, Path], None]] = {
    "scan": scan, "split": split, "check": check, "check again": check, "train": train, "predict": predict,
    "report": report,
}  # fmt: skip

# Folders of an earlier call that a stage must not find.
MADE_BEFORE = {"check": ("cache",), "train": ("run",)}


def measured(stage: str, data: Path, work: Path) -> dict[str, float]:
    """Seconds and peak bytes of a stage in a process of its own."""
    environment = {**os.environ, "LEADLINE_CACHE": str(work / "cache")}
    command = [sys.executable, __file__, "--stage", stage, "--data", str(data), "--work", str(work)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    whole = own = 0
    while process.poll() is None:
        now = [memory_of(number) for number in with_children(process.pid)]
        whole, own = max(whole, sum(each[0] for each in now)), max(own, sum(each[1] for each in now))
        time.sleep(EVERY)
    if process.returncode or process.stdout is None:
        raise SystemExit(f"{stage} failed; its message is above")
    seconds, computing = map(float, process.stdout.read().split()[-2:])
    return {
        "seconds": seconds, "processor_seconds": computing, "peak_bytes": whole, "peak_bytes_without_files": own,
    }  # fmt: skip


def with_children(process: int) -> list[int]:
    """The numbers of a process and of all that it has started."""
    found = [process]
    for number in found:
        try:
            tasks = list(Path(f"/proc/{number}/task").iterdir())
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:  # it has ended
            continue
    return found


def memory_of(process: int) -> tuple[int, int]:
    """Resident bytes, and those of them that are no pages of files."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    known = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS", "RssFile"))}
    return known.get("VmRSS", 0), known.get("VmRSS", 0) - known.get("RssFile", 0)


def drawn(rows: list[dict[str, float | str]], file: Path) -> None:
    """Time and memory over the images, a line per stage."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    mpl.rcParams["svg.fonttype"], mpl.rcParams["svg.hashsalt"] = "none", "growth"
    figure = Figure((9, 4), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for stage in STAGES:
        own = sorted((row for row in rows if row["stage"] == stage), key=lambda row: float(row["images"]))
        images = [row["images"] for row in own]
        times.plot(images, [row["processor_seconds"] for row in own], marker="o", markersize=3, label=stage)
        megabytes = [float(row["peak_bytes_without_files"]) / 1e6 for row in own]
        memory.plot(images, megabytes, marker="o", markersize=3, label=stage)
    times.set(xlabel="images", ylabel="seconds of all processors")
    memory.set(xlabel="images", ylabel="peak memory, MB", ylim=(0, None))
    times.legend(frameon=False)
    for axes in (times, memory):
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


def write(rows: list[dict[str, float | str]], file: Path) -> None:
    """The figures, and where they were measured."""
    from leadline.inference.hardware import hardware

    numbers = " ".join(map(str, sorted({row["images"] for row in rows})))
    found = {
        "command": f"python benchmarks/growth.py --images {numbers}",
        "processor": hardware().processor,
        "cores": os.cpu_count(),
        "date": datetime.now(UTC).date().isoformat(),
        "rows": rows,
    }
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[5_000, 20_000, 50_000, 100_000, 200_000])
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--out", type=Path, default=Path("growth.json"))
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--data", type=Path, help="Where the images are made, and kept. [default: a temporary folder]")
    parser.add_argument("--work", type=Path, help="Where runs and caches are kept. [default: a temporary folder]")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stage:
        import leadline.report
        import leadline.verbs.train  # noqa: F401  what is imported is not measured

        started, computing = time.perf_counter(), time.process_time()
        STAGES[asked.stage](asked.data, asked.work)
        print(time.perf_counter() - started, time.process_time() - computing)
        return
    # Rows of an earlier call are kept, so that a long measurement can be made in parts, stage by stage.
    rows: list[dict[str, float | str]] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.is_file() else []
    with tempfile.TemporaryDirectory() as folder:
        data = asked.data or Path(folder) / "data"
        made = sum(1 for _ in data.glob("*/*")) if data.is_dir() else 0
        for images in sorted(asked.images):
            if made > images:
                raise SystemExit(f"{data}: has {made:,} images already; name another folder")
            for number in range(made, images):
                write_image(data, number)
            made, work = images, (asked.work or Path(folder)) / str(images)
            work.mkdir(parents=True, exist_ok=True)
            for stage in asked.stages:
                for made_before in MADE_BEFORE.get(stage, ()):
                    shutil.rmtree(work / made_before, ignore_errors=True)
                rows = [row for row in rows if (row["stage"], row["images"]) != (stage, images)]
                rows.append({"stage": stage, "images": images, **measured(stage, data, work)})
                row = rows[-1]
                seconds, computing = float(row["seconds"]), float(row["processor_seconds"])
                peak = float(row["peak_bytes_without_files"]) / 1e6
                print(f"{images:>9,}  {stage:<12} {seconds:8.1f} s {computing:8.1f} s {peak:8,.0f} MB", flush=True)
                write(rows, asked.out)
            if not asked.work:
                shutil.rmtree(work)
    if asked.figure:
        drawn(rows, asked.figure)


if __name__ == "__main__":
    main()
