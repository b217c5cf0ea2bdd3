"""What DenseNet's concatenations keep for the backward pass, counted, and what checkpointing leaves of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, judge
from leadline.claims.networks import anatomy
from leadline.drawing.bars import bar, bars
from leadline.zoo.densenet import DenseNet


@contextmanager
def _kept(sizes: dict[int, int]) -> Iterator[None]:
    """Fills `sizes` with the bytes of each storage that autograd keeps for the backward pass."""

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield


def _training_memory(blocks: str, *, efficient: bool) -> tuple[int, list[Tensor]]:
    """Bytes that a forward pass keeps for the backward pass, and the gradients that come of it."""
    torch.manual_seed(0)
    model = DenseNet(blocks, memory_efficient=efficient, num_classes=10).train()
    images = torch.randn(2, 3, 32, 32)
    sizes: dict[int, int] = {}
    with _kept(sizes):
        loss = model(images).square().mean()
        kept = sum(sizes.values())
    loss.backward()
    return kept, [values.grad for values in model.parameters() if values.grad is not None]


def measure_dense_memory() -> Measurement:
    kept, gradients = {}, {}
    row = "DenseNet-BC (L=100, k=12)"
    for efficient in (False, True):
        kept[efficient], gradients[efficient] = _training_memory(row, efficient=efficient)
    differing = sum(not torch.equal(one, other) for one, other in zip(gradients[False], gradients[True], strict=True))
    maps = anatomy("densenet_bc100_k12_cifar").layers
    joined = 2 * sum(layer.activation_bytes for layer in maps if layer.type == "Concatenation")
    whole = 2 * sum(layer.activation_bytes for layer in maps)
    return Measurement(
        numbers={
            "kept for the backward pass": Number(round(kept[False] / 2**20, 1), unit="MiB, two images of 32×32"),
            "kept with checkpointing": Number(round(kept[True] / 2**20, 1), unit="MiB"),
            "share of maps that are concatenations": Number(round(joined / whole, 3)),
            "parameters whose gradients differ": Number(differing, 0, 0),
            "parameters compared": Number(len(gradients[False])),
        },
        words={
            "times_less": kept[False] / kept[True],
            "differing": differing,
            "gradients": len(gradients[False]),
            "without": kept[False] / 2**20,
            "with_checkpoints": kept[True] / 2**20,
        },
        drawing=bars(
            [
                bar("as it is", kept[False], f"{kept[False] / 2**20:.0f} MiB", tone="DenseNet"),
                bar("with checkpointing", kept[True], f"{kept[True] / 2**20:.0f} MiB", tone="right"),
            ],
            title="Kept for the backward pass of two images",
        ),
    )


def judge_dense_memory(numbers: Numbers) -> Verdict:
    """Bytes are counted, not timed: the half of the memory must be saved, and no gradient may change."""
    saved = 2 * numbers["kept with checkpointing"].value <= numbers["kept for the backward pass"].value
    return judge(stated=saved and numbers["parameters whose gradients differ"].as_stated, amended=False)
