"""`leadline models`."""

from typing import Annotated

from cyclopts import Parameter

from leadline.cli.options import Json


def models(
    *,
    family: Annotated[str | None, Parameter(help="Only this one, such as ResNet or 'Network in Network'.")] = None,
    json: Json = False,
) -> int | None:
    """List the networks that can be trained here, and what each costs: as published, and the variants by name."""
    from leadline.cli import show
    from leadline.verbs.models import models as verb

    networks = verb(family)
    if json:
        show.as_json(networks)
        return None
    rows, heading = [], ""
    for network in networks:
        if network["family"] != heading:
            heading = network["family"]
            rows.append([f"{heading} ({network['year']}, {network['paper']})", *[""] * 5])
        rows.append(
            [
                f"  {network['name']}{'*' if network['deviates'] else ''}",
                "×".join(map(str, network["input"])),
                str(network["depth"]),
                f"{network['parameters']:,}",
                f"{network['multiply_adds']:,}",
                ", ".join(network["aliases"]),
            ]
        )
    show.table("network", "input", "layers", "parameters", "multiply-adds", "also called", rows=rows)
    deviating = [f"  {network['name']}: {network['deviates']}" for network in networks if network["deviates"]]
    if deviating:
        show.console().print("\n* not as published:", *deviating, sep="\n", soft_wrap=True)
    return None
