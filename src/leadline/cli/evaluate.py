"""`leadline evaluate`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import AllowOutside, Data, Engine, Json, MinConfidence, Precision
from leadline.cli.processes import told_once


def evaluate(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    data: Data | None = None,
    /,
    *,
    protocol: Annotated[
        str,
        Parameter(
            help="Which views of an image are averaged: own (one, as in training), center, ten-crop, googlenet-144, "
            "dense, fully-convolutional."
        ),
    ] = "own",
    scales: Annotated[
        str | None,
        Parameter(
            help="Short sides in pixels to which images are resized for it, as 256,384,512. [default: the paper's, "
            "times the classifier's size / 224]"
        ),
    ] = None,
    min_confidence: MinConfidence = None,
    engine: Engine = "auto",
    precision: Precision = "auto",
    allow_outside: AllowOutside = False,
    json: Json = False,
) -> int:
    """Judge a trained classifier on its own test split, or on new labelled images."""
    refuse_early(run=run, data=data)
    from leadline.cli import show
    from leadline.cli.display import display
    from leadline.data.protocols import parse_scales
    from leadline.verbs import evaluate as verb

    with display() as progress:
        found = verb.evaluate(
            run,
            data,
            protocol=protocol,
            scales=parse_scales(scales),
            min_confidence=min_confidence,
            engine=engine,
            precision=precision,
            allow_outside=allow_outside,
            progress=progress,
        )
    return told_once(lambda: show.evaluation(found, json=json))
