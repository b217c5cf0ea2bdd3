"""A loss that is no number any more: found without waiting for the accelerator at every step, and said in full."""

from pathlib import Path

import torch
from torch import Tensor

from leadline.errors import DivergenceError, LeadlineError
from leadline.training import checkpoint
from leadline.training.data import TrainingData
from leadline.training.schedule import learning_rate

SHOWN = 3


class Losses:
    """The losses of the steps since they were last looked at."""

    def __init__(self, data: TrainingData, run: Path) -> None:
        self._data, self._run = data, run
        self._unseen: list[tuple[int, Tensor]] = []  # the step, from 0, and its loss

    def add(self, step: int, loss: Tensor) -> None:
        self._unseen.append((step, loss))

    def look(self) -> None:
        """DivergenceError with the first step whose loss is not finite: its learning rate, its images, and the last
        checkpoint, which was saved after a look and is good."""
        if not self._unseen:
            return
        finite = torch.stack([loss for _, loss in self._unseen]).isfinite().tolist()
        step = next((step for (step, _), good in zip(self._unseen, finite, strict=True) if not good), None)
        self._unseen.clear()
        if step is None:
            return
        recipe = self._data.recipe
        images = self._data.images_of(step)
        more = f" and {len(images) - SHOWN:,} more" if len(images) > SHOWN else ""
        raise DivergenceError(
            f"{recipe.model}: the loss is no longer a finite number at step {step + 1} of {recipe.steps}, at a "
            f"learning rate of {learning_rate(step, recipe):.3g}, on the images {', '.join(images[:SHOWN])}{more}; "
            f"{self._checkpoint()}; look at these images, or try a lower --learning-rate than {recipe.learning_rate:g}"
        )

    def _checkpoint(self) -> str:
        try:
            kept = checkpoint.load(self._run)
        except LeadlineError:
            kept = None
        return (
            f"{self._run / checkpoint.NAME} is of step {kept.step} and good" if kept else "there is no checkpoint yet"
        )
