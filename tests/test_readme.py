"""What the README points to is there."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_every_document_that_is_linked_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))
    assert links
    within = [link for link in links if not link.startswith("https://")]
    assert [link for link in within if not (README.parent / link).exists()] == []
