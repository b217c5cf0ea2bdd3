"""Markdown that says what was meant, whatever data are called."""

import re
from pathlib import Path
from typing import Any

from leadline.wording import visible
from leadline.writing import in_one_piece

# What would become code, emphasis, a formula, struck out, a link, HTML or an entity. An underscore within a word is
# none of these, nor is a bracket that no address follows, as in a citation.
MEANT_AS_MARKDOWN = re.compile(r"[\\`*~$]|(?<![^\W_])_|_(?![^\W_])|\](?=\()|<(?=[A-Za-z/!?])|&(?=#?\w+;)")


def escaped(text: str) -> str:
    """Plain text: nothing in it becomes a heading, emphasis, link, HTML or a new line."""
    return MEANT_AS_MARKDOWN.sub(r"\\\g<0>", re.sub(r"[\t\r\n\v\f\u2028\u2029]", " ", text))


def code(value: Any) -> str:
    """A name or a value as code, between as many backticks as it takes."""
    text = re.sub(r"[\t\r\n\v\f\u2028\u2029]", " ", str(value)) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def cell(text: str) -> str:
    """Text that stays within its cell of a table."""
    return text.replace("|", "\\|")


def write(file: Path, text: str) -> Path:
    """The text with at most one empty line between paragraphs, replaced in one piece; the file."""
    tidy = re.sub(r"\n{3,}", "\n\n", visible(text, keep="\n").strip()) + "\n"
    with in_one_piece(file) as temporary:
        temporary.write_bytes(tidy.encode("utf-8", errors="replace"))
    return file
