"""`leadline lab`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadline.cli.options import DryRun, Json

if TYPE_CHECKING:
    from leadline.claims.claim import Finding
    from leadline.claims.programme import Planned

STYLES = {
    "holds": "green",
    "holds with a correction": "yellow",
    "does not hold": "red",
    "undecided": "yellow",
    None: "dim",
}


def lab(
    claim: Annotated[str | None, Parameter(help="One claim by its name, as listed. [default: all]")] = None,
    /,
    *,
    chapter: Annotated[str | None, Parameter(help="Only one chapter, such as vgg or resnet.")] = None,
    run: Annotated[
        bool,
        Parameter(
            name=["--run", "--all"],
            negative=(),
            help="Train what the claims need, as far as it is not trained yet: of the one claim, or of all of them.",
        ),
    ] = False,
    full: Annotated[bool, Parameter(negative=(), help="The stronger setting, which takes hours.")] = False,
    minutes: Annotated[
        float | None, Parameter(help="Train only what fits into so many minutes, the most telling first.")
    ] = None,
    data: Annotated[str | None, Parameter(help="Train the one claim's networks on these images instead.")] = None,
    out: Annotated[
        Path | None, Parameter(help="The folder with the trainings and their results. [default: runs/lab]")
    ] = None,
    dry_run: DryRun = False,
    figure: Annotated[Path | None, Parameter(help="Also draw the claim's figure, into this .svg or .png file.")] = None,
    report: Annotated[
        Path | None, Parameter(help="Also write all that was measured as one page, into this .html.")
    ] = None,
    json: Json = False,
) -> int | None:
    """Measure what a lecture says about these networks, and judge each claim: all, one chapter's, or one.

    What needs trainings was measured before, on two cores; --run measures it again, here.
    """
    from leadline.claims.known import OUT
    from leadline.cli import printing
    from leadline.cli.display import display
    from leadline.cli.early import refuse_early
    from leadline.verbs.lab import chosen_claims, plan, row
    from leadline.verbs.lab import lab as verb

    refuse_early(data=data)
    folder = out or OUT
    with display() as progress:
        if dry_run:
            chosen = chosen_claims(claim, chapter)
            _planned(plan(chosen, full=full, minutes=minutes, data=data, out=folder, timed=True, progress=progress))
            return None
        findings = verb(
            claim, chapter=chapter, figure=figure, report=report, run=run or minutes is not None, full=full,
            minutes=minutes, data=data, out=folder, progress=progress,
        )  # fmt: skip
    if json:
        printing.as_json([row(finding) for finding in findings])
        return None
    if claim is not None:
        _explain(findings[0])
    else:
        _list(findings)
    for file in (figure, report):
        if file is not None:
            print(f"\nwritten to {file}")
    return None


def _planned(experiments: list["Planned"]) -> None:
    from leadline.cli.printing import table

    table(
        "", "takes here, about", "",
        rows=[
            [one.id, f"{one.minutes:.1f} min" if one.minutes else "trained before", "" if one.fits else "left out"]
            for one in experiments
        ],
    )  # fmt: skip
    print(f"\n{sum(one.minutes for one in experiments if one.fits):.0f} minutes in all")


def _list(findings: list["Finding"]) -> None:
    """A line per claim under its chapter's name."""
    from rich.table import Table
    from rich.text import Text

    from leadline.claims.claim import MARKS
    from leadline.claims.ledger import chapter_of
    from leadline.cli.printing import console

    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_column()
    heading = ""
    for finding in findings:
        chapter = chapter_of(finding.claim)
        if chapter.title != heading:
            if heading:
                grid.add_row()
            heading = chapter.title
            grid.add_row(Text(f"{heading}{f', {chapter.year}' if chapter.year else ''}", "bold"))
        style = STYLES[finding.verdict]
        result = Text("; ".join(part.result for part in finding.parts))
        result = result or Text(f"to be trained: {finding.hypothesis}", "dim")
        name = Text.assemble((MARKS[finding.verdict], style), f" {finding.claim.id}")
        grid.add_row(name, Text(finding.words, style), result)
    console().print(grid)
    before = sum(finding.before for finding in findings)
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in MARKS}
    said = [f"{verdict or 'not run'} {count}" for verdict, count in counts.items() if count]
    print(f"\n{len(findings)} claim{'s' * (len(findings) != 1)}: {' · '.join(said)}")
    if before:
        print(f"{before} of them rest on trainings that were done before; --run does them here")


def _explain(finding: "Finding") -> None:
    """One claim with its numbers, in full."""
    from functools import partial

    from leadline.claims.claim import MARKS
    from leadline.claims.known import made_words
    from leadline.claims.ledger import chapter_of
    from leadline.cli import printing
    from leadline.wording import exactly

    claim, console = finding.claim, printing.console()
    chapter = chapter_of(claim)
    write = partial(console.print, soft_wrap=True)
    write(f"{claim.id} · {chapter.title}{f', {chapter.year}' if chapter.year else ''} · {claim.kind}", style="dim")
    write(f"“{claim.statement}”", style="bold")
    write(f"\n{MARKS[finding.verdict]} {finding.words}", style=STYLES[finding.verdict])
    for part in finding.parts:
        write(part.result)
        console.print(f"\n{part.explanation}\n", width=min(console.width, 100))
        numbers = part.numbers
        kinds = {
            "value": "measured", "low": "from", "high": "to", "formula": "by formula", "stated": "as stated",
        }  # fmt: skip
        shown = [kind for kind in kinds if any(getattr(value, kind) is not None for value in numbers.values())]
        printing.table(
            "",
            *(kinds[kind] for kind in shown),
            rows=[
                [f"{name}, {one.unit}" if one.unit else name, *(exactly(getattr(one, kind)) for kind in shown)]
                for name, one in numbers.items()
            ],
        )
        print()
    if finding.hypothesis and not finding.trained:
        write(f"to be trained: {finding.hypothesis}  leadline lab {claim.id} --run\n")
    if finding.made:
        write(
            f"{'measured before' if finding.before else 'measured'}: {made_words(finding.made)}: {finding.made.command}"
        )
    write(f"source: {claim.source}")
