"""What becomes of data that are unfit for training: an error at once or, in `leadline check`, one complaint of many."""

from dataclasses import dataclass
from typing import Protocol

from leadline.errors import LeadlineError

# Characters of a file's content that a message repeats.
LONGEST = 200


class Refuse(Protocol):
    """Told what is wrong and which paths, relative to the data, it is about; where it does not raise, the reader goes
    on with what there is."""

    def __call__(self, message: str, /, *paths: str) -> None: ...


@dataclass(frozen=True)
class Complaint:
    """What a reader refused."""

    message: str
    paths: tuple[str, ...] = ()


def refuse_at_once(message: str, *paths: str) -> None:
    raise LeadlineError(message)


def cut(text: str) -> str:
    """What a file holds, as a message repeats it: its beginning where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
