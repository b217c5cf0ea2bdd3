"""MODEL_CARD.md: what a reader of a paper needs to know of a run, or of a comparison, and a paragraph to paste."""

from pathlib import Path

from leadline.report.citations import LITERATURE
from leadline.report.dome import dome
from leadline.report.facts import NOT_KNOWN, facts_of
from leadline.report.markdown import escaped, write
from leadline.report.methods import Methods, run_methods

NAME = "MODEL_CARD.md"


def write_model_card(run: Path) -> Path:
    """Write MODEL_CARD.md into a run folder; its path. Raises LeadlineError where `run` is no folder."""
    facts = facts_of(run)
    data = Path(facts.recipe["data"]).name if facts.recipe.get("data") else f"data that are {NOT_KNOWN}"
    parts = [
        f"# Model card: {escaped(facts.network.name)} on {escaped(data)}",
        f"Written by Leadline {facts.version} from the tables in this folder, along the DOME recommendations for "
        f"machine learning in biology. Every figure is the run’s own; what is “{NOT_KNOWN}” to it, its authors can "
        f"fill in. The recommendations: {LITERATURE['DOME']}",
        *("\n\n".join([f"## {part}", *blocks]) for part, blocks in dome(facts).items()),
        methods_part(run_methods(facts)),
    ]
    return write(run / NAME, parts)


def methods_part(methods: Methods) -> str:
    """The paragraph and its literature, as the end of a card."""
    listed = "\n".join(f"{number}. {escaped(line)}" for number, line in enumerate(methods.references, start=1))
    return f"## Methods, to paste\n\n{escaped(methods.paragraph)}\n\n{listed}"
