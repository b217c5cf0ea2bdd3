"""Training speed beside the loop that most people write, in images per second: python benchmarks/training_speed.py

The plain loop: torchvision's ImageFolder (PIL, a decode per image and epoch), the usual transforms, a DataLoader with
two workers, contiguous fp32, torch.optim.SGD. Ours: the cache, keyed augmentation, and the precision and memory format
that `leadline train` chooses here. Both train the same network on the same JPEGs for whole epochs, of
which the first, which fills caches, does not count; in turn (A B A B), each turn in a fresh process. The median of the
turns' ratios is what counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

EPOCHS = 3  # the first of which does not count
# Network, pixels, images: what people train on a processor.
SETS = (
    ("resnet20_cifar", 32, 2_000),
    ("vgg_small", 32, 2_000),
    ("densenet_small", 32, 1_000),
    ("resnet18", 128, 300),
)


def write_images(folder: Path, *, count: int, size: int) -> None:
    """JPEGs of smoothed noise in ten class folders."""
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        home = folder / f"class {number % 10}"
        home.mkdir(parents=True, exist_ok=True)
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(home / f"{number:05d}.jpg", quality=90)


def plain(folder: Path, model: str, size: int, batch_size: int) -> float:
    """Images per second of the plain loop."""
    from torchvision import datasets, transforms

    from leadline.pretrained.create import create_model

    prepare = transforms.Compose(
        [
            transforms.RandomCrop(size, padding=size // 8),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.25] * 3),
        ]
    )
    data = datasets.ImageFolder(str(folder), prepare)
    loader = torch.utils.data.DataLoader(data, batch_size, shuffle=True, num_workers=2)
    network = create_model(model, num_classes=10).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def epoch(_: int) -> int:
        for images, labels in loader:
            outputs = network(images)
            loss = F.cross_entropy(outputs[0] if isinstance(outputs, tuple) else outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return len(data)

    return rate(epoch)


def ours(folder: Path, model: str, size: int, batch_size: int) -> float:
    """Images per second of what `leadline.training.loop` does with each batch, on the data of a run."""
    from leadline.cli.allocator import keep_freed_memory
    from leadline.inference.hardware import hardware
    from leadline.training.data import TrainingData
    from leadline.training.loop import prepare, update
    from leadline.training.training import initialised
    from leadline.verbs.train import train

    keep_freed_memory()
    with tempfile.TemporaryDirectory() as out:
        settings = {"size": size, "batch_size": batch_size, "augment": "flip", "optimizer": "sgd"}
        run = train(folder, model=model, out=Path(out) / "run", epochs=0.05, **settings)
        recipe, manifest = run.recipe, run.manifest
        data = TrainingData.open(manifest, recipe)
        network = initialised(recipe, classes=data.classes, channels=data.preprocessing.channels).train()
        optimizer, machine, batches = prepare(network, recipe, hardware()), hardware(), data.batches

        def epoch(number: int) -> int:
            for batch in batches.epoch(number):
                images = data.preprocessing.normalise(batch.images)
                update(network, optimizer, images, batch.labels, recipe, machine)[1].item()
            return manifest.labels("train").total()

        return rate(epoch)


def rate(epoch: Callable[[int], int]) -> float:
    """Images per second of epochs, which say how many images they trained on."""
    epoch(0)
    started = time.perf_counter()
    images = sum(epoch(number) for number in range(1, EPOCHS))
    return images / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", help="separated by commas; all, if not named")
    parser.add_argument("--size", type=int, help="pixels")
    parser.add_argument("--images", type=int)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", choices=["plain", "ours"], help=argparse.SUPPRESS)  # a turn, in its own process
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        turn = {"plain": plain, "ours": ours}[given.one]
        print(json.dumps(turn(given.folder, given.models, given.size, given.batch_size)))
        return
    from leadline.inference.hardware import hardware

    machine = hardware()
    print(f"{machine.processor} ({machine.instructions}), {machine.precision}, {machine.threads} threads")
    print(f"{'network':18} {'pixels':>6} {'plain':>8} {'ours':>8} {'ratio':>7}   images/s, medians")
    for model, usual_size, usual_images in SETS:
        if given.models and model not in given.models.split(","):
            continue
        size = given.size or usual_size
        with tempfile.TemporaryDirectory() as folder:
            write_images(Path(folder), count=given.images or usual_images, size=size)
            found: dict[str, list[float]] = {"plain": [], "ours": []}
            for _ in range(given.turns):
                for way, rates in found.items():
                    command = [sys.executable, __file__, "--one", way, "--folder", folder, "--models", model]
                    command += ["--size", str(size), "--batch-size", str(given.batch_size)]
                    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    rates.append(json.loads(printed.splitlines()[-1]))
        ratio = statistics.median(b / a for a, b in zip(found["plain"], found["ours"], strict=True))
        medians = (statistics.median(found["plain"]), statistics.median(found["ours"]))
        print(f"{model:18} {size:6} {medians[0]:8.0f} {medians[1]:8.0f} {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
