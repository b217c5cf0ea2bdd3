"""The page of `leadline lab`: every claim of the lecture in its order, with its figure, numbers, verdict and source."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from leadline.claims.claim import MARKS, Finding, Verdict
from leadline.claims.known import made_words
from leadline.claims.ledger import CHAPTERS
from leadline.drawing.figure import draw
from leadline.drawing.sheet import Drawing
from leadline.report import page
from leadline.wording import exactly

WIDE, NARROW = 656, 340  # CSS pixels; a figure stands beside its claim on a screen, below it on a phone
# What a verdict is called in the style sheet; without one, a claim has not been run.
CSS_CLASSES: dict[Verdict | None, str] = {
    "holds": "holds",
    "holds with a correction": "corrected",
    "does not hold": "refuted",
    "undecided": "undecided",
    None: "not-run",
}


def write_page(findings: Sequence[Finding], file: Path) -> Path:
    """One page of what was found, in the order of the lecture; its path. LeadlineError where it cannot be written."""
    of_chapters = [
        (chapter, [finding for finding in findings if finding.claim in chapter.claims]) for chapter in CHAPTERS
    ]
    verdicts = Counter(finding.verdict for finding in findings)
    return page.write_page(
        file,
        "claims.html",
        title="The claims, measured",
        headline=_headline(verdicts, single=len(findings) == 1),
        chapters=[(chapter, shown) for chapter, shown in of_chapters if shown],
        counts=[
            (MARKS[verdict], css_class, verdict or "not run", verdicts[verdict])
            for verdict, css_class in CSS_CLASSES.items()
            if verdicts[verdict]
        ],
        marks=MARKS,
        css_classes=CSS_CLASSES,
        figure=figure,
        exactly=exactly,
        unbroken=unbroken,
        made_words=made_words,
        counted=_counted(findings),
    )


def figure(claim: str, number: int, drawing: Drawing) -> Markup:
    """For a wide screen and for a phone, of which the style sheet shows one."""
    return Markup("").join(
        draw(drawing.paint, name=f"{claim}-{number}-{kind}", width=width, height=drawing.height(width), css_class=kind)
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    )


def _counted(findings: Sequence[Finding]) -> dict[str, int]:
    """How many were computed, and how many trained: before, which came along, and here."""
    return {
        "computed": sum(finding.verdict is not None and not finding.made for finding in findings),
        "before": sum(finding.before for finding in findings),
        "here": sum(finding.made is not None and not finding.before for finding in findings),
    }


def _headline(verdicts: Counter[Verdict | None], *, single: bool) -> str:
    judged = sum(count for verdict, count in verdicts.items() if verdict is not None)
    if single:
        return "One claim of the lecture, measured"
    if not judged:
        return "Claims that only training can judge"
    right, unclear = verdicts["holds"], verdicts["undecided"]
    wrong = judged - right - unclear
    held = f"{right} hold{'s' * (right == 1)} as stated"
    undecided = f", {unclear} undecided" if unclear else ""
    return f"{judged} claims measured: {held}, {wrong} do{'es' * (wrong == 1)} not{undecided}"


def unbroken(text: str) -> str:
    """The same with no line break inside "ResNet-50", "F = 0" and "63.3 %"."""
    text = re.sub(r"-(?=\d)", "\u2060-\u2060", text)
    return re.sub(r" (?=%)| (?== )|(?<==) ", "\u00a0", text)
