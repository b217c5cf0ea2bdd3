"""The validation and test images of shards as ordinary files in the cache: they are few, and looked at again and again
(every epoch, the report, later evaluations); the training images, of which there are many, are streamed."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from leadline.data.cache_folder import CACHE_WAY_OUT, cache_folder, made_in_cache
from leadline.data.manifest import Entry, Manifest, examine
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.shards.index import ShardIndex
from leadline.data.shards.members import read, split_of
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress
from leadline.writing import written

HELD_OUT = ("validation", "test")
MANIFEST = "held-out.parquet"


def shard_manifest(index: ShardIndex, *, reading: Reading = AS_IT_IS, progress: Progress = SILENT) -> Manifest:
    """The manifest of a training on shards: a row per held-out image, and the index for the others.

    Raises LeadlineError where there is no image to train on, or a class is in none.
    """
    missing = [name for name in index.classes if not index.labels.get("train", {}).get(name)]
    if missing:
        raise LeadlineError(f"{index.source}: the class {missing[0]!r} has no training images; write the shards anew")
    if len(index.classes) < 2:
        raise LeadlineError(f"{index.source}: found one class only, {index.classes[0]!r}; a classifier needs two")
    if not index.images("validation"):
        raise LeadlineError(f"{index.source}: has no validation images; write the shards anew with leadline shard")
    name = f"{index.fingerprint[:24]}{reading.project}"
    folder = cache_folder() / "shards" / name
    if not (folder / MANIFEST).is_file():
        above = made_in_cache("shards")
        with written(folder, way_out=CACHE_WAY_OUT):
            unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=above))
            try:
                manifest = _unpacked(index, unfinished, reading, progress)
                manifest.write(unfinished / MANIFEST)
                with suppress(OSError):  # another process was faster
                    unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    manifest = Manifest.read(folder / MANIFEST)
    return replace(manifest, root=folder.resolve(), source=index.source, shards=index)


def with_files(manifest: Manifest, *, reading: Reading, progress: Progress = SILENT) -> Manifest:
    """`manifest` with its held-out images in the cache, where somebody has taken them away."""
    if manifest.shards is None or manifest.root.is_dir():
        return manifest
    return replace(manifest, root=shard_manifest(manifest.shards, reading=reading, progress=progress).root)


def _unpacked(index: ShardIndex, folder: Path, reading: Reading, progress: Progress) -> Manifest:
    entries = []
    with progress.task("held-out images", sum(map(index.images, HELD_OUT))):
        for number, shard in enumerate(index.shards):
            if not set(shard.images) & set(HELD_OUT):
                continue
            url = index.url(shard)
            home = f"{number:05d}-{url.rpartition('/')[2]}"
            for record in read(index, shard, *HELD_OUT):
                file = folder / home / record.name
                if file.exists():
                    raise LeadlineError(f"{url}: has the member {record.name} twice; write it again")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(record.content)
                split = split_of(record, shard, url)
                path = file.relative_to(folder).as_posix()
                entries.append(Entry(path, record.label, split, record.group))
                progress.advance()
    return examine(entries, root=folder, source=index.source, classes=index.classes, reading=reading)
