"""What a person may decide about a training: each setting once, with its type, its limits and its help.

The command line, the Python verbs and recipe files share this table. `training.defaults.resolve` turns settings into a
Recipe, in which everything is decided.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypedDict, Union, get_args, get_origin, get_type_hints

from leadline.data.augment.policies import BALANCE, POLICIES
from leadline.errors import UsageError

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
    epochs: Annotated[float | None, Setting("How many times each training image is seen.", "schedule", above=0)]
    minutes: Annotated[
        float | None,
        Setting(
            "How long to train on this machine; for compare, the time of the whole command. The speed is measured "
            "first, and the minutes become a number of steps.",
            "schedule",
            above=0,
        ),
    ]
    steps: Annotated[int | None, Setting("Updates of the weights.", "schedule", at_least=1, option=False)]

    size: Annotated[
        int | None,
        Setting("Height and width, in pixels, of the network's input.", "data", at_least=1),
    ]
    split_seed: Annotated[
        int | None, Setting("Seed of the split into training, validation and test. [default: 0]", "data")
    ]
    group: Annotated[
        str | None,
        Setting(
            "What names the patient, plate or slide of an image; images of one group stay in one split. A column of "
            "the table; folder:-1, the folder that holds the image (folder:-2, the one above it); or a regular "
            "expression searched in each path, whose first group is the value.",
            "data",
        ),
    ]
    test_group: Annotated[
        list[str] | tuple[str, ...] | None,
        Setting("Groups to test on, such as one site, plate or scanner: values of --group.", "data"),
    ]
    folds: Annotated[
        int | None,
        Setting(
            "Number of folds of a cross-validation, for small data sets: each network is judged on the fold that it "
            "was not trained on; a last one is trained on all images. 0: a validation split instead.",
            "data",
            at_least=0,
        ),
    ]
    repeats: Annotated[
        int | None,
        Setting("How often the cross-validation is repeated, with other folds.", "data", at_least=1),
    ]
    balance: Annotated[
        str | None,
        Setting(
            "For classes of unequal size: none, weights (rare classes weigh more in the loss) or sampling (rare "
            "classes are drawn more often). [default: none]",
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
        Setting("How a z-stack becomes one plane: max or mean over its planes. [default: stacks are refused]", "data"),
    ]
    intensity: Annotated[
        str | None,
        Setting(
            "Which intensities are scaled to 0 and 1: dtype (the full range of the type), range LOW HIGH, or "
            "percentile LOW HIGH (of each channel of the training images). [default: dtype]",
            "data",
        ),
    ]

    allow_outside: Annotated[
        bool | None,
        Setting("Read images that a table lists outside its own folder, too. No recipe can say this.", "data"),
    ]

    augment: Annotated[
        str | None,
        Setting(
            "Random changes of training images that keep their class: none; shift; flip (shift and mirror, for "
            "photographs); dihedral (shift, mirror and quarter turns, for cells and tiles); any of these with +strong, "
            "for few images (small rotations, scaling, contrast, erased parts); or a paper's: cifar, alexnet, vgg, "
            "resnet, googlenet, resnext. [default: shift]",
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
    sync_bn: Annotated[
        bool | None,
        Setting(
            "Where torchrun starts several processes: batch statistics of all their images together, on GPUs.",
            "optimizer",
        ),
    ]
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
            "Gradient clipping: the largest norm over all parameters (Pascanu et al. 2013). 0: no clipping.",
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
IN_FILES = {name: about for name, about in {**_OTHERS, **SETTINGS}.items() if name not in ("recipe", "allow_outside")}
