"""Predicting and judging the images of shards, which are read one after another."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.manifest import SCHEMA, Manifest
from leadline.data.shards.finding import files_of, find_written
from leadline.data.shards.index import Shard
from leadline.data.shards.judging import Read, decoded_records
from leadline.data.shards.members import split_of
from leadline.errors import LeadlineError
from leadline.evaluation.predictions import Predictions
from leadline.inference.engine import BATCH_SIZE, Answers, Engine
from leadline.progress import Progress

TOGETHER = 16  # batches whose predictions become one part of the table


def predictions_of(
    engine: Engine, classes: tuple[str, ...], sources: Sequence[str | Path], *, progress: Progress
) -> Iterator[Predictions]:
    """What `engine` answers for all images of the shards, part after part, in their order."""
    urls = [url for source in sources for url in files_of(source)]
    reading = decoded_records(urls, engine.preprocessing, batch_size=BATCH_SIZE)
    expected = [index.images(split) for source in sources if (index := find_written(source)) for split in index.labels]
    with progress.task("predicting", sum(expected)):
        while batches := list(islice(reading, TOGETHER)):
            found = engine.answers(batch.decoded for batch in batches)
            predictions = Predictions.from_arrays(
                paths=[path for batch in batches for path in batch.paths],
                probabilities=found.probabilities,
                classes=classes,
                errors=found.errors,
            )
            progress.advance(len(predictions))
            yield predictions.with_novelty(found.novelty, found.unlike) if engine.novelty else predictions


def answers_of(
    engine: Engine, classes: tuple[str, ...], source: str | Path, *, progress: Progress
) -> tuple[Manifest, Answers]:
    """The labelled images of the shards, those of the test split where there is one, and what `engine` answers.

    Raises LeadlineError, with the shard and the member, for an image without a label or of an unknown class.
    """
    index = find_written(source)
    if index is None:
        shards = [(url, Shard(url, 0, {}, "")) for url in files_of(source)]
    else:
        tested = [shard for shard in index.shards if "test" in shard.images] or index.shards
        shards = [(index.url(shard), shard) for shard in tested]
    rows: list[dict[str, str | None]] = []

    def batches() -> Iterator[Read]:
        for url, shard in shards:
            for batch in decoded_records([url], engine.preprocessing, batch_size=BATCH_SIZE):
                for path, record, error in zip(batch.paths, batch.records, batch.decoded.errors, strict=True):
                    if record.label is None:
                        raise LeadlineError(f"{url}: {record.name} has no label, so it cannot be judged")
                    if record.label not in classes:
                        raise LeadlineError(
                            f"{url}: {record.name} is of the class {record.label!r}, which the classifier does not "
                            f"know; it knows {', '.join(classes)}"
                        )
                    rows.append({
                        "path": path, "label": record.label, "group": record.group, "error": error,
                        "split": split_of(record, shard, url),
                        "sha256": hashlib.sha256(record.content).hexdigest(),
                    })  # fmt: skip
                yield batch

    with progress.task("predicting", index.images("test") if index else 0):
        found = engine.answers(
            progress.through((batch.decoded for batch in batches()), size=lambda batch: len(batch.errors))
        )
    table = pl.DataFrame(rows, schema=SCHEMA)
    if not rows:
        raise LeadlineError(f"{source}: its shards hold no images")
    if "test" in table["split"]:
        kept = (table["split"] == "test").to_numpy()
        table = table.filter(kept)
        found = _rows_of(found, kept)
    return Manifest(table, classes, Path(), str(source)), found


def _rows_of(answers: Answers, kept: NDArray[np.bool_]) -> Answers:
    return replace(
        answers,
        probabilities=answers.probabilities[kept],
        novelty=answers.novelty[kept],
        errors=[error for error, good in zip(answers.errors, kept, strict=True) if good],
        unlike=[reason for reason, good in zip(answers.unlike, kept, strict=True) if good],
    )
