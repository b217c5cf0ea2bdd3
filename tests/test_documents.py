"""Documents are Markdown that says what was meant, and what they show the program takes: commands, options, recipes."""

import re
import shlex
from pathlib import Path

import pytest

from leadline.cli import app
from leadline.cli.options import quoted
from leadline.training.recipe_files import path_of, read_settings
from leadline.training.settings import IN_FILES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "course").glob("*.md")])


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


def commands(text: str) -> list[str]:
    """Those of leadline in the examples, without what stands beside them: remarks, output, other programs."""
    joined = re.sub(r" \\\n\s*", " ", text)
    fenced = "".join(re.findall(r"^```bash\n(.*?)^```$", joined, re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^(?: {4}|\$ | {4}\$ | {8})(?:time )?(leadline .*)$", joined, re.MULTILINE)
    return [re.split(r"\s{3,}|\s+#|\s\|\s", line)[0] for line in (*lines, *fenced.splitlines())]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_the_program_takes_every_command_that_a_document_shows(document: Path) -> None:
    for command in commands(document.read_text("utf-8")):
        tokens = quoted(shlex.split(command)[1:])
        verb, _, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
        assert verb.__name__ == tokens[0], command


def test_every_recipe_in_the_documents_is_one_and_every_setting_is_explained(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    shown = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert shown
    for number, recipe in enumerate(shown):
        file = tmp_path / f"{number}.toml"
        file.write_text(recipe, "utf-8")
        assert read_settings(file)
    explained = {
        (section, key)
        for section, table in re.findall(r"^\| (?:`\[(\w+)\]`|on top) \| is \|\n((?:\|.*\n)+)", text, re.MULTILINE)
        for row in table.splitlines()[1:]
        for key in re.findall(r"`(\w+)(?: = [^`]*)?`", row.split("|")[1])
    }
    assert {path_of(name) for name in IN_FILES} == explained
