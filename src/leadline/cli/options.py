"""The options that several verbs share, each said once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

Data = Annotated[
    str,
    Parameter(
        help="A folder of class folders (with or without train/val/test above them), a CSV, TSV or Parquet table with "
        "path,label[,group,split] (or path:NAME for each channel), an ImageNet (ILSVRC-2012) root, or a built-in name: "
        "digits, fashion-mnist, cifar10."
    ),
]
Out = Annotated[Path | None, Parameter(help="The folder to write; it must not exist. [default: numbered, under runs/]")]
DryRun = Annotated[
    bool, Parameter(negative=(), help="Say what would be done and how long it would take here; train nothing.")
]
MinConfidence = Annotated[
    float | None,
    Parameter(help="Leave answers whose probability is below this open; from 0 to 1. [default: answer always]"),
]
Json = Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train; whatever is left out is chosen to fit the data and the network."""

    recipe: Annotated[
        Path | None,
        Parameter(
            help="A TOML file with settings, or a paper's recipe by its name: alexnet-2012, vgg-2014, nin-2014, "
            "googlenet-2014, resnet-2015, resnet-cifar-2015, resnet110-cifar-2015, resnext-2017, resnext-cifar-2017, "
            "densenet-2017, densenet-cifar-2017. Options overrule it; --epochs or --minutes shorten all of it."
        ),
    ] = None
    epochs: Annotated[float | None, Parameter(help="How often each training image is seen.")] = None
    minutes: Annotated[
        float | None,
        Parameter(help="How long to train here, all networks together; turned into a number of steps once, before."),
    ] = None
    size: Annotated[int | None, Parameter(help="Height and width in pixels of what the network sees.")] = None
    batch_size: Annotated[int | None, Parameter(help="Images per step.")] = None
    learning_rate: Annotated[float | None, Parameter(help="The highest of the schedule.")] = None
    augment: Annotated[
        str | None,
        Parameter(
            help="What may be done to an image without changing its class: none, shift (moved a little), flip (and "
            "mirrored: photographs), dihedral (and turned: cells, tiles); for few images with +strong behind it (also "
            "turned a little, scaled, lit otherwise, covered in part); or a paper's: cifar, alexnet, vgg, resnet, "
            "googlenet, resnext. [default: shift]"
        ),
    ] = None
    seed: Annotated[int | None, Parameter(help="Of initialisation, order, augmentation and dropout. [default: 0]")] = (
        None
    )
    split_seed: Annotated[
        int | None, Parameter(help="Of the split into training, validation and test. [default: 0]")
    ] = None
    group: Annotated[
        str | None,
        Parameter(
            help="The patient, plate or slide, which is then never divided between splits: a column of the table; "
            "folder:-1, the folder that holds the image (folder:-2, the one above it); or a regular expression "
            "searched in each path, whose first group it is."
        ),
    ] = None
    channels: Annotated[
        str | None,
        Parameter(
            help="Which channels, and in which order: 0,2,4 (counted from 0), or the names of a table's columns "
            "path:NAME. [default: all]"
        ),
    ] = None
    project: Annotated[
        str | None,
        Parameter(help="What a stack in depth becomes: max or mean over its planes. [default: it is refused]"),
    ] = None
    intensity: Annotated[
        str | None,
        Parameter(
            help="What becomes 0 and 1: dtype (the type's full range), range LOW HIGH, or percentile LOW HIGH (per "
            "channel, of the training images). [default: dtype]"
        ),
    ] = None
    test_group: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=True,
            negative=(),
            help="Values of --group that are the test split: leave a site, a plate or a scanner out.",
        ),
    ] = None
    folds: Annotated[
        int | None,
        Parameter(
            help="Cross-validation for small data sets: so many networks, of which each judges the images that it did "
            "not see, and a last one trained on all."
        ),
    ] = None
    repeats: Annotated[int | None, Parameter(help="Of the cross-validation, each with other folds.")] = None
    balance: Annotated[
        str | None,
        Parameter(help="For classes of unequal size: none, weights (in the loss), sampling. [default: none]"),
    ] = None


def quoted(arguments: list[str]) -> list[str]:
    """`--intensity range 0 4095` as one argument, for whoever leaves out the quotes."""
    for position, argument in enumerate(arguments[:-3]):
        if argument == "--intensity" and arguments[position + 1] in ("range", "percentile"):
            end = position + 4
            return [*arguments[: position + 1], " ".join(arguments[position + 1 : end]), *arguments[end:]]
    return arguments


def given(settings: Settings | None) -> dict[str, Any]:
    """The settings as keyword arguments of a verb."""
    return vars(settings or Settings())


def refuse_beside_resume(**options: Any) -> None:
    """--resume goes on with what was begun; UsageError where something else was asked for too."""
    from leadline.errors import UsageError

    ignored = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if ignored:
        raise UsageError(f"--resume goes on with what was begun; leave out {', '.join(ignored)}")
