"""`leadline shard`: labelled images → tar shards, which are trained on without ever being unpacked."""

from pathlib import Path

from leadline.data.audit.copies import with_near_copies
from leadline.data.audit.pixels import decoded
from leadline.data.manifest import describe_problems
from leadline.data.outputs import lies_in
from leadline.data.reading import Reading
from leadline.data.shards.index import ShardIndex
from leadline.data.shards.tar_files import write_shards
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import UsageError
from leadline.progress import Progress


def shard(
    data: str | Path,
    out: str | Path,
    *,
    megabytes: float = 256,
    group: str = "",
    test_group: tuple[str, ...] = (),
    split_seed: int = 0,
    allow_outside: bool = False,
    progress: Progress | None = None,
) -> ShardIndex:
    """Write the images of `data` as tar shards of about so many megabytes, with an index, into the new folder `out`.

    Images keep their own bytes; beside each stand its label, group, split and path. Splits that the data have are kept,
    others are made as `train` makes them, with the same `group`, `test_group` and `split_seed`. Images that cannot be
    used are left out, and noted. Raises LeadlineError where the data do not allow it, UsageError where `out` exists or
    lies in the data.
    """
    progress = progress or Progress()
    out, source = Path(out), Path(data)
    if megabytes <= 0:
        raise UsageError(f"--megabytes {megabytes:g}: must be more than 0")
    if out.exists():
        raise UsageError(f"{out}: exists already; name a new folder")
    if source.is_dir() and lies_in(out, source):
        raise UsageError(f"{out}: lies in the data, where nothing is written; name another folder")
    found = scan(data, group=group, reading=Reading(allow_outside=allow_outside))
    with progress.task("looking", len(found.table)):
        found = decoded(found, project=None, progress=progress)
    manifest = split(with_near_copies(found, project=None), seed=split_seed, test_group=test_group)
    for note in [*manifest.notes, *describe_problems(manifest.unusable)]:
        progress.note(note)
    return write_shards(manifest, out, megabytes=megabytes, progress=progress)
