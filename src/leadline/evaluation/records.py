"""The numbers that evaluation finds, typed as metrics.json and comparison.json hold them."""

from typing import Literal

import msgspec
from msgspec import field

SplitName = Literal["test", "validation", "out-of-fold"]


class Estimate(msgspec.Struct, frozen=True):
    """A number with its 95 % interval and how that was made; None where there is no such number."""

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    n: int = 0  # images

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, where it has both."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class ClassMetrics(msgspec.Struct, frozen=True):
    """One class against the rest."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int  # images of this class


class AbstentionPoint(msgspec.Struct, frozen=True):
    """What is left where answers below `min_confidence` are left open."""

    min_confidence: float
    coverage: float  # share of the images that are answered
    accuracy: Estimate  # of the answers


class Answered(msgspec.Struct, frozen=True):
    """The same for the one threshold that was asked for."""

    min_confidence: float
    coverage: Estimate
    accuracy: Estimate


class ReliabilityBin(msgspec.Struct, frozen=True):
    """The answers whose probability lies between `low` and `high`."""

    low: float
    high: float
    confidence: float  # mean
    accuracy: Estimate


class SplitMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Every metric of one split. Of a part of something larger (a fold, a subset) only the accuracy is measured."""

    accuracy: Estimate
    top5: Estimate | None = None  # with more than five classes
    balanced_accuracy: Estimate | None = None
    macro_f1: Estimate | None = None
    auroc: Estimate | None = None
    average_precision: Estimate | None = None
    matthews_correlation: Estimate | None = None
    log_loss: Estimate | None = None
    brier_score: Estimate | None = None
    expected_calibration_error: Estimate | None = None
    per_class: dict[str, ClassMetrics] = {}
    confusion_matrix: tuple[tuple[int, ...], ...] = ()  # a row per true class, a column per answer
    abstention: tuple[AbstentionPoint, ...] = ()
    majority_baseline: float | None = None  # accuracy of always naming the largest class
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def of(self, name: str) -> Estimate | None:
        """The metric of that name."""
        estimate: Estimate | None = getattr(self, name)
        return estimate


class ProbabilityMetrics(msgspec.Struct, frozen=True):
    """The metrics that a temperature changes."""

    log_loss: Estimate
    brier_score: Estimate
    expected_calibration_error: Estimate


class Recalibration(msgspec.Struct, frozen=True):
    """Without a temperature and with it."""

    before: ProbabilityMetrics
    after: ProbabilityMetrics


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A temperature, the images that it was fitted on, and what it changed in each split."""

    temperature: float
    fitted_on: str
    n: int
    test: Recalibration | None = None
    validation: Recalibration | None = None
    out_of_fold: Recalibration | None = field(default=None, name="out-of-fold")


class SeedSpread(msgspec.Struct, frozen=True):
    """Accuracies of one network from several seeds, and the two reasons why another study would not find them again."""

    accuracy: float  # the mean over the seeds
    accuracies: tuple[float, ...]
    between_seeds: float  # standard deviation of the accuracy on the same images, from seed to seed
    between_images: float | None  # standard error of the mean accuracy over images, or groups; None for one group
    n: int  # images


class PairedDifference(msgspec.Struct, frozen=True):
    """The accuracy of the first minus that of the second, with its interval and McNemar's p-value."""

    value: float
    low: float
    high: float
    method: str
    n: int
    only_first: int  # images that only the first has right
    only_second: int
    p_value: float


class PairTest(PairedDifference, frozen=True, kw_only=True):
    """The difference of a pair of networks, its p-value corrected for the number of pairs."""

    first: str
    second: str
    p_value_holm: float


class CurvePoint(msgspec.Struct, frozen=True):
    """Accuracy with so many training images."""

    images: int
    accuracy: Estimate
    seeds: tuple[float, ...]  # accuracy of each seed


class Doubling(msgspec.Struct, frozen=True):
    """What the last step of a learning curve gained, as a share of 1."""

    before: int = field(name="from")  # images
    after: int = field(name="to")
    gain: float
    low: float
    high: float


class Forecast(msgspec.Struct, frozen=True):
    """Accuracy by the fitted law with so many training images."""

    images: int
    value: float
    low: float
    high: float


class Gain(msgspec.Struct, frozen=True):
    """A difference of accuracy, as a share of 1."""

    value: float
    low: float
    high: float


class Law(msgspec.Struct, frozen=True):
    """error(n) = end + fall · (n / images)^−exponent"""

    end: float
    fall: float
    exponent: float
    images: int


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Would more images help? `answer` is "yes", "hardly" or "cannot be said"."""

    answer: str
    reason: str
    network: str = ""
    steps: int | None = None  # of each training
    points: tuple[CurvePoint, ...] = ()
    last_doubling: Doubling | None = None
    law: Law | None = None
    forecast: tuple[Forecast, ...] = ()
    band: tuple[Forecast, ...] = ()
    gain_of_twice: Gain | None = None
    spread_of_trainings: float | None = None
