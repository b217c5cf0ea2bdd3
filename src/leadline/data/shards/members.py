"""One shard → its images in their order, streamed through Hugging Face `datasets`: nothing is kept on the disk."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from leadline.data.image import IMAGE_SUFFIXES, LARGEST
from leadline.data.shards.index import Shard, ShardIndex, climbs
from leadline.data.sources.tables import SPLIT_NAMES
from leadline.errors import LeadlineError

# Of an image whose file is not called as images are.
OTHER_SUFFIX = ".img"
IMAGES = IMAGE_SUFFIXES | {OTHER_SUFFIX}
# Columns of Parquet shards, the first that there is.
IMAGE_COLUMNS, LABEL_COLUMNS = ("image", "img"), ("label", "labels", "class")


@dataclass(frozen=True)
class Record:
    """An image of a shard, and what the shard says of it."""

    name: str  # of its member in the tar file, or of its row
    content: bytes  # of the image file
    label: str | None = None
    group: str | None = None
    split: str | None = None


def read(index: ShardIndex, shard: Shard, *split: str) -> Iterator[Record]:
    """The images of `shard` that are in one of the splits, each with its label, in order.

    Raises LeadlineError, with the shard and the member, for an image without a label or of an unknown class, a damaged
    file, and a shard that ends before the index says so.
    """
    url, found = index.url(shard), 0
    for record in records(url):
        found += 1
        own = split_of(record, shard, url)
        if own not in split:
            continue
        if record.label is None:
            raise LeadlineError(f"{url}: {record.name} has no label; add one to its .json or .cls, or take it away")
        if record.label not in index.classes:
            raise LeadlineError(f"{url}: {record.name} has the label {record.label!r}, which the index does not know")
        yield record
    expected = sum(shard.images.values())
    if found != expected:
        raise LeadlineError(
            f"{url}: ends after {found:,} images, but the index counts {expected:,}: it was cut off or changed; copy "
            "it again, or write the shards again"
        )


def split_of(record: Record, shard: Shard, url: str) -> str:
    """ "train", "validation" or "test": that of all images of the shard, or what the record says."""
    if len(shard.images) == 1:
        return next(iter(shard.images))
    if record.split is None:
        return shard.split
    known = SPLIT_NAMES.get(record.split.lower())
    if known is None:
        raise LeadlineError(
            f"{url}: {record.name} is in the split {record.split!r}; expected one of {', '.join(SPLIT_NAMES)}"
        )
    return known


def records(url: str) -> Iterator[Record]:
    """The images of the shard at `url`, a path or what fsspec opens; labels and splits may be missing.

    Raises LeadlineError, with the shard and the member, where it cannot be read or holds what is no image.
    """
    return _of_parquet(url) if url.endswith(".parquet") else _of_tar(url)


def _of_tar(url: str) -> Iterator[Record]:
    key = ""
    parts: dict[str, bytes] = {}
    for name, content in _members(url):
        if climbs(name):
            raise LeadlineError(f"{url}: the member {name!r} leads out of the shard; nothing is read from it")
        path = PurePosixPath(name)
        stem, _, suffix = path.name.partition(".")
        sample = str(path.with_name(stem)) if stem else name
        if sample != key and parts:
            yield _record(url, key, parts)
            parts = {}
        key = sample
        if suffix in parts:
            raise LeadlineError(f"{url}: has the member {name} twice; write it again")
        parts[suffix] = content
    if parts:
        yield _record(url, key, parts)


def _record(url: str, key: str, parts: dict[str, bytes]) -> Record:
    """A sample of WebDataset: members of one name, the image and what is known of it."""
    images = [suffix for suffix in parts if f".{suffix.rpartition('.')[2]}".lower() in IMAGES]
    if len(images) != 1:
        members = ", ".join(f"{key}.{suffix}" for suffix in parts)
        raise LeadlineError(
            f"{url}: {key} has {len(images) or 'no'} images ({members}); each sample needs one, of "
            f"{', '.join(sorted(IMAGES))}"
        )
    (suffix,) = images
    name, about = f"{key}.{suffix}", {}
    if "json" in parts:
        try:
            about = json.loads(parts["json"])
        except (ValueError, RecursionError) as error:
            raise LeadlineError(f"{url}: {key}.json is no JSON ({error}); write it again") from error
        if not isinstance(about, dict):
            raise LeadlineError(f"{url}: {key}.json holds no object with a label; write it again")
    label = about.get("label")
    if label is None and "cls" in parts:
        label = parts["cls"].decode("utf-8", "replace").strip()
    return Record(name, parts[suffix], _text(label), _text(about.get("group")), _text(about.get("split")))


def _members(url: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of the files in a tar file, in order."""
    last = ""
    with ExitStack() as opened:
        try:
            members = iter(library().StreamingDownloadManager().iter_archive(_opened(url, opened)))
        except Exception as error:  # whatever a damaged file, or the way to it, leads the library to
            raise unreadable(url, error) from error
        while True:
            try:
                found = next(members, None)
                if found is None:
                    return
                last, content = found[0], found[1].read(LARGEST + 1)
            except Exception as error:
                raise unreadable(url, error, after=last) from error
            if len(content) > LARGEST:
                raise LeadlineError(f"{url}: {last} is larger than {LARGEST / 2**30:g} GiB; cut it into tiles")
            yield last, content


