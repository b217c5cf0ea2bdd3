"""`leadline explain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import AllowOutside, Json

if TYPE_CHECKING:
    from leadline.verbs.explain import Explanation


def explain(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    inputs: Annotated[
        list[str], Parameter(help="Images, folders of images, globs, tables with path or path:NAME columns.")
    ],
    /,
    *,
    out: Annotated[Path | None, Parameter(help="The folder to write; it must not exist. [default: maps]")] = None,
    of_class: Annotated[
        str | None, Parameter(name="--class", help="Map what speaks for this class. [default: the predicted one]")
    ] = None,
    check: Annotated[
        bool,
        Parameter(negative=(), help="Find out on these images whether the maps of this classifier mean anything."),
    ] = False,
    allow_outside: AllowOutside = False,
    json: Json = False,
) -> int:
    """Where did the network look? An overlay and the numbers of a class activation map per image."""
    refuse_early(run=run)
    from leadline.cli.display import display
    from leadline.verbs.explain import explain as verb

    with display() as progress:
        found = verb(
            run, inputs, out=out, of_class=of_class, check=check, allow_outside=allow_outside, progress=progress
        )
    return _show(found, json=json)


def _show(found: "Explanation", *, json: bool) -> int:
    import sys

    from leadline.cli import DONE, SOME_UNREADABLE, printing
    from leadline.cli.printing import line
    from leadline.report.looked import METHODS
    from leadline.results.json_files import as_builtins

    unreadable = (found.table["error"] != "").sum()
    if json:
        check = as_builtins(found.check) | {"doubts": list(found.check.doubts)} if found.check else None
        printing.as_json(
            {"folder": str(found.folder), "method": found.method, "check": check, "maps": found.table.to_dicts()}
        )
    else:
        line(f"{len(found.table) - unreadable:,} maps → {found.folder}")
        line(METHODS[found.method])
        if found.check is None:
            line("Not checked whether these maps mean anything: --check")
        for doubt in found.check.doubts if found.check else ():
            line(f"These maps failed a check: {doubt}.")
        if found.check and not found.check.doubts:
            line(
                f"Checked on {found.check.images} images: the maps follow the weights, and the places they name matter."
            )
        line("A map shows where the network looked. It is no proof that it is right for the right reason.")
    if unreadable:
        line(f"{unreadable} of {len(found.table)} images could not be read; see the column error", file=sys.stderr)
    return SOME_UNREADABLE if unreadable else DONE
