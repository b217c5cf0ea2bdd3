"""The recipe: every hyper-parameter of one training, as a TOML file that re-runs it."""

import difflib
import json
import re
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from leadline.data.augment import POLICIES
from leadline.data.balance import METHODS
from leadline.data.papers import decoded_size
from leadline.data.reading import Reading
from leadline.data.walking import shown
from leadline.errors import LeadlineError, UsageError

# After the warm-up, whatever the unit of the length: a training that is shortened falls in the same proportions.
SCHEDULES = {
    "cosine": "half a cosine to zero",
    "steps": "times drop_factor at each of the drops",
    "exponential": "times drop_factor every drop_every",
}
# What is trained of a network that begins with trained weights.
TUNE = {
    "all": "all of it",
    "head": "its last layer alone, on features that are computed once (training.head)",
    "gradual": "its last layer first, then what precedes it, stage after stage (training.tuning)",
}


@dataclass(frozen=True)
class Recipe:
    """SGD on cross-entropy; unless told otherwise with Nesterov momentum, a linear warm-up, a cosine, smoothed labels.

    The defaults are ours; what a paper did otherwise is in recipes/*.toml (training.published).
    """

    data: str  # what to train on, as the person named it
    model: str  # a name of the catalogue
    steps: int  # updates of the weights; a cosine reaches zero at the last one
    batch_size: int
    learning_rate: float  # the highest, after the warm-up
    size: int  # pixels, height and width of what the network sees
    augment: str  # data.augment.POLICIES
    seed: int = 0  # of the initialisation, the order, augmentation and dropout
    split_seed: int = 0  # of the split, so that networks and seeds can share one
    group: str = ""  # how to find the patient, plate or slide (data.grouping)
    test_group: tuple[str, ...] = ()  # the groups that are the test split
    folds: int = 0  # of a cross-validation in the place of a validation split; 0 for none
    repeats: int = 1  # of the cross-validation, each with other folds and seeds
    balance: str = "none"  # data.balance.METHODS
    channels: str = ""  # which of them, as "0,2,4" or by name; empty: all (data.reading)
    project: str = ""  # what a stack in depth becomes, "max" or "mean"; empty: it is refused
    intensity: str = "dtype"  # "dtype", "range LOW HIGH" or "percentile LOW HIGH"
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4  # of weights; of norms and biases with decay_norms_and_biases
    longest_gradient: float = 1.0  # norm over all parameters; longer ones are cut (Pascanu et al. 2013); 0: none is
    label_smoothing: float = 0.1
    warmup: float = 0.1  # fraction of the steps
    auxiliary_weight: float = 0.3  # of each auxiliary head's loss (Szegedy et al. 2014, §5)
    schedule: str = "cosine"  # SCHEDULES
    drops: tuple[float, ...] = ()  # fractions of the steps at which the rate falls, with "steps"
    drop_factor: float = 0.1  # what the rate is multiplied by each time
    drop_every: float = 0.0  # fraction of the steps, with "exponential"
    warmup_rate: float = 0.0  # the same throughout the warm-up (He et al. 2015, §4.2); 0: it rises from zero
    decay_norms_and_biases: bool = False  # whether weight decay is of all parameters
    bias_rate: float = 1.0  # the learning rate of biases, as a multiple
    last_layer_rate: float = 1.0  # that of the last layer
    weights: str = ""  # what it begins with, as zoo.create_model takes it; empty: initialised as its paper says
    weights_sha256: str = ""  # of their file, so that what is resumed or done again begins with the same
    tune: str = "all"  # TUNE; what is trained of it
    averaged: float = 0.0  # fraction of the steps, at the end, over which the classifier's weights are the mean

    def __post_init__(self) -> None:
        positive = ("steps", "batch_size", "learning_rate", "size")
        wrong = [name for name in positive if not getattr(self, name) > 0]
        if wrong:
            raise UsageError(f"{wrong[0]} = {getattr(self, wrong[0])}: must be more than 0")
        if self.batch_size < 2:
            raise UsageError(f"batch_size = {self.batch_size}: at least 2, of which batch normalisation takes the mean")
        if self.augment not in POLICIES:
            raise UsageError(f"augment = {self.augment!r}: expected one of {', '.join(POLICIES)}")
        if self.balance not in METHODS:
            raise UsageError(f"balance = {self.balance!r}: expected one of {', '.join(METHODS)}")
        if self.folds < 0 or self.folds == 1:
            raise UsageError(f"folds = {self.folds}: at least 2, or 0 for no cross-validation")
        if self.repeats < 1 or (self.repeats > 1 and not self.folds):
            raise UsageError(f"repeats = {self.repeats}: at least 1, and of --folds")
        if self.tune not in TUNE:
            raise UsageError(f"tune = {self.tune!r}: expected one of {', '.join(TUNE)}")
        if self.tune != "all" and not self.weights:
            raise UsageError(f"tune = {self.tune!r}: is for a network with trained weights; name them with --weights")
        self._check_schedule()
        _ = self.reading

    def _check_schedule(self) -> None:
        if self.schedule not in SCHEDULES:
            raise UsageError(f"schedule = {self.schedule!r}: expected one of {', '.join(SCHEDULES)}")
        for name, kind in (("drops", "steps"), ("drop_every", "exponential")):
            value = getattr(self, name)
            if bool(value) != (self.schedule == kind):
                raise UsageError(f"{name} = {value}: belongs to schedule = {kind!r}, which needs it, and to no other")
        if list(self.drops) != sorted(set(self.drops)) or not all(0 < drop < 1 for drop in self.drops):
            raise UsageError(f"drops = {list(self.drops)}: fractions of the length, each larger than the one before")
        limits = {
            "drop_factor": (0 < self.drop_factor < 1, "more than 0 and less than 1"),
            "drop_every": (0 <= self.drop_every <= 1, "a fraction of the length"),
            "averaged": (0 <= self.averaged <= 1, "a fraction of the length"),
            "warmup_rate": (self.warmup_rate >= 0, "not less than 0"),
            "longest_gradient": (self.longest_gradient >= 0, "not less than 0; 0 for no limit"),
            "bias_rate": (self.bias_rate > 0, "more than 0"),
            "last_layer_rate": (self.last_layer_rate > 0, "more than 0"),
        }
        for name, (fits, limit) in limits.items():
            if not fits:
                raise UsageError(f"{name} = {getattr(self, name)}: expected {limit}")

    @property
    def title(self) -> str:
        """What it is called beside others: the network's name, with "-frozen" where only its last layer is trained."""
        return f"{self.model}-frozen" if self.frozen else self.model

    @property
    def frozen(self) -> bool:
        """Whether its last layer alone is trained, on features that are computed once."""
        return self.tune == "head"

    @property
    def decoded_size(self) -> int:
        """Pixels, height and width, at which training images are decoded; more than `size` where crops need it."""
        return decoded_size(self.augment, self.size)

    @property
    def reading(self) -> Reading:
        return Reading.of(vars(self))

    def write(self, file: Path, *, remark: str = "") -> None:
        """Write as TOML, with `remark` in a comment on top.

        TOML is UTF-8, and the name of a folder need not be: a byte that is none becomes \\udce4, which `read_settings`
        takes for it again.
        """
        lines = [f"# {line}" for line in remark.splitlines()]
        # JSON, unless it is told to keep to ASCII, writes what TOML reads, but for one character.
        values = {name: json.dumps(_printable(value), ensure_ascii=False) for name, value in asdict(self).items()}
        lines += [f"{name} = {value}".replace("\x7f", "\\u007f") for name, value in values.items()]
        file.write_text("\n".join(lines) + "\n", "utf-8")

    @staticmethod
    def read(file: Path) -> "Recipe":
        """A complete recipe, as a run folder holds it."""
        values = read_settings(file)
        try:
            return Recipe(**values)
        except TypeError as error:
            raise LeadlineError(f"{file}: is no complete recipe ({error})") from error


