"""What the trainings of an experiment of the lab came to, and the ledger of such results, typed."""

import msgspec

LEDGER_SCHEMA = 1  # raised whenever the meaning of a field changes


class Point(msgspec.Struct, frozen=True):
    """Errors, as shares, after so many steps: on the training images while it trains, and on images it never sees."""

    step: int
    train_error: float
    test_error: float


class TrainingRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One network trained from one seed. The errors are those of the finished network."""

    network: str  # as the experiment calls it
    model: str  # as the catalogue does
    seed: int
    parameters: int
    multiply_adds: int
    steps: int
    seconds: float
    train_error: float
    test_error: float
    curve: tuple[Point, ...] = ()
    # Of inception modules: how much of each branch the following layers use, per channel; 1 where all are used alike.
    branches: dict[str, dict[str, float]] = {}


class Made(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When, where and how something was measured."""

    time: str  # ISO 8601, in UTC
    machine: str = ""
    revision: str | None = None
    command: str = ""


class ExperimentResult(msgspec.Struct, frozen=True, kw_only=True):
    """The trainings of one experiment, on `images` training images of `data` per seed."""

    id: str
    setting: str  # "small" or "full"
    data: str
    images: int
    tests: int
    size: int  # pixels, height and width
    trainings: tuple[TrainingRecord, ...]
    made: Made

    @property
    def seconds(self) -> float:
        return sum(training.seconds for training in self.trainings)


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Results of experiments, one per id and setting."""

    results: tuple[ExperimentResult, ...]
    schema: int = LEDGER_SCHEMA
