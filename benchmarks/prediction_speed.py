"""The whole command `leadline predict` beside the script that most people write: python benchmarks/prediction_speed.py

The usual script: torchvision's ImageFolder, Resize and CenterCrop, a DataLoader with two workers, the network in eager
fp32, a CSV. Both predict the same JPEGs with the same trained network in turn (A B A B), each turn in a fresh process
from its start to its end; the median of the turns' ratios is what counts. `leadline predict` has compiled before, once;
what that took is told. The bound is the time that decoding alone and the engine alone take, one after the other, each
on all cores: no program that decodes the same way and computes with the same engine can be faster.
"""

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SETS = {
    "photographs": (1_000, (500, 375), 224, ("resnet50", "densenet121")),
    "small": (20_000, (48, 48), 32, ("resnet20_cifar", "vgg_small", "densenet_small")),
}
LEARNED = 120  # images that a classifier is trained on, for a few steps: speed does not ask what it knows


def write_images(folder: Path, *, count: int, shape: tuple[int, int]) -> None:
    """JPEGs of smoothed noise with some grain, (width, height) pixels, in ten class folders."""
    random = np.random.default_rng(0)
    width, height = shape
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize(shape, Image.Resampling.BICUBIC), dtype=np.int16)
        grain = random.integers(-12, 13, (height, width, 1), dtype=np.int16)
        home = folder / f"class {number % 10}"
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(home / f"{number:05d}.jpg", quality=90)


def usual(run: Path, folder: Path) -> None:
    """The usual script, which knows nothing of Leadline but the network's weights."""
    import torch
    from torchvision import datasets, transforms

    from leadline.classifier import load

    classifier = load(run)  # the weights; most people have a .pth instead
    network, how = classifier.network.eval(), classifier.preprocessing
    prepare = transforms.Compose(
        [
            transforms.Resize(how.size),
            transforms.CenterCrop(how.size),
            transforms.ToTensor(),
            transforms.Normalize(how.mean, how.std),
        ]
    )
    images = datasets.ImageFolder(str(folder), prepare)
    loader = torch.utils.data.DataLoader(images, batch_size=32, num_workers=2)
    with torch.inference_mode(), (folder.parent / "usual.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        paths = iter(images.samples)
        for pixels, _ in loader:
            for probabilities in network(pixels).softmax(dim=1).tolist():
                rows.writerow([next(paths)[0], *probabilities])


def bound(run: Path, folder: Path) -> None:
    """Print the seconds that decoding takes, and the engine, on all cores each."""
    from leadline.classifier import load
    from leadline.data.loader import files
    from leadline.inference.engine import BATCH_SIZE
    from leadline.verbs.predict import choose_for, expand

    classifier = load(run)
    images = expand([folder])
    engine = choose_for(run, classifier, engine="auto", precision="auto", images=len(images)).engine
    started = time.perf_counter()
    decoded = 0
    for batch in files(images, classifier.preprocessing, batch_size=BATCH_SIZE):
        decoded += len(batch.pixels)
    decoding = time.perf_counter() - started
    engine.predict([batch])
    started = time.perf_counter()
    engine.predict([batch] * 2)
    computing = (time.perf_counter() - started) / (2 * len(batch.pixels)) * decoded
    print(decoding, computing)


def seconds(*command: object) -> float:
    """What a command takes from its start to its end."""
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=SETS, action="append", help="both, if not named")
    parser.add_argument("--models", help="separated by commas")
    parser.add_argument("--count", type=int, help="images to predict")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", choices=["usual", "bound"], help=argparse.SUPPRESS)  # in a process of its own
    parser.add_argument("paths", nargs="*", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        {"usual": usual, "bound": bound}[given.one](*given.paths)
        return
    from leadline.inference.hardware import hardware

    ours = [sys.executable, "-m", "leadline"]
    columns = f"{'usual':>8} {'ours':>8} {'ratio':>6} {'of bound':>9} {'first time':>11}"
    print(f"{'network':16} {'images':>7} {columns}   seconds; {hardware().processor}, {hardware().precision}")
    for name in given.set or SETS:
        count, shape, size, models = SETS[name]
        with tempfile.TemporaryDirectory() as folder:
            images, learned = Path(folder) / "images", Path(folder) / "learned"
            write_images(images, count=given.count or count, shape=shape)
            write_images(learned, count=LEARNED, shape=shape)
            for model in given.models.split(",") if given.models else models:
                run, out = Path(folder) / model, Path(folder) / "ours.csv"
                how = ["--model", model, "--size", size, "--epochs", 0.2, "--batch-size", 8, "--out", run]
                seconds(*ours, "train", learned, *how)
                first = seconds(*ours, "predict", run, images, "--out", out)
                times: dict[str, list[float]] = {"usual": [], "ours": []}
                for _ in range(given.turns):
                    times["usual"].append(seconds(sys.executable, __file__, "--one", "usual", run, images))
                    times["ours"].append(seconds(*ours, "predict", run, images, "--out", out))
                command = [sys.executable, __file__, "--one", "bound", str(run), str(images)]
                printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                least = sum(map(float, printed.split()))
                medians = {way: statistics.median(taken) for way, taken in times.items()}
                ratio = statistics.median(a / b for a, b in zip(times["usual"], times["ours"], strict=True))
                print(
                    f"{model:16} {given.count or count:7} {medians['usual']:8.1f} {medians['ours']:8.1f} {ratio:6.2f} "
                    f"{least / medians['ours']:9.0%} {first:11.1f}", flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
