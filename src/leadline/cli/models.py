"""`leadline models`."""

from typing import Annotated, Any

from cyclopts import Parameter

from leadline.cli.options import Json


def models(
    *,
    family: Annotated[str | None, Parameter(help="Only this one, such as ResNet or 'Network in Network'.")] = None,
    pretrained: Annotated[
        bool, Parameter(negative=(), help="The trained weights that can be downloaded, with their makers' figures.")
    ] = False,
    json: Json = False,
) -> int | None:
    """List the networks that can be trained here, and what each costs: as published, and the variants by name."""
    from leadline.cli import printing
    from leadline.verbs import models as verbs

    if pretrained:
        _pretrained(verbs.pretrained(family), json=json)
        return None
    networks = verbs.models(family)
    if json:
        printing.as_json(networks)
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
    printing.table("network", "input", "layers", "parameters", "multiply-adds", "also called", rows=rows)
    deviating = [f"  {network['name']}: {network['deviates']}" for network in networks if network["deviates"]]
    if deviating:
        printing.console().print("\n* not as published:", *deviating, sep="\n", soft_wrap=True)
    return None


def _pretrained(files: list[dict[str, Any]], *, json: bool) -> None:
    from leadline.cli import printing

    if json:
        printing.as_json(files)
        return
    if not files:
        printing.console().print("no trained weights can be downloaded by a tag for this family", soft_wrap=True)
        return
    printing.table(
        "network", "weights", "top-1", "top-5", "file", "resize / crop", "interpolation",
        rows=[
            [
                file["name"], f"{file['weights']}{' (imagenet)' if file['default'] else ''}", f"{file['top1']:.1f} %",
                f"{file['top5']:.1f} %", f"{file['file_bytes'] / 1e6:.0f} MB", f"{file['resize']} / {file['crop']}",
                file["interpolation"],
            ]
            for file in files
        ],
    )  # fmt: skip
    printing.console().print(
        "\nAccuracy on ImageNet's validation images as torchvision states it, one central crop. 'imagenet' alone means "
        "the line that is marked so.",
        soft_wrap=True,
    )
