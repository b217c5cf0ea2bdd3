"""`leadline check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadline.cli.options import AllowOutside, Data, Json

if TYPE_CHECKING:
    from leadline.data.audit import Audit

# Of each kind of problem so many are printed; all of them are in the JSON.
SHOWN = 3
COLOURS = {"error": "bold red", "warning": "yellow", "hint": "cyan"}


def check(
    data: Data,
    /,
    *,
    group: Annotated[
        str | None,
        Parameter(help="What names an image's patient, plate or slide: a column of the table, folder:N (1 is the "
                  "outermost folder, -1 the innermost), or a regular expression searched in each path."),
    ] = None,
    batch: Annotated[
        str | None,
        Parameter(help="What names an image's source, such as its plate, day or microscope, said as for --group: can "
                  "it be told from the pixels alone?"),
    ] = None,
    project: Annotated[
        str | None,
        Parameter(help="What a stack in depth becomes: max or mean over its planes. [default: it is refused]"),
    ] = None,
    out: Annotated[Path | None, Parameter(help="Also write everything that was found into this JSON file.")] = None,
    allow_outside: AllowOutside = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Look at every image and say what is wrong with the data; nothing is changed."""
    from leadline.cli import DONE, SOME_UNREADABLE, printing
    from leadline.cli.display import display
    from leadline.results.json_files import as_builtins
    from leadline.verbs.check import check as verb

    with display() as progress:
        found = verb(
            data, group=group, batch=batch, project=project, allow_outside=allow_outside, out=out, progress=progress
        )
    if json:
        printing.as_json(as_builtins(found))
    else:
        _show(found)
    return SOME_UNREADABLE if found.unreadable else DONE


def _show(found: "Audit") -> None:
    from functools import partial

    from rich.text import Text

    from leadline.cli.printing import console
    from leadline.data.audit.problem import KINDS
    from leadline.verbs.check import by_kind
    from leadline.wording import visible

    tell = partial(console().print, soft_wrap=True)  # so that what is to be pasted can be copied
    summary = found.summary
    of_classes = f"in {len(summary.classes)} class{'es' * (len(summary.classes) != 1)}"
    splits = ", ".join(f"{name} {count:,}" for name, count in summary.splits.items())
    tell(f"{visible(summary.data)}: {summary.images:,} images {of_classes}{splits and f' ({splits})'}")
    for severity, problems in by_kind(found):
        count = f" × {len(problems):,}" if len(problems) > 1 else ""
        tell(Text.assemble("\n", (severity, COLOURS[severity]), f"  {KINDS[problems[0].kind]}{count}"))
        for problem in problems[:SHOWN]:
            tell(f"  {visible(problem.message)}")
        if len(problems) > SHOWN:
            tell(f"  … and {len(problems) - SHOWN:,} more, all in --json and --out", style="dim")
        advice = dict.fromkeys(problem.advice for problem in problems[:SHOWN] if problem.advice)
        for line in advice:
            tell(f"  → {visible(line)}")
    batch = summary.batch
    if batch and "batch_effect" not in summary.kinds:
        tell(
            f"\n{batch.batches} batches cannot be told apart: balanced accuracy {batch.balanced_accuracy:.1%} "
            f"({batch.low:.1%} to {batch.high:.1%}), chance {batch.chance:.1%}"
        )
    counts = {"error": summary.errors, "warning": summary.warnings, "hint": summary.hints}
    words = ", ".join(f"{count:,} {name}{'s' * (count != 1)}" for name, count in counts.items())
    tell(f"\n{words}" if found.problems else "\nnothing found")
