"""The papers' recipes, as data in recipes/*.toml: found by name, so that `--recipe resnet-cifar-2015` is enough."""

import difflib
from pathlib import Path

from leadline.errors import UsageError

FOLDER = Path(__file__).with_name("recipes")


def names() -> list[str]:
    """The papers' recipes, in the alphabet's order."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def recipe_file(recipe: str | Path) -> Path:
    """The file that `recipe` names: a file if there is one or it ends in .toml, else the paper's recipe of that name.

    UsageError with the nearest names where there is neither.
    """
    file = Path(recipe)
    if file.is_file() or file.suffix == ".toml":
        return file
    if str(recipe) in names():
        return FOLDER / f"{recipe}.toml"
    near = difflib.get_close_matches(str(recipe), names(), n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}? there are" if near else "there are"
    raise UsageError(f"--recipe {recipe}: no file, and no paper's recipe of this name; {hint} {', '.join(names())}")
