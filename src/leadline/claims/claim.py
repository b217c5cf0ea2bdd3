"""A claim: what is said and where, how it is measured, and the rule that judges what was measured."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import msgspec
import torch

from leadline.drawing.sheet import Drawing
from leadline.results.lab_result import Made

Verdict = Literal["holds", "holds with a correction", "does not hold", "undecided"]
# "exact" is computed from the networks, "measured" also on this machine, "trained" needs trainings; "published table"
# and "source check" compare what is said with what the papers print.
Kind = Literal[
    "exact",
    "exact + measured",
    "exact + trained",
    "measured",
    "trained",
    "published table",
    "published table + trained",
    "source check",
]
Value = int | float
MARKS: dict[Verdict | None, str] = {
    "holds": "✓",
    "holds with a correction": "≈",
    "does not hold": "✗",
    "undecided": "?",
    None: "○",
}


@dataclass(frozen=True)
class Number:
    """One measured quantity; beside it what a closed formula or a paper's table gives, and what the claim states.

    Of trainings it is a mean over seeds, and `low` and `high` are the ends of its 95 % interval.
    """

    value: Value
    formula: Value | None = None
    stated: Value | None = None
    unit: str = ""
    low: Value | None = None
    high: Value | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the formula says the same, where there is one."""
        return self.formula is None or _same(self.value, self.formula)

    @property
    def as_stated(self) -> bool:
        """Whether the claim says the same, where it names a number."""
        return self.stated is None or _same(self.value, self.stated)


Numbers = Mapping[str, Number]


def _same(one: Value, other: Value) -> bool:
    """Counts to the last digit, shares and sizes as far as floating point goes."""
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    return math.isclose(one, other, rel_tol=1e-9)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """`result` says in a few words what came out, `explanation` in a paragraph what it means.

    Of what is computed both stand beside the claim (claims.toml); `words` are what is filled in there.
    """

    numbers: Numbers
    words: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    explanation: str = ""
    drawing: Drawing


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`measure` computes what can be computed, and `rule` judges its numbers and nothing else.

    What only trainings can tell is judged by an experiment of the same id (experiments.toml). Where a part can be
    computed (`kind` ends in "+ trained"), `rule` judges that part, and the claim has no verdict before it is trained.
    """

    id: str
    kind: Kind
    statement: str
    source: str
    measure: Callable[[], Measurement] | None = None
    rule: Callable[[Numbers], Verdict] | None = None
    result: str = ""
    explanation: str = ""

    def run(self) -> "Finding":
        """Measure and judge. Draws from a random state of its own, so that the same torch gives the same numbers."""
        if self.measure is None or self.rule is None:
            return Finding(claim=self)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            measurement = self.measure()
        judged = self.rule(measurement.numbers)
        measurement = replace(
            measurement,
            result=self.result.format(**measurement.words),
            explanation=self.explanation.format(**measurement.words),
        )
        whole = not self.kind.endswith("trained")
        return Finding(claim=self, measurement=measurement, judged=judged, verdict=judged if whole else None)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a claim: `judged` is the verdict on what was computed, `verdict` the one on the whole claim.

    `trained` is what trainings came to, `made` where and when, and `hypothesis` what they put to the test.
    """

    claim: Claim
    measurement: Measurement | None = None
    judged: Verdict | None = None
    verdict: Verdict | None = None
    hypothesis: str = ""
    trained: Measurement | None = None
    made: Made | None = None
    before: bool = False  # whether it comes from the ledger that Leadline brings along

    @property
    def words(self) -> str:
        """The verdict as it is written; where there is none, what there is."""
        if self.verdict is None and self.judged is not None:
            return f"not run; the computed part {self.judged}"
        return self.verdict or "not run"

    @property
    def parts(self) -> list[Measurement]:
        """What was trained, and what was computed."""
        return [part for part in (self.trained, self.measurement) if part]

    @property
    def measured(self) -> dict[str, dict[str, Value | str | None]]:
        """Each number by its plain name: `value`, `formula`, `stated` (null where there is none) and `unit`; of
        trainings also `low` and `high`."""
        return {
            name: {
                field: value
                for field, value in asdict(number).items()
                if value is not None or field not in ("low", "high")
            }
            for part in self.parts
            for name, number in part.numbers.items()
        }


def both(judged: Verdict | None, trained: Verdict | None) -> Verdict | None:
    """Of a claim of which one part was computed and the other trained."""
    if judged is None or trained is None or judged == trained:
        return judged or trained
    return "undecided" if "undecided" in (judged, trained) else "holds with a correction"


class Chapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The claims of one part of the lecture, in its order."""

    name: str
    title: str
    introduction: str
    claims: tuple[Claim, ...]
    year: int | None = None


def judge(*, stated: bool, amended: bool) -> Verdict:
    """Of two conditions: that the claim is true as it stands, and that it is true once put right."""
    if stated:
        return "holds"
    return "holds with a correction" if amended else "does not hold"


def all_confirmed(numbers: Numbers, names: Iterable[str] | None = None) -> bool:
    """Whether all of them (or those named) are what their formulas say."""
    return all(numbers[name].confirmed for name in (numbers if names is None else names))


def all_as_stated(numbers: Numbers) -> bool:
    """Whether all of them are what the claim says."""
    return all(number.as_stated for number in numbers.values())


def as_computed(numbers: Numbers) -> Verdict:
    """The rule of most claims: what was measured is what the formula gives and what is stated, each to the last digit.

    A statement that only names other numbers than were measured and confirmed can be put right.
    """
    confirmed = all_confirmed(numbers)
    return judge(stated=confirmed and all_as_stated(numbers), amended=confirmed)
