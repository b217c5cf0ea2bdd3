"""`create_model`: a network as its paper initialises it, or with trained parameters."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leadline.progress import ON_STDERR, Progress
from leadline.zoo import architecture, build_model

if TYPE_CHECKING:
    from torch import nn


def create_model(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    weights: str | Path | None = None,
    drop_rate: float | None = None,
    progress: Progress = ON_STDERR,
) -> "nn.Module":
    """A new network as `zoo.build_model` makes it, or with trained `weights`.

    `weights` is "imagenet" or "imagenet:TAG" (torchvision's files), "hf:OWNER/NAME" (safetensors on the Hugging Face
    hub), a .safetensors, .pth or .pt file, or a run folder. Where they are for other classes or channels, what is
    changed is noted (on stderr, unless `progress` shows it elsewhere), and stands with their makers' figures in
    `model.pretrained`.
    Raises UsageError for an unknown name, LeadlineError for weights that cannot be had or do not fit.
    """
    row = architecture(name)
    if weights is None:
        return build_model(name, num_classes=num_classes, in_channels=in_channels, drop_rate=drop_rate)
    from leadline.pretrained.weights import with_weights

    return with_weights(
        partial(build_model, row.name, drop_rate=drop_rate),
        weights,
        name=row.name,
        num_classes=row.num_classes if num_classes is None else num_classes,
        in_channels=row.input[0] if in_channels is None else in_channels,
        progress=progress,
    )
