"""`leadline export`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Json, MinConfidence


def export(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    /,
    *,
    to: Annotated[
        str, Parameter(help="html (one page that runs by itself), onnx, openvino, torch, qupath, bioimageio.")
    ],
    out: Annotated[
        Path | None, Parameter(help="The file or folder to write. [default: in exports/ of the run folder]")
    ] = None,
    images: Annotated[
        list[str] | None,
        Parameter(help="Images to verify it on. [default: images of the run]", consume_multiple=True, negative=()),
    ] = None,
    min_confidence: MinConfidence = None,
    pixel_size: Annotated[
        float | None, Parameter(help="µm per pixel of the training images, which QuPath needs.")
    ] = None,
    runtime: Annotated[
        Path | None, Parameter(help="The dist folder of onnxruntime-web for html. [default: in this package]")
    ] = None,
    json: Json = False,
) -> int:
    """Write a trained classifier for other programs, or as one page, and verify that it gives the same answers."""
    refuse_early(run=run)
    from leadline.cli import show
    from leadline.cli.display import display
    from leadline.verbs import export as verb

    with display() as progress:
        written = verb.export(
            run,
            to=to,
            out=out,
            images=images,
            min_confidence=min_confidence,
            pixel_size=pixel_size,
            runtime=runtime,
            progress=progress,
        )
    return show.exported(written, json=json)