# Settings that may name a file or folder, and how a byte of its name that is no UTF-8 is written.
PATHS, ESCAPED = ("data", "weights"), re.compile(r"\\u(dc[89a-f][0-9a-f])")
# What a person may write into a recipe besides its own fields: a length in other units, turned into steps once.
LENGTHS = {"epochs": float, "minutes": float}


def read_settings(file: Path) -> dict[str, Any]:
    """The settings in a TOML file, checked for names and types: any of the recipe's, `epochs` and `minutes`."""
    try:
        values = tomllib.loads(file.read_text("utf-8-sig"))  # Windows' editors begin with a byte order mark
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such recipe") from None
    except OSError as error:
        raise LeadlineError(f"{file}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML, which is UTF-8 ({error}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML ({error})") from error
    types = {field.name: field.type for field in fields(Recipe)} | LENGTHS
    for name, value in values.items():
        if name not in types:
            nearest = difflib.get_close_matches(name, types, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise UsageError(f"{file}: there is no setting {name!r}{hint} (there are {', '.join(types)})")
        expected = types[name]
        if expected == tuple[str, ...]:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise UsageError(f"{file}: {name} = {value!r}: expected a list of texts")
            values[name] = tuple(value)
            continue
        if expected == tuple[float, ...]:
            if not isinstance(value, list) or not all(type(one) in (int, float) for one in value):
                raise UsageError(f"{file}: {name} = {value!r}: expected a list of numbers")
            values[name] = tuple(map(float, value))
            continue
        assert isinstance(expected, type)
        if type(value) is not expected and not (expected is float and type(value) is int):
            raise UsageError(f"{file}: {name} = {value!r}: expected {expected.__name__}")
    values |= {name: ESCAPED.sub(lambda byte: chr(int(byte[1], 16)), values[name]) for name in PATHS if name in values}
    return {name: float(value) if types[name] is float else value for name, value in values.items()}


def _printable(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value
