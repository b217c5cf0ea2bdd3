"""Paragraphs for the methods section of a paper, from a run or a comparison (templates/*methods.txt.j2)."""

import re
from dataclasses import dataclass
from typing import Any

from leadline.data.augment.strong import DEGREES, SCALE
from leadline.report.answer import answer_words
from leadline.report.citations import References, papers_of
from leadline.report.compared import Compared
from leadline.report.facts import MEASURES, Facts
from leadline.report.page import template


@dataclass(frozen=True)
class Methods:
    """The paragraph, and the literature that its marks stand for, in their order."""

    paragraph: str
    references: tuple[str, ...]


def run_methods(facts: Facts) -> Methods:
    """The paragraph of one run; what is not known is left out, or said to be not known."""
    papers = papers_of(facts.about) if facts.about else ()
    return _rendered("methods.txt.j2", facts.version, facts=facts, papers=papers)


def comparison_methods(compared: Compared) -> Methods:
    """The paragraph of a comparison: candidates, rounds, rule and margin, and the answer in its own words."""
    words = answer_words(compared.result)
    return _rendered(
        "comparison_methods.txt.j2", compared.version, compared=compared, answer_words=words, papers_of=papers_of
    )


def word_context() -> dict[str, object]:
    """What the sentences of words.j2 need besides the facts."""
    return {"measures": MEASURES, "strong_degrees": DEGREES, "strong_scale": SCALE}


def _rendered(name: str, version: str, **shown: Any) -> Methods:
    references = References(version)
    text = template(name).render(cite=references.cite, **word_context(), **shown)
    return Methods(re.sub(r"[ \n]+", " ", text).strip(), references.lines)
