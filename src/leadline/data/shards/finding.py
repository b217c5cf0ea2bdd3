"""From what a person names (a folder, a pattern, a URL) to an index of shards; one is made where there is none."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.keyed import generator
from leadline.data.shards.index import INDEX, Shard, ShardIndex
from leadline.data.shards.members import library, records, split_of, unreadable
from leadline.data.sources.tables import SPLIT_NAMES
from leadline.data.sources.walking import aside, folders_in, listing
from leadline.errors import LeadlineError
from leadline.progress import SILENT, Progress

SUFFIXES = (".tar", ".parquet")
# As WebDataset writes a row of numbered files: train-{000000..000146}.tar
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
MOST_FILES = 1_000_000
# Of the shards, what each split gets that they do not name.
HELD_OUT = 0.15


def is_shards(source: str | Path | None) -> bool:
    """Whether this names shards: a URL, a folder with an index or with nothing but shards, a pattern of them, a tar."""
    text = str(source)
    if source is None or "://" in text:
        return source is not None
    path = Path(text)
    if path.is_dir():
        return (path / INDEX).is_file() or _nothing_but_shards(path)
    return path.suffix == ".tar" or (path.suffix in SUFFIXES and any(sign in text for sign in "*?[{"))


def find_shards(source: str | Path, *, progress: Progress = SILENT) -> ShardIndex:
    """What is known of the shards that `source` names: their index.json or, without one, what reading them all once
    tells, with whole shards held out where they name no validation or test images.

    Raises LeadlineError where there are none, or where one cannot be read.
    """
    index = find_written(source)
    return index if index is not None else _examined(str(source), files_of(source), progress)


def files_of(source: str | Path) -> list[str]:
    """The paths or URLs of the shards that `source` names, in order: a file, a folder, a pattern, an hf:// data set."""
    text = str(source)
    if (index := find_written(text)) is not None:
        return [index.url(shard) for shard in index.shards]
    found = list(_expanded(text))
    if len(found) == 1 and not text.endswith(SUFFIXES):
        found = _listed(text)
    elif any(sign in text for sign in "*?[") and not Path(text).is_file():
        found = [file for pattern in found for file in _matches(pattern)]
    if not found:
        raise LeadlineError(
            f"{text}: no shards there ({' or '.join(SUFFIXES)}); name a folder, a pattern or an {INDEX}"
        )
    return found


def _expanded(text: str) -> Iterator[str]:
    found = BRACES.search(text)
    if found is None:
        yield text
        return
    first, last = int(found[1]), int(found[2])
    if not 0 <= last - first < MOST_FILES:
        raise LeadlineError(f"{text}: {found[0]} is no row of shards; expected such as {{000000..000146}}")
    for number in range(first, last + 1):
        yield from _expanded(f"{text[: found.start()]}{number:0{len(found[1])}d}{text[found.end() :]}")


def _listed(text: str) -> list[str]:
    """The shards in a folder, or in one of a store that can be listed; on the Hugging Face hub also in its folders."""
    if "://" not in text:
        return [str(file) for file in _shards_in(Path(text))] if Path(text).is_dir() else []
    if text.startswith(("http://", "https://")):
        raise LeadlineError(
            f"{text}: has no {INDEX}, and folders on the web cannot be listed; name the shards, as "
            "https://…/train-{000000..000146}.tar, or write them with leadline shard"
        )
    below = "**/" if text.startswith("hf://") else ""
    return [file for suffix in SUFFIXES for file in _matches(f"{text.rstrip('/')}/{below}*{suffix}")]


def _matches(pattern: str) -> list[str]:
    system, path = _file_system(pattern)
    try:
        found = sorted(system.glob(path))
    except Exception as error:
        raise unreadable(pattern, error) from error
    return [name if "://" not in pattern else system.unstrip_protocol(name) for name in map(str, found)]


def _nothing_but_shards(folder: Path) -> bool:
    """A table may lie beside the images of a folder, or beside its classes."""
    if not _shards_in(folder) or folders_in(folder):
        return False
    with listing(folder) as children:
        return not any(Path(child.name).suffix.lower() in IMAGE_SUFFIXES for child in children)


def name_of(source: str | Path) -> str:
    """What a folder that is about these shards may be called, on any system."""
    words = [word for word in re.split(r"[^\w.-]+", str(source).removesuffix(f"/{INDEX}")) if word.strip(".-")]
    return re.sub(r"\.(tar|parquet)$", "", words[-1]).strip(".-") or "shards" if words else "shards"


