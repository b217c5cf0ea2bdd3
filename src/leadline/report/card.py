"""MODEL_CARD.md: what a reader of a paper needs to know of a run, or of a comparison, and a paragraph to paste."""

from pathlib import Path

from leadline.report.answer import answer_words, standings_of
from leadline.report.citations import LITERATURE
from leadline.report.compared import compared_in
from leadline.report.facts import facts_of
from leadline.report.markdown import write
from leadline.report.methods import comparison_methods, run_methods, word_context
from leadline.report.page import template

NAME = "MODEL_CARD.md"


def write_model_card(run: Path) -> Path:
    """Write MODEL_CARD.md into a run folder; its path. Raises LeadlineError where `run` is no folder."""
    facts = facts_of(run)
    text = template("model_card.md.j2").render(
        facts=facts, literature=LITERATURE, methods=run_methods(facts), cite=None, **word_context()
    )
    return write(run / NAME, text)


def write_comparison_card(folder: Path) -> Path:
    """Write MODEL_CARD.md above the runs of a comparison; its path.

    Raises LeadlineError where there is no comparison.json.
    """
    compared = compared_in(folder)
    text = template("comparison_card.md.j2").render(
        compared=compared,
        answer_words=answer_words(compared.result),
        standings=standings_of(compared.result),
        methods=comparison_methods(compared),
    )
    return write(folder / NAME, text)
