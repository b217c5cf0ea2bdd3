"""What a person may decide about a training: each setting once, with its type, its limits and its help.

The command line, the Python verbs and recipe files share this table. `training.defaults.resolve` turns settings into a
Recipe, in which everything is decided.
"""

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypedDict, Union, get_args, get_origin, get_type_hints

from leadline.data.augment.policies import BALANCE, POLICIES
from leadline.errors import LeadlineError, UsageError

OPTIMIZERS = {"adamw": "AdamW (Loshchilov and Hutter 2019)", "sgd": "stochastic gradient descent with momentum"}
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
class Setting:
    """What is to be known of a setting besides its name and type."""

    help: str
    section: str = ""  # of a recipe file; "" for its top
    key: str = ""  # the name in that section, where it is another
    at_least: float = -math.inf
    above: float = -math.inf
    at_most: float = math.inf
    below: float = math.inf
    one_of: tuple[str, ...] = ()
    option: bool = True  # whether the command line has it; recipes and Python have all

    def refuse(self, name: str, value: Any) -> None:
        """UsageError where `value` is not allowed."""
        if self.one_of and value not in self.one_of:
            raise UsageError(f"{name} = {value!r}: expected one of {', '.join(self.one_of)}")
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not (
                self.at_least <= number <= self.at_most and self.above < number < self.below
            ):
                raise UsageError(f"{name} = {value}: expected {self.limits}")

    @property
    def limits(self) -> str:
        """In words."""
        lower = f"at least {self.at_least:g}" if self.at_least > -math.inf else ""
        lower = lower or (f"more than {self.above:g}" if self.above > -math.inf else "")
        upper = f"at most {self.at_most:g}" if self.at_most < math.inf else ""
        upper = upper or (f"less than {self.below:g}" if self.below < math.inf else "")
        return " and ".join(filter(None, (lower, upper)))


