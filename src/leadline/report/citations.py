"""What a paper has to cite: the program, the network's paper, and the methods behind the figures that it quotes."""

import tomllib
from pathlib import Path

from leadline.zoo.catalogue import Architecture

LITERATURE: dict[str, str] = tomllib.loads(Path(__file__).with_name("references.toml").read_text("utf-8"))


class References:
    """A numbered list that grows as a text cites: `cite` gives the marks, `lines` the list below the text."""

    def __init__(self, version: str) -> None:
        self._program = (
            f"The Leadline developers. Leadline {version}: how deep a network do your images need? Software."
        )
        self._cited: list[str] = []

    def cite(self, *keys: str) -> str:
        """The marks of these entries of LITERATURE, or of "Leadline": "[1]" or "[1,2]"."""
        self._cited += [key for key in dict.fromkeys(keys) if key not in self._cited]
        return f"[{','.join(str(1 + self._cited.index(key)) for key in dict.fromkeys(keys))}]"

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._program if key == "Leadline" else LITERATURE[key] for key in self._cited)


def papers_of(about: Architecture) -> tuple[str, ...]:
    """The papers that a network is made from: its family's, and of a deviation the one that brought it."""
    papers = [about.family]
    if about.name == "alexnet_owt":
        papers.append("one weird trick")
    if "batch norm" in about.deviates.casefold():
        papers.append("batch normalisation")
    return tuple(papers)
