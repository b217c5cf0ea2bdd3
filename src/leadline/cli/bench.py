"""`leadline bench`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Json
from leadline.errors import UsageError


def bench(
    run: Annotated[Path | None, Parameter(help="The run folder of a trained classifier.")] = None,
    /,
    *,
    model: Annotated[str | None, Parameter(help="A network instead, with random weights (leadline models).")] = None,
    size: Annotated[int | None, Parameter(help="Pixels of its images. [default: the paper's]")] = None,
    plan: Annotated[
        bool,
        Parameter(
            negative=(),
            help="What ResNet-50 on ImageNet and 100 million predictions would cost here, and on 8 and 64 GPUs.",
        ),
    ] = False,
    json: Json = False,
) -> int:
    """How fast does a network predict and train here, with each engine that is installed?"""
    if plan:
        if run is not None or model is not None or size is not None:
            raise UsageError("--plan: is of ResNet-50 at 224 pixels, so leave out the run, --model and --size")
        return _plan(json=json)
    refuse_early(run=run, models=[model] if model else [])
    import msgspec

    from leadline.cli import DONE, printing
    from leadline.cli.display import display
    from leadline.verbs.bench import bench as verb
    from leadline.wording import count, percent

    with display() as progress:
        found = verb(run, model=model, size=size, progress=progress)
    if json:
        printing.as_json(msgspec.to_builtins(found))
        return DONE
    machine = found.environment.hardware
    printing.table(
        "", "engine", "precision", "images/s", "× PyTorch fp32", "of the peak",
        rows=[
            [one.does, one.engine, one.precision, *([one.problem, "", ""] if one.problem else [
                f"{one.images_per_second:,.0f}" if one.images_per_second >= 10 else f"{one.images_per_second:.2g}",
                f"{one.ratio:.2f}", percent(one.share_of_peak, 0)])]
            for one in found.speeds
        ],
        title=f"{found.network}, {found.channels} × {found.size} × {found.size}, {count(found.multiply_adds)} "
        "multiply-adds",
    )  # fmt: skip
    peaks = ", ".join(f"{count(value)} multiply-adds/s in {precision}" for precision, value in found.peak.items())
    print(f"peak: {peaks}, of a large matrix product; {machine.processor}, {machine.threads} threads")
    return DONE


def _plan(*, json: bool) -> int:
    import msgspec

    from leadline.cli import DONE, printing
    from leadline.cli.display import display
    from leadline.verbs.bench import plan
    from leadline.wording import count, duration, size

    with display() as progress:
        found = plan(progress=progress)
    if json:
        printing.as_json(msgspec.to_builtins(found))
        return DONE
    tasks = {
        "training": f"{found.epochs} epochs of {found.network} on {count(found.images)} images",
        "prediction": f"{count(found.predictions)} predictions",
    }
    printing.table(
        "", "where", "images/s", "time", "GPU hours", "besides",
        rows=[
            [
                tasks[one.task], f"{one.gpus} GPUs" if one.gpus else "this machine",
                f"{one.images_per_second:,.0f}" if one.images_per_second >= 10 else f"{one.images_per_second:.2g}",
                duration(one.seconds), "" if one.gpu_hours is None else f"{one.gpu_hours:,.0f}",
                f"{size(one.disk_bytes)} of disk" if one.disk_bytes
                else f"{one.decoding_cores:,.0f} cores that decode" if one.decoding_cores else "",
            ]
            for one in found.costs
        ],
        title="This machine is measured, GPUs are assumed",
    )  # fmt: skip
    rates, machine = found.rates, found.environment.hardware
    print(
        f"measured: {rates.training:.3g} images/s trained, {rates.prediction:.3g} predicted, {rates.decoding:.3g} "
        f"decoded; {machine.processor}, {rates.cores} cores"
    )
    for one in found.assumptions:
        print(f"assumed: {one.value:,.5g} {one.meaning} ({one.source})")
    return DONE
