"""What Leadline says when it cannot do what was asked. Every floor of the house may raise these."""


class LeadlineError(Exception):
    """Something that a person can mend. The message names what was found, what was expected and the way out."""


class UsageError(LeadlineError):
    """The request itself makes no sense (exit status 2), as opposed to one that could not be carried out (1)."""


class StorageError(LeadlineError):
    """A file could not be written: the disk is full, or may not be written to."""


class DataError(LeadlineError):
    """The images are not what they were when they were examined, or too few of them can be used: no network could be
    trained on them."""


class DivergenceError(LeadlineError):
    """The loss is no longer a finite number: the learning rate is too high for this network and these images."""
