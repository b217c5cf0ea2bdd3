"""comparison.json, typed."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from leadline.evaluation.records import Estimate, LearningCurve, PairTest, SeedSpread, SplitMetrics, SplitName
from leadline.results.run_metrics import Description, Environment, LeftOut, SecondsPerImage

COMPARISON_SCHEMA = 2  # raised whenever the meaning of a field changes
COMPARISON = "comparison.json"

Certainty = Literal["shown", "likely", "best guess"]
Criterion = Literal["accuracy", "balanced_accuracy"]


class PairTests(msgspec.Struct, frozen=True, kw_only=True):
    """McNemar's exact test of every pair of networks, with Holm's correction."""

    split: str
    seed: int
    pairs: tuple[PairTest, ...]
    correction: str = "Holm"


class Standing(msgspec.Struct, frozen=True):
    """A network of the round that the answer rests on; losses are against the best, as shares of 1."""

    name: str
    estimate: Estimate  # of the criterion
    loss: float  # observed, against the best observed
    loss_bound: float  # with 95 % confidence, for all networks at once
    probability: float  # of losing less than the margin
    multiply_adds: float
    seconds_per_image: float  # of prediction, measured on this machine


class Answer(msgspec.Struct, frozen=True):
    """Which network to use, and how sure that is (evaluation.choice)."""

    name: str
    certainty: Certainty
    probability: float  # of losing less than the margin against the best
    guaranteed_loss: float  # with 95 % confidence, for all networks at once
    expected_loss: float
    best: str  # the most accurate observed
    indistinguishable: tuple[str, ...]  # from the best, besides the named one
    ruled_out: tuple[str, ...]
    spread: float  # standard deviation of the accuracy from one training to the next
    spread_assumed: bool
    networks: tuple[Standing, ...]  # by their time per image
    sentence: str = ""  # all of it in words


class Evidence(msgspec.Struct, frozen=True):
    """What the answer rests on."""

    kind: Literal["folds", "validation"]
    images: int  # judged by every network
    left_out: int  # images that not every network could judge
    groups: int | None  # patients, plates or slides, where there are any
    trainings: int  # of each network, that judged them: folds, or seeds
    folds_would_take: float | None = None  # minutes, where there are none because they take too long


# A folder below the comparison's, where trainings are written and removed: a file from elsewhere names no other.
Below: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(?![/\\]|[A-Za-z]:)(?!(.*[/\\])?\.\.([/\\]|$))")]


class RateTried(msgspec.Struct, frozen=True):
    """A learning rate that the heat tried for a network."""

    learning_rate: float
    run: Below  # its folder
    cross_entropy: float | None = None  # on the validation images, calibrated; None before its end, or where it failed


class NetworkResult(Description, frozen=True, kw_only=True):
    """One network in one round."""

    steps: int
    epochs: float
    learning_rate: float
    batch_size: int
    run: Below  # its folder
    runs: tuple[Below, ...] = ()  # one for each seed
    rates_tried: tuple[RateTried, ...] = ()  # in a heat that tried several, the usual one first
    metrics: dict[SplitName, SplitMetrics] = msgspec.field(
        default_factory=dict
    )  # "validation" or "out-of-fold", and "test"
    seconds_per_image: SecondsPerImage | None = None
    training_seconds: float = 0.0
    peak_memory_bytes: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()  # "never learned", "failed: …", "left after the heat, 23 points behind"
    failed: str = ""  # why its training failed


class Entrant(msgspec.Struct, frozen=True):
    """A network that a round is for; with weights, the last layer alone is trained."""

    name: Below  # as the comparison calls it, and the folder of its run
    model: str  # of the catalogue
    weights: str = ""
    weights_sha256: str = ""
    size: int = 0  # pixels that the weights were made for


class Round(msgspec.Struct, frozen=True):
    """Some networks, trained for an equal time; `networks` are those that have run, or run now."""

    kind: Literal["heat", "final"]
    networks: tuple[NetworkResult, ...] = ()
    entrants: tuple[Entrant, ...] = ()  # in the order in which they run
    folder: Below = ""  # of its runs
    folds: int = 0  # of a cross-validation; 0: judged on the validation split
    began_at: float = 0.0  # seconds of the whole command
    ends_at: float | None = None  # after which it should be over; None: by epochs
    folds_would_take: float | None = None  # minutes, where there are none because they take too long
    seconds: float = 0.0  # that it took


class LongerTraining(msgspec.Struct, frozen=True):
    """What the final's longer training of one network gained over the heat's, on the same images."""

    name: str
    steps_ratio: float
    difference: float  # of accuracy, as a share of 1
    low: float
    high: float


class ComparisonResult(msgspec.Struct, frozen=True, kw_only=True):
    """comparison.json. While the comparison runs, `answer` is None and rounds are as far as they have come."""

    schema: int = COMPARISON_SCHEMA
    data: str
    command: str
    created: str  # ISO date
    minutes: float | None = None  # that were asked for, last; None with --epochs
    settings: dict[str, Any] = {}  # of all networks alike (training.settings), without their length
    seeds: int = 1  # trainings of each network
    entrants: tuple[Entrant, ...] = ()  # all networks that the comparison is between
    epochs: float | None = None  # with --epochs
    margin: float
    criterion: Criterion = "accuracy"
    classes: tuple[str, ...] = ()
    images: dict[str, int] = {}  # usable ones of each split
    answer: Answer | None = None
    evidence: Evidence | None = None
    rounds: tuple[Round, ...] = ()
    gain: LongerTraining | None = None  # of the named network, where it ran in a heat too
    flattery: float | None = None  # by how much the best flatters itself, where no test split tells
    hint: str = ""  # what the person may try besides, such as a pretrained network, with its command
    with_tests: bool = False
    tests: PairTests | None = None
    seed_spreads: dict[str, dict[SplitName, SeedSpread]] = {}  # network → split → spread
    with_learning_curve: bool = False
    learning_curve: LearningCurve | None = None
    looks_at_test: int = 0
    environment: Environment = Environment()
    seconds: float = 0.0  # of the whole command so far

    @property
    def final(self) -> Round | None:
        """The round that the answer rests on, as far as it has come."""
        return self.rounds[-1] if self.rounds and self.rounds[-1].kind == "final" else None

    @property
    def heat(self) -> Round | None:
        return next((part for part in self.rounds if part.kind == "heat"), None)

    @property
    def named(self) -> NetworkResult | None:
        """The network that the answer names."""
        if self.answer is None or self.final is None:
            return None
        return next(network for network in self.final.networks if network.name == self.answer.name)

    @property
    def rates_tried(self) -> int:
        """Networks of which the heat tried several learning rates."""
        return sum(bool(network.rates_tried) for network in self.heat.networks) if self.heat else 0

    def rate_factor(self, name: str) -> float:
        """The learning rate that was best in the heat, times the network's usual one."""
        tried = next((one for one in self.heat.networks if one.name == name), None) if self.heat else None
        return tried.learning_rate / tried.rates_tried[0].learning_rate if tried and tried.rates_tried else 1.0

    def reached(self, network: NetworkResult) -> float | None:
        """The accuracy, or balanced accuracy, of a network by which networks are compared; None before its end."""
        judged = network.metrics.get("out-of-fold") or network.metrics.get("validation")
        estimate = judged.of(self.criterion) if judged else None
        return estimate.value if estimate else None
