"""`leadline predict`."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import AllowOutside, Engine, MinConfidence, Precision
from leadline.cli.processes import told_once


def predict(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    inputs: Annotated[
        list[str], Parameter(help="Images, folders of images, globs, tables with path or path:NAME columns; or shards.")
    ],
    /,
    *,
    out: Annotated[
        Path | None,
        Parameter(help="Where to write the table: .csv, .tsv, .parquet or .jsonl. [default: CSV on stdout]"),
    ] = None,
    min_confidence: MinConfidence = None,
    engine: Engine = "auto",
    precision: Precision = "auto",
    allow_outside: AllowOutside = False,
) -> int:
    """Predict the class of new images: a table with a row per image, in the order of the inputs."""
    refuse_early(run=run)
    from leadline.cli import show
    from leadline.cli.display import display
    from leadline.errors import LeadlineError
    from leadline.verbs import predict as verb

    if out is None and sys.__stdout__ is None:
        raise LeadlineError("there is no standard output to print the table on; name a file with --out")
    from leadline.data.shards.finding import is_shards

    with display() as progress:
        if out is not None and any(map(is_shards, inputs)):
            written = verb.predict_shards(
                run,
                inputs,
                out=out,
                min_confidence=min_confidence,
                engine=engine,
                precision=precision,
                progress=progress,
            )
            return show.written(written, out=out)
        found = verb.predict(
            run,
            inputs,
            out=out,
            min_confidence=min_confidence,
            engine=engine,
            precision=precision,
            allow_outside=allow_outside,
            progress=progress,
        )
    return told_once(lambda: show.predictions(found, out=out))
