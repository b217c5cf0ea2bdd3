"""metrics.json and environment.json of a run, typed."""

import msgspec

from leadline.evaluation.records import Answered, Calibration, Recalibration, SeedSpread, SplitMetrics
from leadline.pretrained.torchvision_files import Pretrained

METRICS_SCHEMA = 1  # raised whenever the meaning of a field changes
METRICS = "metrics.json"


class HardwareRecord(msgspec.Struct, frozen=True):
    """What computed."""

    device: str = ""
    precision: str = ""
    threads: int = 0
    processor: str = ""
    instructions: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The machine and the versions; of a run, with what it was made of."""

    python: str = ""
    system: str = ""
    cores: int | None = None
    packages: dict[str, str] = {}
    revision: str | None = None
    source_sha256: str = ""
    hardware: HardwareRecord = HardwareRecord()
    data_root: str = ""
    data_fingerprint: str = ""
    command: str = ""


class SecondsPerImage(msgspec.Struct, frozen=True):
    """On this machine."""

    training: float
    prediction: float


class LeftOut(msgspec.Struct, frozen=True):
    """An image that could not be used, and why."""

    path: str
    error: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a network is, and what it costs per image."""

    name: str
    family: str
    year: int
    depth: int
    deviates: str
    parameters: int
    multiply_adds: int
    size: int  # pixels, height and width of what it works on


class Folds(msgspec.Struct, frozen=True, kw_only=True):
    """A cross-validation."""

    folds: int
    repeats: int
    images: int
    accuracy_of_folds: tuple[tuple[float, ...], ...]  # a row per repeat
    repeats_spread: SeedSpread | None = None


class PenaltyTried(msgspec.Struct, frozen=True):
    penalty: float
    log_loss: float


class HeadFit(msgspec.Struct, frozen=True, kw_only=True):
    """The fit of a last layer alone."""

    parameters: int
    penalty: float
    tried: tuple[PenaltyTried, ...]
    iterations: int
    converged: bool


class RunMetrics(Description, frozen=True, kw_only=True):
    """metrics.json of a run. With folds, "validation" is of the out-of-fold predictions."""

    schema: int = METRICS_SCHEMA
    classes: tuple[str, ...] = ()
    pretrained: Pretrained | None = None
    head: HeadFit | None = None
    validation: SplitMetrics | None = None
    test: SplitMetrics | None = None
    calibration: Calibration | None = None
    folds: Folds | None = None
    looks_at_test: int
    seconds_per_image: SecondsPerImage
    training_seconds: float
    peak_memory_bytes: int | None = None
    left_out: tuple[LeftOut, ...] = ()


class ProtocolRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How images were looked at; `scales` are short sides in pixels."""

    name: str
    size: int
    scales: tuple[int, ...] = ()
    views: int = 1  # of each image
    averaged: str | None = None


class EvaluationMetrics(SplitMetrics, frozen=True, kw_only=True):
    """metrics.json of a later evaluation."""

    data: str
    data_fingerprint: str
    protocol: ProtocolRecord
    temperature: float | None = None
    calibration: Recalibration | None = None
    answered: Answered | None = None
