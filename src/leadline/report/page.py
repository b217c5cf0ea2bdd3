"""The page around the figures: one file that asks nothing of any server, and escapes whatever data are called."""

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from leadline import wording
from leadline.drawing.palette import COLOURS
from leadline.evaluation.records import ClassMetrics
from leadline.report import markdown
from leadline.wording import visible
from leadline.writing import in_one_piece


def weakest_first(classes: list[tuple[str, ClassMetrics]]) -> list[tuple[str, ClassMetrics]]:
    """Classes of `per_class` by their F1, those without one first."""
    return sorted(classes, key=lambda pair: wording.value_of(pair[1].f1) or 0.0)


FILTERS = {
    "percent": wording.percent,
    "percent_interval": wording.percent_interval,
    "points": wording.points,
    "chance": wording.chance,
    "probability": wording.probability,
    "share_words": wording.share_words,
    "margin_in_points": wording.margin_in_points,
    "plain": wording.plain,
    "plain_interval": wording.plain_interval,
    "value_of": wording.value_of,
    "bounds_of": wording.bounds_of,
    "weakest_first": weakest_first,
    "count": wording.count,
    "duration": wording.duration,
    "size": wording.size,
    "measured": wording.measured,
    "thousands": wording.thousands,
    "times": wording.times,
    "listed": wording.listed,
    "escaped": markdown.escaped,
    "code": markdown.code,
    "cell": markdown.cell,
    "capitalised": lambda text: f"{text[:1].upper()}{text[1:]}",
    "numbers": lambda values: ", ".join(f"{value:.4g}" for value in values),
}


def template(name: str) -> Template:
    """One of `templates/`; what it shows is escaped where it is HTML."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("leadline.report"), PackageLoader("leadline.page")]),  # whose look it shares
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment.get_template(name)


def write_page(file: Path, name: str, **shown: Any) -> Path:
    """Render the template `name` with what is `shown` into `file`, replaced in one piece; the file."""
    text = visible(template(name).render(colours=COLOURS, **shown), keep="\n\t")
    with in_one_piece(file) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="replace"))
    return file
