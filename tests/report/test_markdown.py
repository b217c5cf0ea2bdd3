"""Names are data: in Markdown, too, they read as they are. The oracle is a Markdown reader that rich brings."""

import pytest
from markdown_it import MarkdownIt

from leadline.report.markdown import cell, code, escaped

NAMES = (
    "tumour [grade 1]", "*bold*", "**b** __b__", "_a_ b_c _", "[x](http://y.z)", "![a](b)", "[x][y]", "`tick`", "``",
    "~~s~~", "&amp; & co &#65;", "<b>x</b>", "<!-- x -->", "a < b > c", "a|b", "a\\b", "a\\|b", "<https://x.y>",
    "$x^2$", "1. [2]",
)  # fmt: skip


def read(text: str) -> list[str]:
    """The text of every block, as it is shown."""
    blocks = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    shown = []
    for block in blocks:
        assert block.type != "html_block"
        if block.type == "inline":
            assert {part.type for part in block.children or ()} <= {"text", "code_inline", "text_special"}, (
                block.children
            )
            shown.append("".join(part.content for part in block.children or ()))
    return shown


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_running_text_and_in_a_table_reads_as_it_is(name: str) -> None:
    assert read(f"The class {escaped(name)} is rare.") == [f"The class {name} is rare."]
    table = f"| class | n |\n| --- | --- |\n| {cell(code(name))} | 1 |\n| {cell(code('b'))} | 2 |"
    assert read(table) == ["class", "n", name, "1", "b", "2"]


def test_what_needs_no_escape_has_none() -> None:
    for text in ("resnet20_cifar of He et al. [12], 3 x 3, 95 % (90-99), a < b & c", "https://x.org/a_b?c=1&d=2"):
        assert escaped(text) == text
    assert escaped("$x$") != "$x$", "GitHub takes it for a formula"
