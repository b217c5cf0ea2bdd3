"""Recipe files: TOML with the settings of a training in sections, the papers' recipes among them (recipes/*.toml)."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from leadline.errors import LeadlineError, UsageError
from leadline.training.settings import IN_FILES, SETTINGS

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


LENGTHS = ("steps", "epochs", "minutes")
# Settings that may name a file or folder, and how a byte of its name that is no UTF-8 is written.
PATHS, ESCAPED = {"data", "weights"}, re.compile(r"\\u(dc[89a-f][0-9a-f])")


def path_of(name: str) -> tuple[str, str]:
    """The section of a recipe file in which a setting stands ("" for the top), and its name there."""
    about = IN_FILES[name][1]
    return about.section, about.key or name


def read_settings(file: Path) -> dict[str, Any]:
    """The settings in a TOML file by their names here, checked for names, types and limits.

    In sections, as Leadline writes them, or all on top as earlier, when a learning rate was always SGD's.
    """
    try:
        document = tomllib.loads(file.read_text("utf-8-sig"))  # Windows' editors begin with a byte order mark
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such recipe") from None
    except OSError as error:
        raise LeadlineError(f"{file}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML, which is UTF-8 ({error}); save it as UTF-8") from error
    except RecursionError:
        raise LeadlineError(f"{file}: is no recipe: its brackets are too deep") from None
    except tomllib.TOMLDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML ({error}){_way_out(file, str(error))}") from error
    named = {path_of(name): name for name in IN_FILES}
    settings: dict[str, Any] = {}
    flat = not any(isinstance(value, dict) for value in document.values())
    for section, values in document.items():
        inside = values.items() if isinstance(values, dict) else [(section, values)]
        for key, value in inside:
            where = section if isinstance(values, dict) else ""
            name = named.get((where, key)) or (key if flat and key in IN_FILES else None)
            written = f"{where}.{key}" if where else key
            if name is None:
                raise UsageError(f"{file}: there is no setting {written!r}{_nearest(written)}")
            settings[name] = _typed(value, IN_FILES[name][0], f"{file}: {written}")
            IN_FILES[name][1].refuse(f"{file}: {written}", settings[name])
    for name in PATHS & set(settings):
        settings[name] = ESCAPED.sub(lambda byte: chr(int(byte[1], 16)), settings[name])
    if flat and "learning_rate" in settings:
        settings.setdefault("optimizer", "sgd")
    return settings


def _way_out(file: Path, error: str) -> str:
    """For what word processors and decimal commas do to a line."""
    at = re.search(r"line (\d+)", error)
    line = file.read_text("utf-8-sig").splitlines()[int(at[1]) - 1] if at else ""
    if re.search("[“”„‘’]", line):
        return '; write plain quotation marks: "'
    if re.search(r"=\s*\d+,\d", line):
        return "; write a decimal number with a point"
    return ""


def _nearest(written: str) -> str:
    every = [".".join(filter(None, path_of(name))) for name in IN_FILES]
    near = difflib.get_close_matches(written, every, n=1) or [
        one for one in every if one.split(".")[-1] == written.split(".")[-1]
    ]
    return f"; did you mean {near[0]}?" if near else f" (there are {', '.join(every)})"


def _typed(value: Any, kind: Any, where: str) -> Any:
    """`value` of a TOML file as the setting's type."""
    if get_origin(kind) in (Union, UnionType):  # a list from Python or TOML, a tuple in a recipe
        member = get_args(get_args(kind)[0])[0]
        if not isinstance(value, list):
            raise UsageError(f"{where} = {value!r}: expected a list of {'texts' if member is str else 'numbers'}")
        return tuple(_typed(one, member, where) for one in value)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise UsageError(f"{where} = {value!r}: expected {kind.__name__}")
    try:
        return float(value) if kind is float else value
    except OverflowError:
        raise UsageError(f"{where}: is larger than any number that can be computed with") from None


def collect(recipe: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a `recipe` file, overruled by those that are `given` (not None); UsageError where they clash."""
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        if isinstance(value, list):
            value = chosen[name] = tuple(value)
        if name in SETTINGS and name != "recipe":
            kind, setting = SETTINGS[name]
            chosen[name] = _typed(list(value) if isinstance(value, tuple) else value, kind, name)
            setting.refuse(name, chosen[name])
    settings = dict(recipe)
    if set(LENGTHS) & set(chosen):  # a length that is given replaces the one in the file, whatever its unit
        settings = {name: value for name, value in settings.items() if name not in LENGTHS}
    if settings.get("tune") == "head" and chosen.get("tune", "head") != "head":
        # what only a frozen body is trained with
        settings = {name: value for name, value in settings.items() if name not in {"augment", *LENGTHS}}
    settings |= chosen
    if len(set(LENGTHS) & set(settings)) > 1:
        raise UsageError(f"{' and '.join(sorted(set(LENGTHS) & set(settings)))}: give one of them only")
    return settings
