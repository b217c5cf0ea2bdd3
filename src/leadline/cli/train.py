"""`leadline train`."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Data, DryRun, Json, Out, Settings, given, refuse_beside_resume
from leadline.cli.processes import refuse_beside_torchrun, told_once


def train(
    data: Data | None = None,
    *,
    model: Annotated[str | None, Parameter(help="The network; `leadline models` lists them.")] = None,
    weights: Annotated[
        str | None,
        Parameter(
            help="Trained weights to begin with: imagenet (torchvision's), imagenet:TAG, hf:OWNER/NAME on the Hugging "
            "Face hub, a .safetensors, .pth or .pt file, or the folder of another run (whose network --model then is)."
        ),
    ] = None,
    tune: Annotated[
        str | None,
        Parameter(
            help="What of a network with weights is trained: all; head (the last layer alone, on features that are "
            "computed once: seconds); gradual (the last layer first, then what precedes it, stage after stage). "
            "[default: all]"
        ),
    ] = None,
    out: Out = None,
    settings: Settings | None = None,
    resume: Annotated[
        Path | None, Parameter(help="A run that was interrupted; goes on with its own settings and data.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Train one network on labelled images, and judge it."""
    refuse_early(models=[model] if model else [], data=data)
    if dry_run:
        refuse_beside_torchrun("--dry-run")
    from leadline.cli import show
    from leadline.cli.display import display
    from leadline.training.loop import Interrupted
    from leadline.verbs import train as verb

    chosen: dict[str, Any] = {"model": model, "weights": weights, "tune": tune, **given(settings)}
    with display() as progress:
        try:
            if resume is not None:
                refuse_beside_resume(data=data, out=out, dry_run=dry_run or None, **chosen)
                finished = verb.resume(resume, progress=progress)
            elif dry_run:
                plan, _ = verb.plan_training(data, timed=True, progress=progress, **chosen)
                return show.plan(plan, json=json)
            else:
                finished = verb.train(data, out=out, progress=progress, **chosen)
        except Interrupted as interrupt:
            raise Interrupted(f"interrupted; go on with: leadline train --resume {interrupt}") from None
    return told_once(lambda: show.run(finished, json=json))
