"""`leadline evaluate`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli.options import Data, Json, MinConfidence


def evaluate(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    data: Data | None = None,
    /,
    *,
    min_confidence: MinConfidence = None,
    json: Json = False,
) -> int:
    """Judge a trained classifier on its own test split, or on new labelled images."""
    from leadline.cli import show
    from leadline.cli.progress import watch
    from leadline.verbs import evaluate as verb

    return show.evaluation(verb.evaluate(run, data, min_confidence=min_confidence, watch=watch()), json=json)
