"""What becomes of data that are unfit for training: an error at once or, in `leadline check`, one complaint of many."""

from collections.abc import Callable

from leadline.errors import LeadlineError

# Told what is wrong; where it does not raise, the reader goes on with what there is.
Refuse = Callable[[str], None]
# Characters of a file's content that a message repeats.
LONGEST = 200


def refuse_at_once(message: str) -> None:
    raise LeadlineError(message)


def cut(text: str) -> str:
    """What a file holds, as a message repeats it: its beginning where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
