"""What an audit finds: problems, each with the images that it is about and a way out (DESIGN §8)."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal["error", "warning", "hint"]
# error: wrong, or makes every figure wrong · warning: worth mending before a training · hint: worth knowing.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")

# In the order in which they are told, worst severity first.
KINDS = {
    "source": "how the data lie",
    "unreadable_file": "files that cannot be read",
    "misnamed_file": "files of another format than their name says",
    "overlooked_image": "images that are passed over",
    "nested_folders": "folders within folders",
    "single_class": "one class only",
    "class_too_small": "too few images of a class",
    "similar_class_names": "class names that are nearly the same",
    "unseen_characters": "class names with characters that cannot be seen",
    "class_imbalance": "classes of unequal size",
    "exact_duplicates": "copies of an image",
    "near_duplicates": "near-copies of an image",
    "divided_group": "groups in more than one split",
    "undeclared_groups": "groups that were not declared",
    "mixed_types": "images of several kinds",
    "mixed_sizes": "images of several sizes",
    "class_by_file": "files that give their class away",
    "constant_image": "images without content",
    "saturated_image": "saturated images",
    "empty_channel": "channels without content",
    "batch_effect": "the source shows in the pixels",
}


# Batches that have no effect are said to have one in this share of studies at most.
FALSE_ALARMS = 0.05


class Problem(msgspec.Struct, frozen=True):
    """One thing that was found."""

    kind: str  # of KINDS
    severity: Severity
    paths: tuple[str, ...]  # as the manifest has them; the images that it is about, those to look at first in front
    message: str  # what was found, in a sentence
    advice: str = ""  # what to do about it

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind


class BatchEffect(msgspec.Struct, frozen=True, kw_only=True):
    """How well thumbnails and intensities tell batches apart (audit.told_apart), of images of other groups."""

    selector: str  # what names an image's batch, as the person said it
    batches: int
    images: int
    balanced_accuracy: float
    low: float  # a 95 % interval
    high: float
    chance: float
    p_value: float | None  # that of no effect; None where batches cannot be told from the groups in them
    association_with_class: float  # Cramér's V: 0 independent, 1 the batch says the class
    groups: int  # 0 where none are known, and images are taken for independent
    left_out: int  # images of no batch, of one with fewer than FEWEST, or of one group that is a batch of its own

    @property
    def shown(self) -> bool:
        """Whether batches are told apart better than divisions of the same groups by chance are."""
        return self.p_value is not None and self.p_value <= FALSE_ALARMS


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and the problems counted."""

    data: str
    data_fingerprint: str
    images: int
    unreadable: int
    classes: dict[str, int]  # images of each
    splits: dict[str, int]  # images of each that there is
    groups: int
    errors: int
    warnings: int
    hints: int
    kinds: dict[str, int]  # problems of each kind that was found
    batch: BatchEffect | None = None  # where batches were named


class Audit(msgspec.Struct, frozen=True):
    """check.json (DESIGN §8): what was found in a data source, worst first, and what was looked at."""

    problems: tuple[Problem, ...]
    summary: Summary

    @property
    def unreadable(self) -> int:
        return self.summary.unreadable


def worst_first(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By severity, then in the order of KINDS; those of one kind as they were found."""
    order = list(KINDS)
    return tuple(sorted(problems, key=lambda one: (SEVERITIES.index(one.severity), order.index(one.kind))))


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first `most` names and how many more there are."""
    names = list(names)
    return ", ".join(names) if len(names) <= most + 1 else f"{', '.join(names[:most])} and {len(names) - most:,} more"


def counted(number: int, noun: str) -> str:
    """1 image, 2,000 images."""
    plural = f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
