"""The recipe: every hyper-parameter of one training, as a TOML file that re-runs it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from leadline.data.augment.papers import decoded_size
from leadline.data.reading import Reading
from leadline.data.sources.walking import shown
from leadline.errors import LeadlineError, UsageError
from leadline.training.recipe_files import path_of, read_settings
from leadline.training.settings import IN_FILES
from leadline.writing import in_one_piece


@dataclass(frozen=True)
class Recipe:
    """What `training.settings` explains, all of it decided.

    The defaults are ours, of SGD; `training.defaults` has those of AdamW, and recipes/*.toml what the papers did.
    """

    data: str  # what to train on, as the person named it
    model: str  # a name of the catalogue
    steps: int  # updates of the weights; a cosine is zero at the step after the last
    batch_size: int
    learning_rate: float  # at its peak, after the warm-up
    size: int  # pixels, height and width of what the network sees
    augment: str  # data.augment.POLICIES
    seed: int = 0  # of the initialisation, the order, augmentation and dropout
    split_seed: int = 0  # of the split, so that networks and seeds can share one
    group: str = ""  # how to find the patient, plate or slide (data.split.grouping)
    test_group: tuple[str, ...] = ()  # the groups that are the test split
    folds: int = 0  # of a cross-validation in the place of a validation split; 0 for none
    repeats: int = 1  # of the cross-validation, each with other folds and seeds
    balance: str = "none"  # data.balance.METHODS
    channels: str = ""  # which of them, as "0,2,4" or by name; empty: all (data.reading)
    project: str = ""  # what a stack in depth becomes, "max" or "mean"; empty: it is refused
    intensity: str = "dtype"  # "dtype", "range LOW HIGH" or "percentile LOW HIGH"
    optimizer: str = "sgd"  # OPTIMIZERS
    momentum: float = 0.9  # of SGD; of AdamW, the decay of the first moment
    second_momentum: float = 0.99  # of AdamW, the decay of the second moment
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
    weights: str = ""  # what it begins with, as create_model takes it; empty: initialised as its paper says
    weights_sha256: str = ""  # of their file, so that what is resumed or done again begins with the same
    tune: str = "all"  # TUNE; what is trained of it
    drop_rate: float | None = None  # of a DenseNet's dropout; None: as its network has it
    sync_bn: bool = False  # whether batch statistics are of all processes' images, where several train
    averaged: float = 0.0  # fraction of the steps, at the end, over which the classifier's weights are the mean

    def __post_init__(self) -> None:
        for name, (_, setting) in IN_FILES.items():
            if hasattr(self, name):
                setting.refuse(name, getattr(self, name))
        if not self.size > 0:
            raise UsageError(f"size = {self.size}: must be more than 0")
        if self.folds == 1:
            raise UsageError("folds = 1: at least 2, or 0 for no cross-validation")
        if self.repeats > 1 and not self.folds:
            raise UsageError(f"repeats = {self.repeats}: repeats a cross-validation; give --folds too")
        if self.tune != "all" and not self.weights:
            raise UsageError(f"tune = {self.tune!r}: is for a network with trained weights; name them with --weights")
        for name, kind in (("drops", "steps"), ("drop_every", "exponential")):
            value = getattr(self, name)
            if bool(value) != (self.schedule == kind):
                raise UsageError(f"{name} = {value}: belongs to schedule = {kind!r}, which needs it, and to no other")
        if list(self.drops) != sorted(set(self.drops)):
            raise UsageError(f"drops = {list(self.drops)}: each must be larger than the one before")
        _ = self.reading

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
        """Write as TOML in sections, with `remark` in a comment on top.

        TOML is UTF-8, and the name of a folder need not be: a byte that is none becomes \\udce4, which `read_settings`
        takes for it again.
        """
        document: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if value is None:  # which TOML does not know
                continue
            section, key = path_of(name)
            value = shown(value) if isinstance(value, str) else value
            (document.setdefault(section, {}) if section else document)[key] = value
        # What stands on top of a TOML file comes before its sections.
        ordered = dict(sorted(document.items(), key=lambda item: isinstance(item[1], dict)))
        comment = "".join(f"# {line}\n" for line in remark.splitlines())
        with in_one_piece(file) as temporary:
            temporary.write_text(comment + tomli_w.dumps(ordered), "utf-8")

    @staticmethod
    def read(file: Path) -> "Recipe":
        """A complete recipe, as a run folder holds it."""
        values = read_settings(file)
        try:
            return Recipe(**values)
        except TypeError as error:
            missing = str(error).rpartition(": ")[2]
            raise LeadlineError(
                f"{file}: is no complete recipe, it lacks {missing}; put a copy of it back, or train again into a new "
                "folder"
            ) from error
