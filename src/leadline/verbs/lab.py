"""The textbook's claims, measured."""

from pathlib import Path
from typing import Any

from leadline.claims.claim import Finding
from leadline.claims.ledger import CLAIMS, chapter_named, chapter_of, claim_named
from leadline.claims.page import write_page
from leadline.data.outputs import check_output, says_leadline
from leadline.drawing.figure import save
from leadline.errors import LeadlineError, UsageError
from leadline.progress import Progress

FIGURE_WIDTH = 656  # CSS pixels


def lab(
    claim: str | None = None,
    *,
    chapter: str | None = None,
    figure: str | Path | None = None,
    report: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Measure the claims of the lecture, or of one chapter, or the one that is named: a finding for each, in its order.

    Claims that need trainings come back without a verdict. `figure` (.svg or .png) takes the figure of the one claim,
    `report` (.html) a page of all that were measured. UsageError names the nearest claim or chapter to an unknown one.
    """
    if claim is not None and chapter is not None:
        raise UsageError("name a claim or a chapter, not both")
    if figure is not None and claim is None:
        raise UsageError("a figure is of one claim; name it, as in: leadline lab stacked-3x3 --figure stacked.svg")
    for file, kinds, option in ((figure, (".svg", ".png"), "--figure"), (report, (".html",), "--report")):
        if file is not None and Path(file).suffix.lower() not in kinds:
            raise UsageError(f"{file}: is written as {' or '.join(kinds)}; give it a name that ends so")
        if file is not None:  # before anything is measured, so that nobody waits in vain
            check_output(file, ours=says_leadline, kind=option.removeprefix("--"), option=option)
    if claim is not None:
        chosen = [claim_named(claim)]
    else:
        chosen = list(chapter_named(chapter).claims if chapter is not None else CLAIMS.values())
    if figure is not None and chosen[0].measure is None:
        raise LeadlineError(f"{chosen[0].id}: has no figure yet; it needs trainings, which are not run")
    progress = progress if progress and len(chosen) > 1 else Progress()
    findings = []
    with progress.task("lab", len(chosen)):
        for one in chosen:
            findings.append(one.run())
            progress.advance()
    if figure is not None:
        _draw(findings[0], Path(figure))
    if report is not None:
        write_page(findings, Path(report))
    return findings


def row(finding: Finding) -> dict[str, Any]:
    """A finding as programs get it; `verdict` is None where the claim, or a part of it, has not been run."""
    claim = finding.claim
    return {
        "id": claim.id,
        "chapter": chapter_of(claim).name,
        "kind": claim.kind,
        "statement": claim.statement,
        "measured": finding.measured,
        "verdict": finding.verdict,
        "source": claim.source,
    }


def _draw(finding: Finding, file: Path) -> None:
    assert finding.measurement is not None
    drawing = finding.measurement.drawing
    save(drawing.paint, file, width=FIGURE_WIDTH, height=drawing.height(FIGURE_WIDTH))
