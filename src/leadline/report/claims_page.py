"""The page of `leadline lab`: every claim of the lecture in its order, with its figure, numbers, verdict and source."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.drawing.figure import draw
from leadline.report.page import write_page

WIDE, NARROW = 656, 340  # CSS pixels; a figure stands beside its claim on a screen, below it on a phone
# What a verdict is called in the style sheet; without one, a claim has not been run.
CSS_CLASSES = {
    "holds": "holds",
    "holds with a correction": "corrected",
    "does not hold": "refuted",
    "undecided": "undecided",
    None: "not-run",
}


@dataclass(frozen=True)
class ShownNumber:
    """A measured number beside what a formula or a paper's table gives and what the claim states, as they are written.

    Empty where there is none; `as_stated` is whether the claim states what was measured.
    """

    name: str
    measured: str
    formula: str
    stated: str
    as_stated: bool
    unit: str


@dataclass(frozen=True, kw_only=True)
class ShownClaim:
    """`verdict` is None where the claim, or a part of it, has not been run; `words` and `mark` say it to people."""

    id: str
    kind: str
    statement: str
    source: str
    verdict: str | None
    words: str
    mark: str
    experiment: str
    result: str = ""
    explanation: str = ""
    numbers: Sequence[ShownNumber] = ()
    paint: Callable[[Figure], str] | None = field(default=None, repr=False)
    height: Callable[[int], int] | None = field(default=None, repr=False)

    @property
    def css_class(self) -> str:
        return CSS_CLASSES[self.verdict]

    @property
    def figure(self) -> Markup:
        """For a wide screen and for a phone, of which the style sheet shows one."""
        if self.paint is None or self.height is None:
            return Markup("")
        return Markup("").join(
            draw(self.paint, name=f"{self.id}-{kind}", width=width, height=self.height(width), css_class=kind)
            for kind, width in (("wide", WIDE), ("narrow", NARROW))
        )


@dataclass(frozen=True, kw_only=True)
class ShownChapter:
    name: str
    title: str
    year: int | None
    introduction: str
    claims: Sequence[ShownClaim]


def write_ledger_report(file: Path, chapters: Sequence[ShownChapter]) -> Path:
    """Draw the page into `file`; its path. LeadlineError where it cannot be written."""
    claims = [claim for chapter in chapters for claim in chapter.claims]
    verdicts = Counter(claim.verdict for claim in claims)
    marks = {claim.verdict: claim.mark for claim in claims}
    return write_page(
        file,
        "ledger.html",
        title="The claims, measured",
        headline=_headline(verdicts, single=len(claims) == 1),
        chapters=chapters,
        counts=[
            (marks[verdict], css_class, verdict or "not run", verdicts[verdict])
            for verdict, css_class in CSS_CLASSES.items()
            if verdicts[verdict]
        ],
        unbroken=unbroken,
    )


def _headline(verdicts: Counter[str | None], *, single: bool) -> str:
    judged = sum(count for verdict, count in verdicts.items() if verdict is not None)
    if single:
        return "One claim of the lecture, measured"
    if not judged:
        return "Claims that only training can judge"
    right = verdicts["holds"]
    held = f"{right} hold{'s' * (right == 1)} as stated"
    return f"{judged} claims measured: {held}, {judged - right} do{'es' * (judged - right == 1)} not"


def unbroken(text: str) -> str:
    """The same with no line break inside "ResNet-50", "F = 0" and "63.3 %"."""
    text = re.sub(r"-(?=\d)", "\u2060-\u2060", text)
    return re.sub(r" (?=%)| (?== )|(?<==) ", "\u00a0", text)
