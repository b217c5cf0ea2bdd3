"""One network, layer by layer."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from leadline.data.outputs import check_output, says_leadline
from leadline.errors import LeadlineError
from leadline.writing import in_one_piece
from leadline.zoo import architecture


def inspect(
    name: str,
    *,
    size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
    diagram: str | Path | None = None,
) -> dict[str, Any]:
    """What the network does to one image: every layer's shape, cost, field of view and memory, in order of execution.

    `size` (height and width in pixels), `channels` and `classes` are the published ones unless told. With `diagram`, a
    drawing is written there as SVG. Multiply-adds count convolutions and fully connected layers, without biases;
    `auxiliary` are the layers of training-only heads, which no total counts. LeadlineError for an image too small.
    """
    row = architecture(name)  # before torch is imported, so that a wrong name is answered at once
    if diagram is not None and Path(diagram).suffix.lower() != ".svg":
        raise LeadlineError(f"{diagram}: a diagram is written as SVG; give it a name that ends in .svg")
    if diagram is not None:
        check_output(diagram, ours=says_leadline, kind="drawing", option="--diagram")
    from leadline.anatomy import measure

    anatomy = measure(name, size=size, channels=channels, classes=classes)
    if diagram is not None:
        from leadline.anatomy.diagram import draw

        _write(Path(diagram), draw(anatomy))
    return {
        "name": anatomy.name,
        "family": row.family,
        "year": row.year,
        "paper": row.paper,
        "deviates": row.deviates,
        "readings": list(row.readings),
        "published_errors": [asdict(error) for error in row.errors],
        "input": list(anatomy.input),
        "depth": anatomy.depth,
        "parameters": anatomy.parameters,
        "multiply_adds": anatomy.multiply_adds,
        "activation_memory_bytes": anatomy.activation_memory_bytes,
        "receptive_field": anatomy.receptive_field,
        "layers": [asdict(layer) for layer in anatomy.layers],
        "auxiliary": [asdict(layer) for layer in anatomy.auxiliary],
    }


def _write(path: Path, drawing: str) -> None:
    with in_one_piece(path) as temporary:
        temporary.write_text(drawing, encoding="utf-8")
