"""Times on this machine: shown beside what was counted, never judged."""

import time
from collections.abc import Callable
from functools import cache

from torch import Tensor, rand

from leadline.lab.networks import quickly_filled
from leadline.zoo import WithAuxiliary, architecture


def seconds(work: Callable[[], object], *, times: int = 3, enough: float = 1.0) -> float:
    """The shortest of a few; no more are begun once they have taken `enough` seconds together."""
    taken: list[float] = []
    while len(taken) < times and sum(taken) < enough:
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


@cache
def training_seconds(name: str) -> float:
    """For one image forward and backward through a network of the catalogue; several claims ask for the same."""
    model, image = quickly_filled(name).train(), rand(1, *architecture(name).input)

    def step() -> None:
        model.zero_grad(set_to_none=True)
        output: Tensor | WithAuxiliary = model(image)
        heads = [output.logits, *output.auxiliary] if isinstance(output, WithAuxiliary) else [output]
        sum(head.sum() for head in heads).backward()  # type: ignore[union-attr]

    return seconds(step, times=2)
