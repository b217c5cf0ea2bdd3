"""`leadline serve`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Engine, MinConfidence, Precision


def serve(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    /,
    *,
    host: Annotated[str, Parameter(help="Who can reach it: 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Where it listens.")] = 8000,
    min_confidence: MinConfidence = None,
    engine: Engine = "auto",
    precision: Precision = "auto",
) -> int:
    """Answer over HTTP, with a page to drop images on; Ctrl-C ends it."""
    refuse_early(run=run)
    from leadline.cli import DONE
    from leadline.cli.display import display
    from leadline.verbs.serve import serve as verb

    with display() as progress:
        verb(
            run, host=host, port=port, min_confidence=min_confidence, engine=engine, precision=precision,
            progress=progress,
        )  # fmt: skip
    return DONE
