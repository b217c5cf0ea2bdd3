"""Two directives that write tables of the reference from the code.

`json-file` shows the types of a JSON file; a field's meaning is the comment beside it in the source, and a type that an
earlier table of the page has is not repeated. `settings` shows what a person may decide about a training.
"""

import inspect
import re
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from leadline.training.settings import SETTINGS


class JsonFile(SphinxDirective):
    """`MODULE:TYPE` and every type below it."""

    required_arguments = 1
    shown: ClassVar[dict[str, set[type]]] = {}  # page → types

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].partition(":")
        shown = self.shown.setdefault(self.env.docname, set())
        return parsed(self, tables(getattr(import_module(module), name), shown))


class Settings(SphinxDirective):
    """A row per setting, and where each can be given."""

    def run(self) -> list[nodes.Node]:
        lines = ["| Python | recipe file | command line | is |", "|---|---|---|---|"]
        for name, (_, setting) in SETTINGS.items():
            place = f"`[{setting.section}] {setting.key or name}`" if setting.section else f"`{setting.key or name}`"
            option = f"`--{name.replace('_', '-')}`" if setting.option else ""
            limits = f" ({setting.limits})" if setting.limits else ""
            lines.append(f"| `{name}` | {place} | {option} | {setting.help.replace('|', chr(92) + '|')}{limits} |")
        return parsed(self, lines)


def parsed(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    node = nodes.container()
    directive.state.nested_parse(StringList(lines, source=directive.name), directive.content_offset, node)
    return node.children


def tables(kind: type, shown: set[type]) -> list[str]:
    """Markdown of `kind` and of what it holds, but for what was `shown`."""
    waiting, lines = [kind], list[str]()
    while waiting:
        kind = waiting.pop(0)
        if kind in shown:
            continue
        shown.add(kind)
        types = get_type_hints(kind)
        meanings = comments(kind)
        defaults = {field.name for field in msgspec.structs.fields(kind) if not field.required}
        first = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        lines += [f"**{kind.__name__}**: {first}", "", "| field | type | is |", "|---|---|---|"]
        for field in msgspec.structs.fields(kind):
            name = f"`{field.encode_name}`" + (" (default)" if field.name in defaults else "")
            meaning = meanings.get(field.name, "").replace("|", r"\|")
            lines.append(f"| {name} | {in_json(types[field.name])} | {meaning} |")
            waiting += structs(types[field.name])
        lines.append("")
    return lines


def comments(kind: type) -> dict[str, str]:
    """Field → the remark behind it, of the type and those it extends."""
    found = dict[str, str]()
    for base in kind.__mro__:
        if base not in (object, msgspec.Struct) and issubclass(base, msgspec.Struct):
            found = dict(re.findall(r"^    (\w+): .*?  # (.*)$", inspect.getsource(base), re.MULTILINE)) | found
    return found


def in_json(kind: Any) -> str:
    """The type in the words of JSON."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' if isinstance(value, str) else f"`{value}`" for value in of)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(in_json(each) for each in of))
    if origin in (list, tuple):
        ends = Ellipsis in of or origin is list
        return f"list of {in_json(of[0])}" if ends else f"[{', '.join(in_json(each) for each in of)}]"
    if origin is dict:
        return f"object: name → {in_json(of[1])}"
    words = {str: "text", int: "integer", float: "number", bool: "true or false", NoneType: "null", Any: "any"}
    return words.get(kind) or getattr(kind, "__name__", str(kind))


def structs(kind: Any) -> list[type]:
    """The types with tables of their own within `kind`."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [found for each in get_args(kind) for found in structs(each)]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("json-file", JsonFile)
    app.add_directive("settings", Settings)
    return {"parallel_read_safe": False}
