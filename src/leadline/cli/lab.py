"""`leadline lab`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadline.cli.options import Json

if TYPE_CHECKING:
    from leadline.claims.claim import Finding

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
    figure: Annotated[Path | None, Parameter(help="Also draw the claim's figure, into this .svg or .png file.")] = None,
    report: Annotated[
        Path | None, Parameter(help="Also write all that was measured as one page, into this .html.")
    ] = None,
    json: Json = False,
) -> int | None:
    """Measure what a lecture says about these networks, and judge each claim: all, one chapter's, or one."""
    from leadline.cli import printing
    from leadline.cli.display import display
    from leadline.verbs.lab import lab as verb
    from leadline.verbs.lab import row

    with display() as progress:
        findings = verb(claim, chapter=chapter, figure=figure, report=report, progress=progress)
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
        measured = Text(finding.measurement.result) if finding.measurement else Text()
        result = measured or Text(f"to be trained: {finding.claim.experiment}", "dim")
        name = Text.assemble((MARKS[finding.verdict], style), f" {finding.claim.id}")
        grid.add_row(name, Text(finding.words, style), result)
    console().print(grid)
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in MARKS}
    said = [f"{verdict or 'not run'} {count}" for verdict, count in counts.items() if count]
    print(f"\n{len(findings)} claim{'s' * (len(findings) != 1)}: {' · '.join(said)}")


def _explain(finding: "Finding") -> None:
    """One claim with its numbers, in full."""
    from functools import partial

    from leadline.claims.claim import MARKS
    from leadline.claims.ledger import chapter_of
    from leadline.cli import printing
    from leadline.wording import exactly

    claim, console = finding.claim, printing.console()
    chapter = chapter_of(claim)
    write = partial(console.print, soft_wrap=True)
    write(f"{claim.id} · {chapter.title}{f', {chapter.year}' if chapter.year else ''} · {claim.kind}", style="dim")
    write(f"“{claim.statement}”", style="bold")
    write(f"\n{MARKS[finding.verdict]} {finding.words}", style=STYLES[finding.verdict])
    if finding.measurement:
        write(finding.measurement.result)
        console.print(f"\n{finding.measurement.explanation}\n", width=min(console.width, 100))
        numbers = finding.measurement.numbers
        kinds = {"value": "measured", "formula": "by formula", "stated": "as stated"}
        shown = [kind for kind in kinds if any(getattr(value, kind) is not None for value in numbers.values())]
        printing.table(
            "",
            *(kinds[kind] for kind in shown),
            rows=[
                [f"{name}, {one.unit}" if one.unit else name, *(exactly(getattr(one, kind)) for kind in shown)]
                for name, one in numbers.items()
            ],
        )
    if claim.experiment:
        write(f"\nto be trained: {claim.experiment}")
    write(f"\nsource: {claim.source}")
