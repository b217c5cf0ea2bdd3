"""The training loop, from top to bottom."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.data.keyed import key
from leadline.inference.engine import Engine
from leadline.inference.hardware import Hardware
from leadline.progress import Progress
from leadline.ranks import ALONE, Group
from leadline.training import averaging, checkpoint
from leadline.training.data import TrainingData
from leadline.training.distributed import shared
from leadline.training.divergence import Losses
from leadline.training.parameters import groups
from leadline.training.recipe import Recipe
from leadline.training.schedule import learning_rate
from leadline.training.tuning import Thawing

SECONDS_BETWEEN_CHECKPOINTS = 60.0
STEPS_BETWEEN_LOOKS = 20  # at whether the loss is still finite: a look waits for the accelerator
MOST_VALIDATIONS = 40


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop, and stopped between two steps with its checkpoint in the folder that is named."""


def fit(
    network: nn.Module,
    data: TrainingData,
    hardware: Hardware,
    run: Path,
    progress: Progress,
    group: Group = ALONE,
) -> checkpoint.State:
    """Train `network` in place as the recipe of `data` says, from the checkpoint in the folder `run` on where there is
    one.

    Equal recipes, data, hardware and threads give equal bits, whether or not the training was interrupted. The caller's
    random state stays as it was. Each process of a `group` computes on its share of every batch. Raises DivergenceError
    when the loss is no longer finite, and Interrupted after SIGINT or SIGTERM.
    """
    with torch.random.fork_rng(devices=[hardware.device] if hardware.device == "cuda" else []):
        return _fit(network, data, hardware, run, progress, group)


