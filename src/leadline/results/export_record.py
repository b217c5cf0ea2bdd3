"""What an exported classifier says of itself, in any format: what it is, what it takes, how it was verified."""

import msgspec

from leadline.wording import visible_json

EXPORT_SCHEMA = 1  # raised whenever the meaning of a field changes


class ExportVerification(msgspec.Struct, frozen=True, kw_only=True):
    """The exported model against the run's own network in single precision, on images of the run."""

    images: int
    batch_sizes: tuple[int, ...]
    largest_difference: float  # of a probability
    equal_answers: float  # share of 1
    limit: float  # a larger difference is refused


class ExportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Stored inside the exported file, or beside it as leadline.json.

    The model takes `images`, float32 (batch, channels, size, size): the intensities as they are in the file, after the
    resize that `preprocessing` describes. It scales and normalises them itself.
    """

    schema: int = EXPORT_SCHEMA
    format: str
    name: str  # of the run
    architecture: str
    classes: tuple[str, ...]
    preprocessing: dict[str, str | int | float | list[str] | list[int] | list[float]]
    temperature: float  # by which the model divides its logits
    inputs: str = "images: float32 (batch, channels, size, size), intensities as stored in the file"
    outputs: str = "logits and probabilities: float32 (batch, classes)"
    verification: ExportVerification | None = None
    leadline: str  # version


def to_json(record: ExportRecord, *, indent: int = 0) -> str:
    text = msgspec.json.encode(record)
    return visible_json((msgspec.json.format(text, indent=indent) if indent else text).decode())
