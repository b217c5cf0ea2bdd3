"""`leadline bench`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Json


def bench(
    run: Annotated[Path | None, Parameter(help="The run folder of a trained classifier.")] = None,
    /,
    *,
    model: Annotated[str | None, Parameter(help="A network instead, with random weights (leadline models).")] = None,
    size: Annotated[int | None, Parameter(help="Pixels of its images. [default: the paper's]")] = None,
    json: Json = False,
) -> int:
    """How fast does a network predict and train here, with each engine that is installed?"""
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
