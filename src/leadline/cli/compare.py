"""`leadline compare`."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Data, DryRun, Json, Out, Settings, given, refuse_beside_resume


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
            help="Would more images help? Train the network of the verdict on a half, a quarter and an eighth of the "
            "images, too.",
        ),
    ] = False,
    tests: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Add McNemar's exact test of every pair, Holm-corrected, on the test images; the verdict does not "
            "rest on it. With --resume also to a finished comparison.",
        ),
    ] = False,
    out: Out = None,
    settings: Settings | None = None,
    resume: Annotated[Path | None, Parameter(help="A comparison that was interrupted; goes on where it was.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> int:
    """Train several networks on one split with one recipe, and say which one earns its depth."""
    refuse_early(models=[name.strip() for name in models.split(",")] if models else [], data=data)
    from leadline.cli import show
    from leadline.cli.progress import watch
    from leadline.errors import UsageError
    from leadline.training.loop import Interrupted
    from leadline.verbs import compare as verb

    watching = watch()
    named = [name.strip() for name in models.split(",")] if models else None
    begun = [name.strip() for name in weights.split(",")] if weights else None
    asked = {
        "models": named, "lineup": lineup, "weights": begun, "seeds": seeds, "margin": margin,
        "learning_curve": learning_curve or None,
    }  # fmt: skip
    chosen: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    try:
        if resume is not None:
            refuse_beside_resume(data=data, out=out, dry_run=dry_run or None, **asked, **given(settings))
            return show.comparison(verb.resume_comparison(resume, tests=tests, watch=watching), json=json)
        if data is None:
            raise UsageError("no data: name a folder, a table or a built-in data set")
        if dry_run:
            plan = verb.plan_comparison(data, timed=True, watch=watching, **chosen, **given(settings))
            return show.plan(plan, json=json, margin=margin or verb.MARGIN)
        compared = verb.compare(data, out=out, tests=tests, watch=watching, **chosen, **given(settings))
        return show.comparison(compared, json=json)
    except Interrupted as interrupt:
        folder = Path(str(interrupt)).parent
        raise Interrupted(f"interrupted; go on with: leadline compare --resume {folder}") from None
