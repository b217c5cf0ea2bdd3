"""Images → tar shards as WebDataset has them: each image's own bytes, beside it what is known of it, and an index."""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from leadline.data.image import content_of
from leadline.data.keyed import generator
from leadline.data.manifest import SPLITS, Manifest
from leadline.data.shards.index import INDEX, Shard, ShardIndex
from leadline.data.shards.members import IMAGES, OTHER_SUFFIX
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress
from leadline.writing import written

BLOCK = 512  # bytes; a tar file consists of these
Row = dict[str, Any]


def write_shards(manifest: Manifest, out: Path, *, megabytes: float = 256, progress: Progress = SILENT) -> ShardIndex:
    """Write the usable images of a split manifest as shards of about so many megabytes into the new folder `out`.

    The images of a split are shuffled once, so that every shard holds all classes. The same images give the same bytes.
    Raises LeadlineError where an image has changed since it was examined, or has a file per channel.
    """
    if manifest.channel_names:
        raise LeadlineError(f"{manifest.source}: its images have a file per channel, which shards cannot hold")
    out.parent.mkdir(parents=True, exist_ok=True)
    with written(out):
        unfinished = out.with_name(f"{out.name}.{os.getpid()}.new")
        unfinished.mkdir()
        try:
            shards, labels = [], {}
            with progress.task("writing", len(manifest.usable)):
                for split in SPLITS:
                    rows = manifest.usable.filter(split=split).to_dicts()
                    rows = [rows[int(number)] for number in generator("shard", split).permutation(len(rows))]
                    for number, part in enumerate(_parts(rows, manifest.root, 1e6 * megabytes)):
                        file = unfinished / f"{split}-{number:06d}.tar"
                        with file.open("wb") as opened:
                            _write(opened, part, manifest.root)
                        with file.open("rb") as opened:
                            digest = hashlib.file_digest(opened, "sha256").hexdigest()
                        shards.append(Shard(file.name, file.stat().st_size, {split: len(part)}, digest, split))
                        progress.advance(len(part))
                    if rows:
                        labels[split] = dict(sorted(Counter(row["label"] for row in rows).items()))
            index = ShardIndex(manifest.classes, labels, tuple(shards))
            (unfinished / INDEX).write_bytes(ShardIndex.to_json(index))
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return index


def _parts(rows: list[Row], root: Path, most: float) -> Iterator[list[Row]]:
    """The rows of each shard; one is full when the next image would make it larger than `most` bytes."""
    part: list[Row] = []
    size = 0
    for number, row in enumerate(rows):
        row["key"] = f"{number:09d}"
        try:
            needed = (root / row["path"]).stat().st_size + 4 * BLOCK
        except OSError as error:
            raise LeadlineError(f"{root / row['path']}: {error.strerror or error}") from error
        if part and size + needed > most:
            yield part
            part, size = [], 0
        part.append(row)
        size += needed
    if part:
        yield part


def _write(file: IO[bytes], rows: list[Row], root: Path) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for row in rows:
            content = content_of(root / row["path"])
            if hashlib.sha256(content).hexdigest() != row["sha256"]:
                raise LeadlineError(f"{root / row['path']}: has changed since it was examined; write the shards again")
            suffix = Path(row["path"]).suffix.lower()
            about = {name: row[name] for name in ("label", "group", "split", "path") if row[name] is not None}
            _add(tar, f"{row['key']}{suffix if suffix in IMAGES else OTHER_SUFFIX}", content)
            _add(tar, f"{row['key']}.json", json.dumps(about, sort_keys=True).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of no time and no owner
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
