"""What a run comes to, in a line, and what that means for the person who asked (templates/headline.txt.j2)."""

from dataclasses import dataclass

from leadline.report.page import template
from leadline.report.run_tables import Network


@dataclass(frozen=True)
class Headline:
    line: str
    meaning: tuple[str, ...]  # a paragraph each


def run_headline(network: Network) -> Headline:
    metrics = network.tables.metrics
    text = template("headline.txt.j2").render(
        network=network, folds=network.folds, pretrained=metrics.pretrained if metrics else None
    )
    line, *meaning = filter(None, map(str.strip, text.splitlines()))
    return Headline(line, tuple(meaning))
