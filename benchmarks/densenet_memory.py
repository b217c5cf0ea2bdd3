"""Peak memory and time of one training step of a DenseNet, as it is and with recomputed concatenations.

    python benchmarks/densenet_memory.py --model densenet_bc100_k12_cifar --batch 32

Each variant runs in a process of its own. On a CPU the figure is how far the process grew during the steps, on CUDA
what torch's allocator held at most. Linux and macOS only, where the operating system keeps the peak of a process.
"""

import argparse
import multiprocessing
import resource
import sys
import time

import torch

from leadline.zoo import architecture


def step(name: str, batch: int, size: int, device: str, memory_efficient: bool) -> tuple[int, float]:
    """Bytes at the peak, beyond what was there before, and seconds, of the second of two training steps."""
    row = architecture(name)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = row.build(num_classes=10, in_channels=3, memory_efficient=memory_efficient).to(device)
    images = torch.randn(batch, 3, size, size, device=device)
    model(images[:2, :, :32, :32]).mean().backward()  # so that what torch imports and allocates once is not counted
    before = peak(device)
    for _ in range(2):
        started = time.perf_counter()
        model(images).square().mean().backward()
        if device != "cpu":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    return peak(device) - before, seconds


def peak(device: str) -> int:
    if device != "cpu":
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="densenet_bc100_k12_cifar")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, help="height and width in pixels (default: as published)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    size = options.size or architecture(options.model).input[1]
    print(f"{options.model}, {options.batch} images of {size}×{size}, {options.device}")
    context = multiprocessing.get_context("spawn")
    for memory_efficient in (False, True):
        with context.Pool(1) as pool:
            grown, seconds = pool.apply(step, (options.model, options.batch, size, options.device, memory_efficient))
        label = "memory-efficient" if memory_efficient else "as it is"
        print(f"{label:18}{grown / 2**20:8.0f} MiB {seconds:8.2f} s per step")


if __name__ == "__main__":
    main()
