"""Training speed beside the loop that most people write, in images per second: python benchmarks/training_speed.py

The plain loop: torchvision's ImageFolder (PIL, a decode per image and epoch), ToTensor and Normalize, a DataLoader with
two workers, contiguous fp32, torch.optim.SGD. Ours: the cache, keyed augmentation, and the precision and memory format
that `leadline train` chooses here. Both train the same network from the catalogue on the same JPEGs, in turn (A B A B),
each turn in a fresh process; the median of the turns' ratios is what counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

WARM_UP, MEASURED = 3, 12  # steps


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
    loader = torch.utils.data.DataLoader(data, batch_size, shuffle=True, num_workers=2, drop_last=True)
    network = create_model(model, num_classes=10).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    times = []
    batches = iter(loader)
    for _ in range(WARM_UP + MEASURED):
        started = time.perf_counter()
        images, labels = next(batches)
        outputs = network(images)
        loss = F.cross_entropy(outputs[0] if isinstance(outputs, tuple) else outputs, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        times.append(time.perf_counter() - started)
    return batch_size / statistics.median(times[WARM_UP:])


def ours(folder: Path, model: str, size: int, batch_size: int) -> float:
    """Images per second of `leadline.training.loop`, from an image cache that the first epoch has filled."""
    from leadline.cli.allocator import keep_freed_memory
    from leadline.data.cache import ImageCache
    from leadline.data.loader import TrainingBatches
    from leadline.data.preprocessing import geometry, measured
    from leadline.data.sources.scan import scan
    from leadline.inference.hardware import hardware
    from leadline.pretrained.create import create_model
    from leadline.training.loop import prepare, update
    from leadline.training.recipe import Recipe

    keep_freed_memory()
    manifest = scan(folder)
    cache = ImageCache(manifest, geometry(manifest, size=size))
    rows = np.arange(len(manifest.table))
    preprocessing = measured(geometry(manifest, size=size), cache.decode_now(rows))
    labels = np.arange(len(rows)) % 10
    recipe = Recipe(
        data=str(folder), model=model, steps=100, batch_size=batch_size, learning_rate=0.01, size=size, augment="flip"
    )
    network = create_model(model, num_classes=10).train()
    optimizer = prepare(network, recipe, hardware())
    times = []
    batches = TrainingBatches(cache, rows, labels, batch_size, 0, "flip").epoch(0)
    for _ in range(WARM_UP + MEASURED):
        started = time.perf_counter()
        batch = next(batches)
        update(network, optimizer, preprocessing.normalise(batch.images), batch.labels, recipe, hardware())[1].item()
        times.append(time.perf_counter() - started)
    cache.close()
    return batch_size / statistics.median(times[WARM_UP:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="resnet20_cifar,resnet18,vgg_small,densenet_small")
    parser.add_argument("--size", type=int, default=64, help="pixels")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", choices=["plain", "ours"], help=argparse.SUPPRESS)  # a turn, in its own process
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        turn = {"plain": plain, "ours": ours}[given.one]
        print(json.dumps(turn(given.folder, given.models, given.size, given.batch_size)))
        return
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        write_images(images, count=(WARM_UP + MEASURED + 1) * given.batch_size, size=given.size)
        print(f"{given.size} pixels, batches of {given.batch_size}, {torch.get_num_threads()} threads")
        print(f"{'network':18} {'plain':>8} {'ours':>8} {'ratio':>7}   images/s, medians of {given.turns} turns")
        for model in given.models.split(","):
            found: dict[str, list[float]] = {"plain": [], "ours": []}
            for _ in range(given.turns):
                for one, rates in found.items():
                    command = [sys.executable, __file__, "--one", one, "--folder", str(images), "--models", model]
                    command += ["--size", str(given.size), "--batch-size", str(given.batch_size)]
                    rates.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
            ratio = statistics.median(b / a for a, b in zip(found["plain"], found["ours"], strict=True))
            medians = (statistics.median(found["plain"]), statistics.median(found["ours"]))
            print(f"{model:18} {medians[0]:8.0f} {medians[1]:8.0f} {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
