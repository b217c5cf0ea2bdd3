"""The whole state of a training as one file, replaced in one piece, with the one before kept."""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from leadline.errors import LeadlineError
from leadline.writing import in_one_piece

NAME, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"


@dataclass
class State:
    """Where a training stands. Everything random is keyed by the step, so no random state belongs to it."""

    step: int = 0
    seconds: float = 0.0  # of training so far
    loss_sum: float = 0.0  # over the images of the epoch so far
    correct: int = 0
    seen: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    network: dict[str, Any] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    average: dict[str, Any] = field(default_factory=dict)  # training.averaging


def save(state: State, run: Path) -> None:
    """Write `state` into the folder `run`; a kill at any moment leaves a whole checkpoint there, this or the last."""
    way_out = f"make room there, then go on with: leadline train --resume {run}"
    with in_one_piece(run / NAME, way_out=way_out) as temporary:
        with temporary.open("wb") as file:
            torch.save({"format": 1, **{part.name: getattr(state, part.name) for part in fields(State)}}, file)
            file.flush()
            os.fsync(file.fileno())
        if (run / NAME).exists():
            (run / NAME).replace(run / PREVIOUS)


def load(run: Path) -> State | None:
    """The newest whole state in `run`, or None where there is none yet; LeadlineError where none can be read."""
    damaged = []
    for name in (NAME, PREVIOUS):
        try:
            values = torch.load(run / name, map_location="cpu", weights_only=True)
            values.pop("format")
            return State(**values)
        except FileNotFoundError:
            continue
        except Exception as error:  # whatever a damaged file leads the reader to
            damaged.append(f"{name} ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
    if damaged:
        raise LeadlineError(
            f"{run}: cannot be resumed, its checkpoints are damaged: {', '.join(damaged)}; "
            "train again into a new folder"
        )
    return None
