"""What becomes of data that are unfit for training: an error at once or, in `leadline check`, one complaint of many."""

from collections.abc import Callable

from leadline.errors import LeadlineError

# Told what is wrong; where it does not raise, the reader goes on with what there is.
Refuse = Callable[[str], None]


def refuse_at_once(message: str) -> None:
    raise LeadlineError(message)