def _opened(url: str, opened: ExitStack) -> Any:
    """What `datasets` takes: it opens files, the web and the hub itself, but s3fs not in a way that works."""
    if "://" not in url or url.startswith(("http://", "https://", "hf://")):
        return url
    import fsspec

    return opened.enter_context(fsspec.open(url, "rb"))


def _of_parquet(url: str) -> Iterator[Record]:
    datasets, number = library(), 0
    try:
        table = datasets.load_dataset("parquet", data_files={"train": [url]}, split="train", streaming=True)
        kinds = table.features or {}
        image = next((name for name in IMAGE_COLUMNS if name in kinds), None)
        label = next((name for name in LABEL_COLUMNS if name in kinds), None)
        if image and isinstance(kinds[image], datasets.Image):
            table = table.cast_column(image, datasets.Image(decode=False))
        rows = iter(table)
    except Exception as error:
        raise unreadable(url, error) from error
    if image is None:
        raise LeadlineError(f"{url}: has no column of images ({' or '.join(IMAGE_COLUMNS)}), but {', '.join(kinds)}")
    names = kinds[label].names if label and isinstance(kinds[label], datasets.ClassLabel) else None
    while True:
        try:
            row = next(rows, None)
        except Exception as error:
            raise unreadable(url, error, after=f"row {number - 1}" if number else "") from error
        if row is None:
            return
        yield _row(url, row, image, row.get(label) if label else None, names, number)
        number += 1


def _row(url: str, row: dict[str, Any], image: str, label: Any, names: list[str] | None, number: int) -> Record:
    cell = row[image]
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(content, bytes):
        raise LeadlineError(f"{url}: row {number} holds no image in its column {image}; write the shard again")
    known = (cell.get("path") if isinstance(cell, dict) else None) or row.get("path")
    suffix = PurePosixPath(str(known)).suffix.lower()
    name = f"row-{number:06d}{suffix if suffix in IMAGE_SUFFIXES else OTHER_SUFFIX}"
    if names is not None and label is not None:
        label = names[label] if 0 <= int(label) < len(names) else None  # -1: of a test set that keeps them secret
    return Record(name, content, _text(label), _text(row.get("group")), _text(row.get("split")))


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def unreadable(url: str, error: Exception, *, after: str = "") -> LeadlineError:
    """What to say of a shard whose reading ended in `error`."""
    reason = " ".join(str(error).split()) or type(error).__name__
    where = f" after {after}" if after else ""
    return LeadlineError(f"{url}: cannot be read{where} ({reason}); copy it again, or look at the way to it")


def library() -> Any:
    """Hugging Face `datasets`; LeadlineError where it is not installed. It is kept from counting its users."""
    try:
        import datasets
    except ImportError:
        raise LeadlineError('shards need Hugging Face datasets: pip install "leadline[stream]"') from None
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    datasets.disable_progress_bars()
    return datasets
