"""`leadline compare`."""

import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Data, DryRun, Json, Out, Settings, given, refuse_beside_resume
from leadline.cli.processes import refuse_beside_torchrun, told_once


def compare(
    data: Data | None = None,
    *,
    models: Annotated[str | None, Parameter(help="The networks, with commas between them.")] = None,
    lineup: Annotated[
        str | None,
        Parameter(
            help="families (one network of each), depth (one family, deeper and deeper), or a family's name. "
            "[default: families]"
        ),
    ] = None,
    weights: Annotated[
        str | None,
        Parameter(
            help="Pretrained networks to compare with, of which only the last layer is trained: folders of runs, "
            "NETWORK=WEIGHTS (resnet18=imagenet), or imagenet for one network of each family; commas between them."
        ),
    ] = None,
    seeds: Annotated[
        int | None, Parameter(help="Trainings per network, each from another initialisation. [default: 1]")
    ] = None,
    margin: Annotated[
        float | None,
        Parameter(help="The loss of accuracy that a cheaper network may cost. [default: 0.01, one point]"),
    ] = None,
    learning_curve: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Would more images help? Train the network that is named on a half, a quarter and an eighth of the "
            "images, too.",
        ),
    ] = False,
    tests: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Add McNemar's exact test of every pair, Holm-corrected; the answer does not "
            "rest on it. With --resume also to a finished comparison.",
        ),
    ] = False,
    out: Out = None,
    settings: Settings | None = None,
    resume: Annotated[
        Path | None,
        Parameter(
            help="A comparison that was interrupted goes on where it was; with --minutes, a finished one gets another "
            "final of as many."
        ),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Which network, and how deep, do my images need?"""
    started = time.perf_counter()
    named = [name.strip() for name in models.split(",")] if models else None
    refuse_early(models=named or [], data=data)
    if dry_run:
        refuse_beside_torchrun("--dry-run")
    from leadline.cli import show
    from leadline.cli.display import display
    from leadline.errors import UsageError
    from leadline.training.loop import Interrupted
    from leadline.verbs import compare as verb

    asked = {
        "models": named,
        "lineup": lineup,
        "weights": [name.strip() for name in weights.split(",")] if weights else None,
        "seeds": seeds,
        "margin": margin,
        "learning_curve": learning_curve or None,
    }
    chosen: dict[str, Any] = {name: value for name, value in {**asked, **given(settings)}.items() if value is not None}
    with display() as progress:
        try:
            if resume is not None:
                minutes = chosen.pop("minutes", None)
                refuse_beside_resume(data=data, out=out, dry_run=dry_run or None, **chosen)
                finished = verb.resume_comparison(
                    resume, minutes=minutes, tests=tests, started=started, progress=progress
                )
            elif data is None:
                raise UsageError("no data: name a folder, a table or a built-in data set")
            elif dry_run:
                plan = verb.plan_comparison(data, progress=progress, **chosen)
                return show.plan(plan, json=json)
            else:
                finished = verb.compare(data, out=out, tests=tests, started=started, progress=progress, **chosen)
        except Interrupted as interrupt:
            raise Interrupted(f"interrupted; go on with: leadline compare --resume {interrupt}") from None
    return told_once(lambda: show.comparison(finished, json=json))
