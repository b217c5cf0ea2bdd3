"""`leadline shard`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadline.cli import DONE
from leadline.cli.early import refuse_early
from leadline.cli.options import AllowOutside, Data, Json


def shard(
    data: Data,
    out: Annotated[Path, Parameter(help="The folder to write; it must not exist.")],
    /,
    *,
    megabytes: Annotated[float, Parameter(help="Size of a shard.")] = 256,
    group: Annotated[
        str, Parameter(help="How to find each image's patient, plate or slide, as in leadline train.")
    ] = "",
    test_group: Annotated[
        tuple[str, ...], Parameter(help="Groups that are the test split.", consume_multiple=True, negative=())
    ] = (),
    split_seed: Annotated[int, Parameter(help="Seed of the split.")] = 0,
    allow_outside: AllowOutside = False,
    json: Json = False,
) -> int:
    """Write labelled images as tar shards with an index."""
    refuse_early(data=data)
    from leadline.cli.display import display
    from leadline.cli.printing import line
    from leadline.data.shards.index import ShardIndex
    from leadline.verbs import shard as verb

    with display() as progress:
        index = verb.shard(
            data,
            out,
            megabytes=megabytes,
            group=group,
            test_group=test_group,
            split_seed=split_seed,
            allow_outside=allow_outside,
            progress=progress,
        )
    if json:
        line(ShardIndex.to_json(index).decode())
    else:
        images = ", ".join(f"{sum(counts.values()):,} {split}" for split, counts in index.labels.items())
        line(f"{len(index.shards):,} shards of {len(index.classes)} classes ({images} images) → {out}")
    return DONE