def _shards_in(folder: Path) -> list[Path]:
    with listing(folder) as children:
        return sorted(
            folder / child.name for child in children if child.name.endswith(SUFFIXES) and not aside(child.name)
        )


def _file_system(url: str) -> tuple[Any, str]:
    library()
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
    except Exception as error:  # no such protocol, or a library or a right that it lacks
        raise unreadable(url, error) from error
    return system, path


def find_written(source: str | Path) -> ShardIndex | None:
    """The index.json that `source` is or has in it; None where there is none."""
    text = str(source)
    if text.endswith(SUFFIXES) or BRACES.search(text):
        return None
    file = text if text.endswith(f"/{INDEX}") else f"{text.rstrip('/')}/{INDEX}"
    if "://" not in text:
        if not Path(file).is_file():
            return None
        content = Path(file).read_bytes()
    else:
        system, path = _file_system(file)
        try:
            content = system.cat_file(path)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise unreadable(file, error) from error
    root = file.removesuffix(f"/{INDEX}")
    root = root if "://" in root else str(Path(root).resolve())
    return ShardIndex.from_json(content, file=file, source=text, root=root)


def _examined(source: str, files: list[str], progress: Progress) -> ShardIndex:
    progress.note(f"{source}: has no {INDEX}, so all shards are read once to count them; leadline shard writes one")
    shards, labels = [], []
    with progress.task("counting", len(files)):
        for file in files:
            file = file if "://" in file else str(Path(file).resolve())
            shard = Shard(file, 0, {}, "", split=_split_in(file))
            content = hashlib.sha256()
            found: dict[str, Counter[str]] = {}
            size = 0
            for record in records(file):
                size += len(record.content)
                content.update(hashlib.sha256(record.content).digest() + repr(record.label).encode())
                if record.label is None:
                    raise LeadlineError(
                        f"{file}: {record.name} has no label; add one to its .json or .cls, or take it away"
                    )
                found.setdefault(split_of(record, shard, file), Counter())[record.label] += 1
            images = {split: counts.total() for split, counts in found.items()}
            shards.append(msgspec.structs.replace(shard, bytes=size, images=images, sha256=content.hexdigest()))
            labels.append(found)
            progress.advance()
    shards, labels = _with_held_out(source, shards, labels)
    counts: dict[str, Counter[str]] = {}
    for found in labels:
        for split, of_split in found.items():
            counts.setdefault(split, Counter()).update(of_split)
    classes = tuple(sorted(set().union(*counts.values())))
    if not classes:
        raise LeadlineError(f"{source}: its shards hold no images")
    sorted_labels = {split: dict(sorted(of_split.items())) for split, of_split in counts.items()}
    return ShardIndex(classes, sorted_labels, tuple(shards), source=source)


def _split_in(file: str) -> str:
    """The split that the name of a shard, or of its folder, says."""
    *_, folder, name = ["", *file.split("/")]
    for words in (name, folder):
        known = {SPLIT_NAMES[word] for word in re.split(r"[^a-z]+", words.lower()) if word in SPLIT_NAMES}
        if len(known) == 1:
            return known.pop()
    return "train"


def _with_held_out(
    source: str, shards: list[Shard], labels: list[dict[str, Counter[str]]]
) -> tuple[list[Shard], list[dict[str, Counter[str]]]]:
    """Whole training shards become the validation and test images where there are none."""
    wanted = [name for name in ("validation", "test") if not any(name in shard.images for shard in shards)]
    free = [number for number, shard in enumerate(shards) if set(shard.images) == {"train"}]
    if len(wanted) >= len(free) and wanted:
        raise LeadlineError(
            f"{source}: has no {' and no '.join(wanted)} images, and only {len(free)} training shards, of which whole "
            "ones would be held out; write more and smaller shards (leadline shard also splits), or say the splits"
        )
    drawn = [free[int(number)] for number in generator("held out").permutation(len(free))]
    each = max(1, min(round(HELD_OUT * len(free)), (len(free) - 1) // max(1, len(wanted))))
    for split in wanted:
        for number in [drawn.pop() for _ in range(each)]:
            shards[number] = msgspec.structs.replace(shards[number], images={split: shards[number].images["train"]})
            labels[number] = {split: labels[number]["train"]}
    return shards, labels
