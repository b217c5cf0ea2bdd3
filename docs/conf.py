"""The documentation site: `make docs`, into build/docs/. Nothing is fetched while it is built or read."""

import sys
from pathlib import Path

import leadline

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Leadline"
author = "The Leadline developers"
release = version = leadline.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "cyclopts.ext.sphinx", "reference_tables"]
exclude_patterns = ["_ext"]

html_theme = "furo"
html_title = "Leadline"
html_copy_source = False

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
highlight_language = "none"  # most blocks are commands and what they print
default_role = "code"  # the docstrings' `name`
smartquotes = False  # -- is an option, not a dash

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# No links: types of other packages, whose inventories need a network, and those that the page on JSON files shows.
nitpick_ignore_regex = [
    ("py:.*", r"(?!leadline\.).*"),
    ("py:.*", r"leadline\.(results|claims|drawing|data\.audit|data\.shards)\..*"),
    (
        "py:.*",
        r"leadline\.(training\.recipe\.Recipe|inference\.engine_trial\.Labelled|evaluation\.novelty\.Novelty|progress\.T)",
    ),
]
