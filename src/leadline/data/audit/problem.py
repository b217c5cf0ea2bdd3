"""What an audit finds: problems, each with the images that it is about and a way out (DESIGN §8)."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

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


@dataclass(frozen=True)
class Problem:
    """One thing that was found."""

    kind: str  # of KINDS
    severity: Severity
    paths: tuple[str, ...]  # as the manifest has them; the images that it is about, those to look at first in front
    message: str  # what was found, in a sentence
    advice: str = ""  # what to do about it

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind


@dataclass(frozen=True)
class Audit:
    """What was found in a data source, worst first, and what was looked at."""

    problems: tuple[Problem, ...]
    summary: dict[str, Any]

    @property
    def unreadable(self) -> int:
        return int(self.summary["unreadable"])

    def as_dict(self) -> dict[str, Any]:
        """DESIGN §8's form of `check --json`."""
        problems = [{**asdict(problem), "paths": list(problem.paths)} for problem in self.problems]
        return {"problems": problems, "summary": self.summary}


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
