"""The README's picture of an answer: what a comparison named, and its figure of accuracy against time, as one SVG.

make demo && python tools/answer_picture.py runs/digits-compare        # writes docs/pictures/answer.svg
"""

import sys
import textwrap
from html import escape
from pathlib import Path

from leadline.drawing.figure import FONT_SIZE
from leadline.drawing.palette import COLOURS
from leadline.report.accuracy_against_cost import HEIGHT, TIME, WIDTH, accuracy_against_cost
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON, ComparisonResult

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "answer.svg"
SENTENCES = 6  # of the answer: its name and what is known of it, without the advice that follows
COLUMNS, LINE, EDGE, TEXT_WIDTH = 62, 19, 24, 430  # of the text; all but the first in CSS pixels


def main(folder: Path) -> None:
    result = json_files.read(folder / COMPARISON, ComparisonResult)
    figure = accuracy_against_cost(result, TIME)
    if result.answer is None or figure is None:
        raise SystemExit(f"{folder}: no answer of two networks or more to draw")
    PICTURE.write_text(picture(result.answer.sentence, str(figure)), encoding="utf-8")


def picture(sentence: str, figure: str) -> str:
    """The sentences of the answer on the left, the first one large; the figure on the right."""
    named, *rest = sentence.splitlines()[:SENTENCES]
    rows = [row for line in rest for row in (*textwrap.wrap(line, COLUMNS), "")]
    text = f'<text x="{EDGE}" y="{EDGE + 26}" class="named">{escape(named)}</text>' + "".join(
        f'<text x="{EDGE}" y="{EDGE + 62 + number * LINE}">{escape(row)}</text>'
        for number, row in enumerate(rows)
        if row
    )
    width, height = TEXT_WIDTH + WIDTH + 2 * EDGE, HEIGHT + 2 * EDGE
    place = f'x="{TEXT_WIDTH + EDGE}" y="{EDGE}" width="{WIDTH}" height="{HEIGHT}" overflow="visible"'
    placed = figure.replace("<svg ", f"<svg {place} ", 1)
    light = "".join(f"--{colour.name}: {colour.light}; " for colour in COLOURS)
    dark = "".join(f"--{colour.name}: {colour.dark}; " for colour in COLOURS)
    style = (
        f"svg {{ {light}font: {FONT_SIZE}px sans-serif; fill: var(--ink) }} .named {{ font: bold 26px serif }} "
        f"@media (prefers-color-scheme: dark) {{ svg {{ {dark}}} }}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(' '.join(sentence.split()))}</title><style>{style}</style>"
        f'<rect width="{width}" height="{height}" rx="8" style="fill: var(--paper)"/>{text}{placed}</svg>\n'
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
