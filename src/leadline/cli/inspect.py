"""`leadline inspect`."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from leadline.cli.options import Json


def inspect(
    name: Annotated[str, Parameter(help="A network's name; `leadline models` lists them.")],
    /,
    *,
    size: Annotated[
        int | None, Parameter(help="Height and width of the image in pixels. [default: as published]")
    ] = None,
    channels: Annotated[int | None, Parameter(help="Channels of the image. [default: as published]")] = None,
    classes: Annotated[int | None, Parameter(help="Classes to tell apart. [default: as published]")] = None,
    diagram: Annotated[Path | None, Parameter(help="Also draw the network, into this SVG file.")] = None,
    json: Json = False,
) -> int | None:
    """Show one network, layer by layer: shapes, parameters, multiply-adds, receptive field, memory of one image."""
    from leadline.cli import printing
    from leadline.verbs.inspect import inspect as verb

    found = verb(name, size=size, channels=channels, classes=classes, diagram=diagram)
    if json:
        printing.as_json(found)
        return None
    print_line = partial(printing.console().print, soft_wrap=True)
    print_line(f"{found['name']}: {found['family']}, {found['year']}, {found['paper']}", style="bold")
    if found["deviates"]:
        print_line(f"Not as published: {found['deviates']}")
    for reading in found["readings"]:
        print_line(f"Reading: {reading}")
    for error in found["published_errors"]:
        print_line(f"Published: {_published(error)}")
    print_line()
    columns = ("layer", "type", "kernel", "stride", "padding", "groups", "output")
    costs = ("parameters", "multiply-adds", "receptive field", "memory")
    printing.table(*columns, *costs, rows=[_row(layer) for layer in found["layers"]])
    if found["auxiliary"]:
        print_line("\nIn training only, counted in no total:")
        printing.table(*columns, *costs, rows=[_row(layer) for layer in found["auxiliary"]])
    totals = (
        f"{found['parameters']:,} parameters",
        f"{found['multiply_adds']:,} multiply-adds",
        f"{found['depth']} layers deep",
        f"{_bytes(found['activation_memory_bytes'])} of activations",
    )
    print_line(f"\n{', '.join(totals)}; for one image of {_times(found['input'])} in 32-bit floats")
    if diagram:
        print_line(f"Drawn in {diagram}")
    return None


def _row(layer: dict[str, Any]) -> list[str]:
    return [
        layer["name"],
        layer["type"],
        _times(layer["kernel"]),
        _times(layer["stride"]),
        _times(layer["padding"]),
        str(layer["groups"] or ""),
        _times(layer["output_shape"]),
        f"{layer['parameters']:,}" if layer["parameters"] else "",
        f"{layer['multiply_adds']:,}" if layer["multiply_adds"] else "",
        f"{layer['receptive_field']:,}",
        _bytes(layer["activation_bytes"]) if layer["activation_bytes"] else "in place",
    ]


def _times(sides: list[int] | None) -> str:
    return "×".join(map(str, sides or []))


def _bytes(number: int) -> str:
    for limit, unit in ((1e6, "MB"), (1e3, "kB")):
        if number >= limit:
            return f"{number / limit:,.1f} {unit}"
    return f"{number} B"


def _published(error: dict[str, Any]) -> str:
    parts = [f"{kind} {error[key]} %" for kind, key in (("top-1", "top1"), ("top-5", "top5")) if error[key] is not None]
    return f"error {', '.join(parts)} ({error['data']}; {error['protocol']})"
