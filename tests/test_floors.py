"""The floors of the house (DESIGN §3): every room imports only from below, and no two modules import each other."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "leadline"

# From the ground up. Rooms on one floor know nothing of each other.
FLOORS = [
    {"errors", "wording"},
    {"progress", "ranks"},
    {"writing", "drawing", "parquet"},
    {"zoo", "data", "evaluation", "page"},
    {"pretrained", "anatomy"},
    {"classifier", "results"},
    {"inference"},
    {"training", "saliency", "exporters"},
    {"report", "server"},
    {"claims"},
    {"verbs"},
    {"cli"},
]
# The package's front door may open on everything; `python -m leadline` only calls the command line.
ABOVE_ALL = {"__init__", "__main__"}


def module_name(file: Path) -> str:
    parts = ("leadline", *file.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for file in sorted(SOURCE.rglob("*.py"))}


def imports_of(module: str) -> set[str]:
    """The modules of leadline that `module` imports anywhere, inside functions too."""
    file = MODULES[module]
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            base = base if node.level else node.module or ""
            # `from room import module` imports the module; `from room import name` what its __init__ gathers.
            wholes = [f"{base}.{alias.name}" for alias in node.names]
            found |= {whole if whole in MODULES else base for whole in wholes}
    return {name for name in found if name in MODULES and name != module}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def floor(name: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


def test_every_module_is_in_a_room_of_the_house() -> None:
    known = set().union(*FLOORS) | ABOVE_ALL
    assert {room(module) for module in MODULES} <= known


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) not in ABOVE_ALL])
def test_a_room_imports_only_from_below(module: str) -> None:
    for imported in imports_of(module):
        if imported == "leadline":
            continue  # the version; `from leadline import create_model` would show up as the module it comes from
        if room(imported) != room(module):
            assert floor(room(imported)) < floor(room(module)), f"{module} imports {imported}"


def test_no_two_modules_import_each_other() -> None:
    graph = {module: imports_of(module) - {"leadline"} for module in MODULES}
    # A package's __init__ gathers its own modules; that its modules live inside it is no import.
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
