"""Documents are Markdown that says what was meant: no example or paragraph is taken for a part of what precedes it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def swallowed(text: str) -> list[str]:
    """Lines of code right below a paragraph, and lines right below a table that are no rows of it."""
    fenced = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    parted = re.sub(r"^#+ .*$", "", fenced, flags=re.MULTILINE)  # a heading ends with its line
    found = []
    for block in re.split(r"\n\s*\n", parted):
        first, *lines = block.strip("\n").splitlines() or [""]
        in_list = re.match(r"\s*([-*]|\d+\.) |    ", first)
        for above, line in zip([first, *lines], lines, strict=False):
            code_in_paragraph = line.startswith("    ") and not in_list
            text_in_table = above.startswith("|") and not line.startswith("|")
            if code_in_paragraph or text_in_table:
                found.append(line)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_no_example_is_swallowed_by_a_paragraph_and_no_sentence_by_a_table(document: Path) -> None:
    assert swallowed(document.read_text("utf-8")) == []