class SettingsDict(TypedDict, total=False):
    """Settings by name; None, or leaving one out, means: choose what fits the data and the network."""

    recipe: Annotated[
        str | Path | None,
        Setting(
            "A TOML file with settings, or a paper's recipe by its name: alexnet-2012, vgg-2014, nin-2014, "
            "googlenet-2014, resnet-2015, resnet-cifar-2015, resnet110-cifar-2015, resnext-2017, resnext-cifar-2017, "
            "densenet-2017, densenet-cifar-2017. Options overrule it; --epochs or --minutes shorten it as a whole."
        ),
    ]
    epochs: Annotated[float | None, Setting("How often each training image is seen.", "schedule", above=0)]
    minutes: Annotated[
        float | None,
        Setting(
            "How long to train here; of compare, the whole command. Costs are measured and turned into steps.",
            "schedule",
            above=0,
        ),
    ]
    steps: Annotated[int | None, Setting("Updates of the weights.", "schedule", at_least=1, option=False)]

    size: Annotated[int | None, Setting("Height and width in pixels of what the network sees.", "data", at_least=1)]
    split_seed: Annotated[
        int | None, Setting("Seed of the split into training, validation and test. [default: 0]", "data")
    ]
    group: Annotated[
        str | None,
        Setting(
            "The patient, plate or slide, which is then never divided between splits: a column of the table; "
            "folder:-1, the folder that holds the image (folder:-2, the one above it); or a regular expression "
            "searched in each path, whose first group is the value.",
            "data",
        ),
    ]
    test_group: Annotated[
        list[str] | tuple[str, ...] | None,
        Setting("Values of --group that are the test split: leave a site, a plate or a scanner out.", "data"),
    ]
    folds: Annotated[
        int | None,
        Setting(
            "Cross-validation for small data sets: so many networks, each judged on the images that it did not see, "
            "and a last one trained on all of them. 0: a validation split.",
            "data",
            at_least=0,
        ),
    ]
    repeats: Annotated[
        int | None, Setting("Repeats of the cross-validation, each with other folds.", "data", at_least=1)
    ]
    balance: Annotated[
        str | None,
        Setting(
            "For classes of unequal size: none, weights (in the loss), sampling. [default: none]",
            "data",
            one_of=tuple(BALANCE),
        ),
    ]
    channels: Annotated[
        str | None,
        Setting(
            "Which channels, and in which order: 0,2,4 (counted from 0), or the names of a table's columns path:NAME. "
            "[default: all]",
            "data",
        ),
    ]
    project: Annotated[
        str | None,
        Setting("What a stack in depth becomes: max or mean over its planes. [default: it is refused]", "data"),
    ]
    intensity: Annotated[
        str | None,
        Setting(
            "What becomes 0 and 1: dtype (the type's full range), range LOW HIGH, or percentile LOW HIGH (per channel, "
            "of the training images). [default: dtype]",
            "data",
        ),
    ]

    augment: Annotated[
        str | None,
        Setting(
            "What may be done to an image without changing its class: none, shift (moved a little), flip (and "
            "mirrored: photographs), dihedral (and turned: cells, tiles); for few images with +strong behind it (also "
            "turned a little, scaled, lit otherwise, covered in part); or a paper's: cifar, alexnet, vgg, resnet, "
            "googlenet, resnext. [default: shift]",
            "augment",
            "policy",
            one_of=tuple(POLICIES),
        ),
    ]

    optimizer: Annotated[
        str | None, Setting("adamw or sgd. [default: adamw; sgd in the papers' recipes]", "optimizer", "name",
                            one_of=tuple(OPTIMIZERS))
    ]  # fmt: skip
    batch_size: Annotated[int | None, Setting("Images per step.", "optimizer", at_least=2)]
    learning_rate: Annotated[float | None, Setting("Peak learning rate.", "optimizer", above=0)]
    seed: Annotated[int | None, Setting("Seed of initialisation, order, augmentation and dropout. [default: 0]")]

    momentum: Annotated[
        float | None,
        Setting("Of SGD; the first moment's decay of AdamW.", "optimizer", at_least=0, below=1, option=False),
    ]
    second_momentum: Annotated[
        float | None, Setting("The second moment's decay of AdamW.", "optimizer", at_least=0, below=1, option=False)
    ]
    nesterov: Annotated[bool | None, Setting("Whether SGD looks ahead.", "optimizer", option=False)]
    weight_decay: Annotated[float | None, Setting("Of weights.", "optimizer", at_least=0, option=False)]
    decay_norms_and_biases: Annotated[
        bool | None, Setting("Whether weight decay is of all parameters.", "optimizer", option=False)
    ]
    longest_gradient: Annotated[
        float | None,
        Setting(
            "Norm over all parameters; longer ones are cut (Pascanu et al. 2013). 0: none is.",
            "optimizer",
            at_least=0,
            option=False,
        ),
    ]
    label_smoothing: Annotated[
        float | None, Setting("Of the cross-entropy.", "optimizer", at_least=0, below=1, option=False)
    ]
    auxiliary_weight: Annotated[
        float | None,
        Setting("Of each auxiliary head's loss (Szegedy et al. 2014, §5).", "optimizer", at_least=0, option=False),
    ]
    bias_rate: Annotated[
        float | None, Setting("The biases' learning rate, as a multiple.", "optimizer", above=0, option=False)
    ]
    last_layer_rate: Annotated[
        float | None, Setting("The last layer's learning rate, as a multiple.", "optimizer", above=0, option=False)
    ]
    drop_rate: Annotated[
        float | None,
        Setting(
            "Dropout of a DenseNet; 0.2 in its paper where images are not augmented.", at_least=0, below=1, option=False
        ),
    ]
    averaged: Annotated[
        float | None,
        Setting(
            "Fraction of the steps, at the end, over which the classifier's weights are the mean.",
            "optimizer",
            at_least=0,
            at_most=1,
            option=False,
        ),
    ]

    schedule: Annotated[
        str | None, Setting("Of the learning rate.", "schedule", "shape", one_of=tuple(SCHEDULES), option=False)
    ]
    warmup: Annotated[float | None, Setting("Fraction of the steps.", "schedule", at_least=0, at_most=1, option=False)]
    warmup_rate: Annotated[
        float | None,
        Setting("The same throughout the warm-up (He et al. 2015, §4.2); 0: it rises from zero.", "schedule",
                at_least=0, option=False),
    ]  # fmt: skip
    drops: Annotated[
        list[float] | tuple[float, ...] | None,
        Setting(
            'Fractions of the steps at which the rate falls, with "steps".', "schedule", above=0, below=1, option=False
        ),
    ]
    drop_factor: Annotated[
        float | None, Setting("What the rate is multiplied by each time.", "schedule", above=0, below=1, option=False)
    ]
    drop_every: Annotated[
        float | None, Setting('Fraction of the steps, with "exponential".', "schedule", at_least=0, at_most=1,
                              option=False)
    ]  # fmt: skip


def declared(settings: type = SettingsDict) -> dict[str, tuple[Any, Setting]]:
    """Name → type (without None) and Setting, of a TypedDict such as SettingsDict."""
    found = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        kind, about = get_args(hint)
        members = [one for one in get_args(kind) if one is not NoneType]
        if get_origin(kind) in (Union, UnionType):
            kind = Union[tuple(members)]  # noqa: UP007  # of a number of members that is known here only
        found[name] = (kind, about)
    return found


