"""What looks like an identifier of a patient, plate or slide in the names of files and folders."""

import math
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from leadline.data.manifest import Manifest
from leadline.data.split.grouping import values_of

# A name is runs of letters, of digits, and of what stands between.
RUNS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
LETTERS, DIGITS, BETWEEN = r"[^\W\d_]+", r"\d+", r"(?:[^\w/]|_)+"
HEXADECIMAL = re.compile(r"[\da-f]+|[\dA-F]+")
SEPARATORS = "_- ."
# Identifiers are looked for in this many runs, or parts between separators, from the beginning.
LONGEST = 7
FEWEST_GROUPS, ENOUGH_GROUPS = 3, 10
# Most images must have a companion of their group in their own class and folder; else the "group" is a running number.
ACCOMPANIED = 0.5
# This share of the groups with several images must be in several classes to call the groups shared between classes.
SHARED = 0.2
# Numbers that are all multiples of this are places in a larger picture.
GRID = 8


@dataclass(frozen=True)
class LikelyGroup:
    where: str
    pattern: str  # for --group
    values: list[str]  # per image
    shared: bool  # whether groups are found in several classes

    @property
    def count(self) -> int:
        return len(set(self.values))

    @property
    def examples(self) -> list[str]:
        return [value for value, _ in sorted(Counter(self.values).most_common(3))]

    @property
    def quoted(self) -> str:
        """The pattern as a shell takes it."""
        return shlex.quote(self.pattern)


def likely_group(manifest: Manifest) -> LikelyGroup | None:
    """The coarsest likely grouping with enough groups to be divided into splits, else the finest; None without any."""
    table = manifest.table.drop_nulls("label")
    if len(table) != len(manifest.table) or len(table) < 2 * FEWEST_GROUPS:
        return None
    paths, labels = table["path"].to_list(), table["label"].to_list()
    enough: LikelyGroup | None = None
    largest: LikelyGroup | None = None
    for where, pattern in dict.fromkeys(_candidates(paths)):
        if not re.search(pattern, paths[0]):
            continue
        known = [value for value in values_of(pattern, paths=paths) if value is not None]
        if len(known) == len(paths):
            shared = _is_grouping(known, paths, labels)
            if shared is None:
                continue
            likely = LikelyGroup(where, pattern, known, shared)
            if likely.count >= ENOUGH_GROUPS and (enough is None or likely.count < enough.count):
                enough = likely
            elif largest is None or likely.count > largest.count:
                largest = likely
    return enough or largest


def _candidates(paths: list[str]) -> Iterator[tuple[str, str]]:
    """Where an identifier may stand, in words, and the expression that finds it there in every path."""
    yield "folder names", r"([^/]+)/[^/]+$"
    yield "folder names", r"([^/]+)/[^/]+/[^/]+$"
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in paths]
    if all(HEXADECIMAL.fullmatch(stem) for stem in stems):
        return  # numbers or hashes, whose letters separate nothing
    # Position → the different runs that names have there; the names' own lists of runs would be millions of texts.
    runs: list[set[str]] = [set() for _ in range(LONGEST)]
    shortest = LONGEST
    for stem in stems:
        own = RUNS.findall(stem)[:LONGEST]
        shortest = min(shortest, len(own))
        for here, run in zip(runs, own, strict=False):
            here.add(run)
    inside = ""
    for position, here in enumerate(runs[:shortest]):
        for kind in (LETTERS, DIGITS, BETWEEN):
            if all(re.fullmatch(kind, run) for run in here):
                inside += kind if kind == DIGITS else _word(here, first=position == 0) or kind
                if kind != BETWEEN:
                    yield "the beginnings of file names", rf"({inside})[^/]*$"
                break
        else:
            break
    for separator in SEPARATORS:
        part = rf"[^/{re.escape(separator)}]+"
        for parts in range(1, min((stem.count(separator) for stem in stems), default=0) + 1):
            if parts <= LONGEST:
                inside = re.escape(separator).join([part] * parts)
                yield "the beginnings of file names", rf"({inside}){re.escape(separator)}[^/]*$"


def _word(words: set[str], *, first: bool) -> str:
    """The word that all are, or that all end with and some are ("C" of C12 and ImageC12); "" where there is none."""
    shortest = min(words, key=len)
    common = all(word.endswith(shortest) for word in words) if first else len(words) == 1
    return re.escape(shortest) if common else ""


def _is_grouping(values: list[str], paths: list[str], labels: list[str]) -> bool | None:
    """Whether the groups are shared between classes; None where `values` are no likely groups at all."""
    count = len(set(values))
    with_digit = sum(any(map(str.isdigit, value)) for value in set(values)) / count
    if count < FEWEST_GROUPS or 2 * count > len(values) or (with_digit < 0.9 and count < ENOUGH_GROUPS):
        return None
    if _on_a_grid(set(values)):
        return None
    folders = [path.rpartition("/")[0] for path in paths]
    companions = Counter(zip(folders, labels, values, strict=True))
    if sum(size for size in companions.values() if size > 1) < ACCOMPANIED * len(values):
        return None
    classes, sizes = defaultdict(set), Counter(values)
    for value, label in zip(values, labels, strict=True):
        classes[value].add(label)
    several = [value for value, size in sizes.items() if size > 1]
    if sum(len(classes[value]) > 1 for value in several) >= SHARED * len(several):
        return True
    # Within the classes: finer than they are, and not a word that is another name of the class.
    fine = count >= FEWEST_GROUPS * len(set(labels)) and with_digit >= 0.9
    return False if fine else None


def _on_a_grid(values: set[str]) -> bool:
    """Whether the last number in each is a multiple of GRID: 0, 256, 512 … are coordinates of tiles."""
    numbers = [int(found[-1]) for value in values if (found := re.findall(r"\d+", value))]
    return len(set(numbers)) > 2 and math.gcd(*numbers) % GRID == 0
