"""The page of `leadline lab`: every claim of the lecture in its order, with its figure, numbers, verdict and source."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from leadline.report.figure import draw
from leadline.report.page import write_page

WIDE, NARROW = 656, 340  # CSS pixels; a figure stands beside its claim on a screen, below it on a phone
# How a verdict is written small, and what it is called in the style sheet.
MARKS = {
    "holds": ("✓", "holds"),
    "holds with a correction": ("≈", "corrected"),
    "does not hold": ("✗", "refuted"),
    "undecided": ("?", "undecided"),
    None: ("○", "not-run"),
}
NOT_RUN = "not run"


@dataclass(frozen=True)
class ShownNumber:
    """A measured number beside what a formula or a paper's table gives, and what the claim states."""

    name: str
    value: float
    formula: float | None
    stated: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class ShownClaim:
    """`verdict` is the whole claim's, None before its trainings were run, `computed` that of what was computed."""

    id: str
    kind: str
    statement: str
    source: str
    verdict: str | None
    computed: str | None
    experiment: str
    result: str = ""
    explanation: str = ""
    numbers: Sequence[ShownNumber] = ()
    paint: Callable[[Figure], str] | None = field(default=None, repr=False)
    height: Callable[[int], int] | None = field(default=None, repr=False)

    @property
    def mark(self) -> str:
        return MARKS[self.verdict][0]

    @property
    def css_class(self) -> str:
        return MARKS[self.verdict][1]

    @property
    def words(self) -> str:
        """The verdict as it is written."""
        if self.verdict is None and self.computed is not None:
            return f"computed part {self.computed}, training not run"
        return self.verdict or NOT_RUN

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
    return write_page(
        file,
        "ledger.html",
        title="The claims, measured",
        headline=_headline(verdicts, single=len(claims) == 1),
        chapters=chapters,
        counts=[
            (mark, css, verdict or NOT_RUN, verdicts[verdict])
            for verdict, (mark, css) in MARKS.items()
            if verdicts[verdict]
        ],
        number=number,
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


def number(value: float | None) -> str:
    """As exactly as it is known, with thousands apart."""
    if value is None:
        return ""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"


def unbroken(text: str) -> str:
    """The same with no line break inside "ResNet-50", "F = 0" and "63.3 %"."""
    text = re.sub(r"-(?=\d)", "\u2060-\u2060", text)
    return re.sub(r" (?=%)| (?== )|(?<==) ", "\u00a0", text)