SETTINGS = declared()
# Of a recipe file, besides: what `train` has arguments of its own for.
_OTHERS: dict[str, tuple[Any, Setting]] = {
    "model": (str, Setting("The network.")),
    "weights": (str, Setting("Trained weights to begin with.")),
    "weights_sha256": (str, Setting("Of their file.")),
    "tune": (str, Setting("What of a network with weights is trained.", one_of=tuple(TUNE))),
    "data": (str, Setting("What to train on, as the person named it.", "data", "source")),
}
IN_FILES = {name: about for name, about in {**_OTHERS, **SETTINGS}.items() if name != "recipe"}
LENGTHS = ("steps", "epochs", "minutes")
# Settings that may name a file or folder, and how a byte of its name that is no UTF-8 is written.
PATHS, ESCAPED = {"data", "weights"}, re.compile(r"\\u(dc[89a-f][0-9a-f])")


def path_of(name: str) -> tuple[str, str]:
    """The section of a recipe file in which a setting stands ("" for the top), and its name there."""
    about = IN_FILES[name][1]
    return about.section, about.key or name


def read_settings(file: Path) -> dict[str, Any]:
    """The settings in a TOML file by their names here, checked for names, types and limits.

    In sections, as Leadline writes them, or all on top as earlier, when a learning rate was always SGD's.
    """
    try:
        document = tomllib.loads(file.read_text("utf-8-sig"))  # Windows' editors begin with a byte order mark
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such recipe") from None
    except OSError as error:
        raise LeadlineError(f"{file}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML, which is UTF-8 ({error}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise LeadlineError(f"{file}: is not TOML ({error})") from error
    named = {path_of(name): name for name in IN_FILES}
    settings: dict[str, Any] = {}
    flat = not any(isinstance(value, dict) for value in document.values())
    for section, values in document.items():
        inside = values.items() if isinstance(values, dict) else [(section, values)]
        for key, value in inside:
            where = section if isinstance(values, dict) else ""
            name = named.get((where, key)) or (key if flat and key in IN_FILES else None)
            written = f"{where}.{key}" if where else key
            if name is None:
                raise UsageError(f"{file}: there is no setting {written!r}{_nearest(written)}")
            settings[name] = _typed(value, IN_FILES[name][0], f"{file}: {written}")
            IN_FILES[name][1].refuse(f"{file}: {written}", settings[name])
    for name in PATHS & set(settings):
        settings[name] = ESCAPED.sub(lambda byte: chr(int(byte[1], 16)), settings[name])
    if flat and "learning_rate" in settings:
        settings.setdefault("optimizer", "sgd")
    return settings


def _nearest(written: str) -> str:
    every = [".".join(filter(None, path_of(name))) for name in IN_FILES]
    near = difflib.get_close_matches(written, every, n=1) or [
        one for one in every if one.split(".")[-1] == written.split(".")[-1]
    ]
    return f"; did you mean {near[0]}?" if near else f" (there are {', '.join(every)})"


def _typed(value: Any, kind: Any, where: str) -> Any:
    """`value` of a TOML file as the setting's type."""
    if get_origin(kind) in (Union, UnionType):  # a list from Python or TOML, a tuple in a recipe
        member = get_args(get_args(kind)[0])[0]
        if not isinstance(value, list):
            raise UsageError(f"{where} = {value!r}: expected a list of {'texts' if member is str else 'numbers'}")
        return tuple(_typed(one, member, where) for one in value)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise UsageError(f"{where} = {value!r}: expected {kind.__name__}")
    return float(value) if kind is float else value


def collect(recipe: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a `recipe` file, overruled by those that are `given` (not None); UsageError where they clash."""
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        if isinstance(value, list):
            value = chosen[name] = tuple(value)
        if name in SETTINGS and name != "recipe":
            kind, setting = SETTINGS[name]
            chosen[name] = _typed(list(value) if isinstance(value, tuple) else value, kind, name)
            setting.refuse(name, chosen[name])
    settings = dict(recipe)
    if set(LENGTHS) & set(chosen):  # a length that is given replaces the one in the file, whatever its unit
        settings = {name: value for name, value in settings.items() if name not in LENGTHS}
    if settings.get("tune") == "head" and chosen.get("tune", "head") != "head":
        # what only a frozen body is trained with
        settings = {name: value for name, value in settings.items() if name not in {"augment", *LENGTHS}}
    settings |= chosen
    if len(set(LENGTHS) & set(settings)) > 1:
        raise UsageError(f"{' and '.join(sorted(set(LENGTHS) & set(settings)))}: give one of them only")
    return settings
