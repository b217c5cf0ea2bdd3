"""How threads that wait asleep (OMP_WAIT_POLICY=PASSIVE) change the speed of a training, alone and beside one busy
program: python benchmarks/waiting_threads.py

resnet20_cifar on batches of 64 random images of 32 pixels, three seconds each in a process of its own, in turn; medians
of three turns, in images per second.
"""

import os
import statistics
import subprocess
import sys
import time

TURNS, SECONDS, BATCH = 3, 3.0, 64
POLICIES = {"default": {}, "asleep": {"OMP_WAIT_POLICY": "PASSIVE"}}


def train(precision: str) -> float:
    """Images per second of plain steps."""
    import torch
    import torch.nn.functional as F

    from leadline.zoo import build_model

    network = build_model("resnet20_cifar", num_classes=10, in_channels=3).train()
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, fused=True)
    images = torch.rand(BATCH, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.zeros(BATCH, dtype=torch.long)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        step()
        count += BATCH
    return count / (time.perf_counter() - started)


def measured(precision: str, policy: str, *, busy: bool) -> float:
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        command = [sys.executable, __file__, precision]
        return float(
            subprocess.run(command, env={**os.environ, **POLICIES[policy]}, capture_output=True, check=True).stdout
        )
    finally:
        if other:
            other.kill()
            other.wait()


def main() -> None:
    for precision in ("fp32", "bf16"):
        found: dict[tuple[str, bool], list[float]] = {}
        for _ in range(TURNS):
            for policy in POLICIES:
                for busy in (False, True):
                    found.setdefault((policy, busy), []).append(measured(precision, policy, busy=busy))
        for policy in POLICIES:
            alone, beside = (statistics.median(found[policy, busy]) for busy in (False, True))
            print(f"{precision} {policy:8} alone {alone:5.0f}, beside a busy program {beside:5.0f}")


if __name__ == "__main__":
    print(train(sys.argv[1])) if len(sys.argv) > 1 else main()
