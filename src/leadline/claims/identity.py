"""A toy: stacks of ResNet's blocks, plain and residual, that are to give back their input."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from leadline.claims.experiment import Network
from leadline.inference.hardware import hardware
from leadline.results.lab_result import Point, TrainingRecord
from leadline.training.loop import descend, prepare
from leadline.training.recipe import Recipe
from leadline.zoo.layers import initialise_he
from leadline.zoo.resnet import BasicBlock

BLOCKS, CHANNELS, SIDE, BATCH = 8, 8, 8, 16
STEPS, LOOKS = 200, 20
RATE = 0.01


def stack(model: str) -> nn.Sequential:
    """Of 16 layers. "zero" begins with F = 0: the last scale of each block is zero (Goyal et al. 2017, section 5.1)."""
    blocks = [BasicBlock(CHANNELS, CHANNELS, 1, shortcut=None if model == "plain" else "A") for _ in range(BLOCKS)]
    network = nn.Sequential(*blocks)
    initialise_he(network)
    for block in blocks if model == "residual, zero" else ():
        nn.init.zeros_(block.bn2.weight)
    return network


@contextmanager
def one_thread() -> Iterator[None]:
    """Its layers are too small for two, which on a busy machine wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def learn_identity(label: str, network: Network, seed: int) -> TrainingRecord:
    """Squared error of what comes out against what went in, as a share of the input's variance, step by step.

    Inputs are not negative, as what a ReLU hands on, so that every block can give them back.
    """
    started = time.perf_counter()
    recipe = Recipe(
        data="noise", model="plain20_cifar", steps=STEPS, batch_size=BATCH, learning_rate=RATE, size=SIDE,
        augment="none", optimizer="adamw", weight_decay=0.0, seed=seed,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tests, training = _inputs(8 * BATCH), [_inputs(BATCH) for _ in range(STEPS)]
        torch.manual_seed(seed)
        stacked = stack(network.model)
    machine = hardware("cpu", "fp32")
    optimizer = prepare(stacked, recipe, machine)
    curve = []
    for step in range(STEPS + 1):
        images = training[min(step, STEPS - 1)]
        error = _error(stacked.train()(images), images)
        if step % LOOKS == 0:
            curve.append(Point(step, round(float(error.detach()), 5), round(_tested(stacked, tests), 5)))
        if step < STEPS:
            descend(stacked, optimizer, error, recipe)
    return TrainingRecord(
        network=label, model=network.model, seed=seed, steps=STEPS, seconds=round(time.perf_counter() - started, 1),
        parameters=sum(values.numel() for values in stacked.parameters()),
        multiply_adds=BLOCKS * 2 * 9 * (CHANNELS * SIDE) ** 2,
        train_error=curve[-1].train_error, test_error=curve[-1].test_error, curve=tuple(curve),
    )  # fmt: skip


def _inputs(count: int) -> Tensor:
    return torch.randn(count, CHANNELS, SIDE, SIDE).relu()


def _error(outputs: Tensor, images: Tensor) -> Tensor:
    return (outputs - images).square().mean() / images.var()


def _tested(network: nn.Module, images: Tensor) -> float:
    """With the statistics of this batch: those of evaluation lag behind at the start."""
    with torch.no_grad():
        return float(_error(network(images), images))
