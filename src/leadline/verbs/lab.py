"""The textbook's claims, measured."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadline.claims.claim import Claim, Finding
from leadline.claims.experiment import EXPERIMENTS
from leadline.claims.known import OUT, known, needs_training, with_training
from leadline.claims.ledger import CLAIMS, chapter_named, chapter_of, claim_named
from leadline.claims.page import write_page
from leadline.claims.programme import Planned, pace, programme
from leadline.claims.trials import carry_out, images_of, working_size
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
    run: bool = False,
    full: bool = False,
    minutes: float | None = None,
    data: str | None = None,
    out: str | Path = OUT,
    progress: Progress | None = None,
) -> list[Finding]:
    """Measure the claims of the lecture, or of one chapter, or the one that is named: a finding for each, in its order.

    What needs trainings comes from the folder `out`, or else from the ledger that Leadline brings along. With `run` it
    is trained, into `out`, as far as that was not done before: in the small setting or the `full` one, on the
    experiment's own images or on `data`, all of it or what fits into so many `minutes`. `figure` (.svg or .png) takes
    the figure of the one claim, `report` (.html) a page of all. UsageError names the nearest claim or chapter to an
    unknown one.
    """
    chosen = chosen_claims(claim, chapter)
    if figure is not None and claim is None:
        raise UsageError("a figure is of one claim; name it, as in: leadline lab stacked-3x3 --figure stacked.svg")
    for file, kinds, option in ((figure, (".svg", ".png"), "--figure"), (report, (".html",), "--report")):
        if file is not None and Path(file).suffix.lower() not in kinds:
            raise UsageError(f"{file}: is written as {' or '.join(kinds)}; give it a name that ends so")
        if file is not None:  # before anything is measured, so that nobody waits in vain
            check_output(file, ours=says_leadline, kind=option.removeprefix("--"), option=option)
    if data is not None and (claim is None or chosen[0].id not in EXPERIMENTS or EXPERIMENTS[chosen[0].id].toy):
        raise UsageError(f"--data {data}: is for one claim with trainings on images, as in: leadline lab going-deeper")
    setting, out = "full" if full else "small", Path(out)
    progress = progress or Progress()
    if run:
        for one in plan(chosen, full=full, minutes=minutes, data=data, out=out, progress=progress):
            if one.fits:
                carry_out(EXPERIMENTS[one.id], setting, out, data=data, progress=progress)
            else:
                progress.note(f"{one.id}: left out, it takes about {one.minutes:.0f} minutes")
    findings = []
    if len(chosen) == 1:
        progress = Progress()
    with progress.task("lab", len(chosen)):
        for each in chosen:
            result, before = (
                known(each.id, out, setting=setting, data=data) if each.id in EXPERIMENTS else (None, False)
            )
            findings.append(with_training(each.run(), result, before=before))
            progress.advance()
    if figure is not None:
        _draw(findings[0], Path(figure))
    if report is not None:
        write_page(findings, Path(report))
    return findings


def plan(
    claims: Sequence[Claim],
    *,
    full: bool = False,
    minutes: float | None = None,
    data: str | None = None,
    out: str | Path = OUT,
    timed: bool = False,
    progress: Progress | None = None,
) -> list[Planned]:
    """What of `claims` would be trained, the most telling first, within so many `minutes` where they are given.

    With them, and where `timed`, this machine's speed is measured first.
    """
    wanted = [one.id for one in claims if one.id in EXPERIMENTS and (needs_training(one) or len(claims) == 1)]
    if not wanted:
        raise UsageError("nothing to train: these claims are computed; leave out --run")
    setting = "full" if full else "small"
    done = []
    for name in wanted:
        result, before = known(name, Path(out), setting=setting, data=data)
        seeds = {training.seed for training in result.trainings} if result and not before else set()
        if len(seeds) == EXPERIMENTS[name].setting(setting).seeds:
            done.append(name)
    slower = 1.0
    if minutes is not None or timed:
        (progress or Progress()).note("measuring how fast this machine trains")
        slower = pace()
        if data is not None:
            own = EXPERIMENTS[wanted[0]].setting(setting)
            slower *= (working_size(images_of(data, Path(out), progress or Progress()), own) / own.size) ** 2
    return programme(wanted, setting=setting, minutes=minutes, done=done, pace=slower)


def chosen_claims(claim: str | None, chapter: str | None) -> list[Claim]:
    if claim is not None and chapter is not None:
        raise UsageError("name a claim or a chapter, not both")
    if claim is not None:
        return [claim_named(claim)]
    return list(chapter_named(chapter).claims if chapter is not None else CLAIMS.values())


def row(finding: Finding) -> dict[str, Any]:
    """A finding as programs get it; `verdict` is None where the claim, or a part of it, has not been run.

    `measured_at` is when: now, of what was computed; `machine`, `revision` and `command` are those of trainings.
    """
    claim, made = finding.claim, finding.made
    now = datetime.now(UTC).isoformat(timespec="seconds") if finding.measurement else None
    return {
        "id": claim.id,
        "chapter": chapter_of(claim).name,
        "kind": claim.kind,
        "statement": claim.statement,
        "measured": finding.measured,
        "verdict": finding.verdict,
        "source": claim.source,
        "measured_at": made.time if made else now,
        "machine": made.machine if made else None,
        "revision": made.revision if made else None,
        "command": made.command if made else None,
    }


def _draw(finding: Finding, file: Path) -> None:
    if not finding.parts:
        raise LeadlineError(
            f"{finding.claim.id}: has no figure yet; it needs trainings: leadline lab {finding.claim.id} --run"
        )
    drawing = finding.parts[0].drawing
    save(drawing.paint, file, width=FIGURE_WIDTH, height=drawing.height(FIGURE_WIDTH))
