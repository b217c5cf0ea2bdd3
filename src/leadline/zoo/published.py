"""The errors that the papers report, in percent, each with its data and its test protocol; see docs/models.md."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedError:
    """`top1` and `top5` in percent, None where not reported; `protocol` is how the images were presented."""

    top1: float | None
    top5: float | None
    data: str
    protocol: str


PUBLISHED_ERRORS: dict[str, tuple[PublishedError, ...]] = {}