def _fit(
    network: nn.Module, data: TrainingData, hardware: Hardware, run: Path, progress: Progress, group: Group
) -> checkpoint.State:
    recipe, preprocessing = data.recipe, data.preprocessing
    batches = replace(data.batches, share=(group.rank, group.size))
    engine = Engine(network, data.classes, preprocessing, hardware)
    class_weights = data.class_weights(hardware.device)
    optimizer = prepare(network, recipe, hardware)
    state = checkpoint.load(run) or checkpoint.State()
    if state.step:
        network.load_state_dict(state.network)
        optimizer.load_state_dict(state.optimizer)
        state.average = {name: value.to(hardware.device) for name, value in state.average.items()}
    own_steps = averaging.first_step(recipe)
    trained = shared(group, network, recipe, hardware, progress)
    thawing = Thawing(network, recipe)
    losses = Losses(data, run)
    epochs = math.ceil(recipe.steps / len(batches))
    validated = {math.ceil(epochs * (number + 1) / MOST_VALIDATIONS) for number in range(MOST_VALIDATIONS)}
    loss_sum, correct = totals(state, hardware)
    started = time.perf_counter() - state.seconds
    saved = time.perf_counter()
    network.train()

    with stop_between_steps() as stopping, progress.task(recipe.model, recipe.steps, done=state.step):
        for epoch in range(state.step // len(batches), epochs if state.step < recipe.steps else 0):
            for batch in batches.epoch(epoch, start=state.step - epoch * len(batches)):
                for parameters in optimizer.param_groups:
                    parameters["lr"] = learning_rate(state.step, recipe) * parameters.get("factor", 1.0)
                if batch.whole >= 2 * group.size:  # batch normalisation needs two
                    of_process = (group.rank,) if group.rank else ()
                    torch.manual_seed(key("step", recipe.seed, state.step, *of_process))  # dropout
                    images, labels = batch.images.to(hardware.device), batch.labels.to(hardware.device)
                    normalised = preprocessing.normalise(images)
                    thawing.apply(state.step)
                    share = group.size * len(labels) / batch.whole
                    logits, loss = update(
                        trained, optimizer, normalised, labels, recipe, hardware, class_weights, share
                    )
                    loss = group.total(loss * share / group.size)
                    losses.add(state.step, loss)
                    loss_sum += loss * batch.whole
                    correct += group.total((logits.argmax(dim=1) == labels).sum())
                    state.seen += batch.whole
                state.step += 1
                if state.step > own_steps:
                    averaging.add(state.average, network, count=state.step - own_steps)
                last = state.step == recipe.steps
                if last or state.step % len(batches) == 0:
                    if epoch + 1 in validated and group.first:
                        losses.look()
                        with averaging.installed(network, state.average):
                            figures = data.validate(engine)
                        state.history.append(
                            {
                                "epoch": state.step / len(batches),
                                "step": state.step,
                                "learning_rate": optimizer.param_groups[0]["lr"],
                                "train_loss": float(loss_sum) / max(1, state.seen),
                                "train_accuracy": float(correct) / max(1, state.seen),
                                **figures,
                                "seconds": time.perf_counter() - started,
                            }
                        )
                        progress.row(state.history[-1])
                    state.loss_sum, state.correct, state.seen = 0.0, 0, 0
                    loss_sum, correct = totals(state, hardware)
                progress.advance()
                stop = group.any(stopping.is_set())
                due = last or stop or time.perf_counter() - saved > SECONDS_BETWEEN_CHECKPOINTS
                if due or state.step % STEPS_BETWEEN_LOOKS == 0:
                    losses.look()
                if due and group.first:
                    state.seconds = time.perf_counter() - started
                    state.loss_sum, state.correct = float(loss_sum), int(correct)
                    state.network, state.optimizer = network.state_dict(), optimizer.state_dict()
                    checkpoint.save(state, run)
                    saved = time.perf_counter()
                if last:
                    break
                if stop:
                    raise Interrupted(str(run))
    averaging.install(network, state.average)
    return state


def prepare(network: nn.Module, recipe: Recipe, hardware: Hardware) -> torch.optim.Optimizer:
    """The recipe's optimiser for `network`, which is moved to its device, channels last in memory."""
    network.to(hardware.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    fused = hardware.device != "mps"
    parameters = groups(network, recipe)
    if recipe.optimizer == "adamw":
        betas = (recipe.momentum, recipe.second_momentum)
        return torch.optim.AdamW(parameters, lr=recipe.learning_rate, betas=betas, fused=fused)
    return torch.optim.SGD(
        parameters,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov and recipe.momentum > 0,
        fused=fused,
    )


def update(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    hardware: Hardware,
    class_weights: Tensor | None = None,
    share: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """One step on normalised images: the logits, and the loss of the main head plus each auxiliary head's, weighed.

    `share` is what these images weigh in a batch that several processes divide among them, 1 where it is an equal part.
    """
    weights = class_weights[labels] if class_weights is not None else None
    with hardware.autocast():
        outputs = network(images)
    logits, auxiliary = outputs if isinstance(outputs, tuple) else (outputs, ())
    loss = loss_of(logits, labels, recipe, weights)
    for head in auxiliary:
        loss = loss + recipe.auxiliary_weight * loss_of(head, labels, recipe, weights)
    descend(network, optimizer, loss * share, recipe)
    return logits.detach(), loss.detach()


def descend(network: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, recipe: Recipe) -> None:
    """One step of the optimiser down the gradient of `loss`, which is cut where it is too long."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if recipe.longest_gradient:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.longest_gradient)
    optimizer.step()


def loss_of(logits: Tensor, labels: Tensor, recipe: Recipe, weights: Tensor | None) -> Tensor:
    """The mean cross-entropy with smoothed labels, each image's times its weight.

    Not torch's own class weights: those are divided by their sum in each batch, so that a batch without rare classes
    would not count less, and with smoothed labels they weigh the other classes' terms of an image too.
    """
    if weights is None:
        return F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
    each = F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing, reduction="none")
    return (weights * each).mean()


def totals(state: checkpoint.State, hardware: Hardware) -> tuple[Tensor, Tensor]:
    """The running sums of the epoch, kept on the device so that a step need not wait for them."""
    dtype = torch.float32 if hardware.device == "mps" else torch.float64
    return (
        torch.tensor(state.loss_sum, dtype=dtype, device=hardware.device),
        torch.tensor(state.correct, dtype=torch.int64, device=hardware.device),
    )


@contextmanager
def interrupted_as(run: Path) -> Iterator[None]:
    """Interrupted with the folder of `run`, to go on from, wherever inside a person interrupts."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted(str(run)) from None


@contextmanager
def stop_between_steps() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, to end between two steps; a second signal ends at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        for other, handler in before.items():
            signal.signal(other, handler)

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
