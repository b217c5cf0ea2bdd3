"""Times on this machine: shown beside what was counted, never judged."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from leadline.claims.networks import quickly_filled
from leadline.zoo import WithAuxiliary, architecture


def seconds(work: Callable[[], object], *, times: int = 3, enough: float = 1.0) -> float:
    """The shortest of a few; no more are begun once they have taken `enough` seconds together."""
    taken: list[float] = []
    while len(taken) < times and sum(taken) < enough:
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def core_seconds(work: Callable[[], object], *, enough: float = 0.12) -> float:
    """What one core spends on it, whatever else runs on the machine: the mean over `enough` seconds, once warm."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(3):
            work()
        times, started = 0, time.process_time()
        while (spent := time.process_time() - started) < enough:
            work()
            times += 1
        return spent / times
    finally:
        torch.set_num_threads(threads)


@cache
def training_seconds(name: str) -> float:
    """For one image forward and backward through a network of the catalogue; several claims ask for the same."""
    model, image = quickly_filled(name).train(), torch.rand(1, *architecture(name).input)

    def step() -> None:
        model.zero_grad(set_to_none=True)
        output: Tensor | WithAuxiliary = model(image)
        heads = [output.logits, *output.auxiliary] if isinstance(output, WithAuxiliary) else [output]
        sum(head.sum() for head in heads).backward()  # type: ignore[union-attr]

    return seconds(step, times=2)
