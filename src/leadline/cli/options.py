"""The options that several verbs share, each said once."""

from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from leadline.inference.runtimes import AnyPrecision, EngineName
from leadline.training.settings import SETTINGS, SettingsDict

Data = Annotated[
    str,
    Parameter(
        help="A folder of class folders (with or without train/val/test above them), a CSV, TSV or Parquet table with "
        "path,label[,group,split] (or path:NAME for each channel), an ImageNet (ILSVRC-2012) root, shards (a folder of "
        "them, a pattern, or a URL: s3://, https://, hf://), or a built-in name: digits, fashion-mnist, cifar10."
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
Engine = Annotated[
    EngineName,
    Parameter(help="What computes: auto takes the fastest that is installed and has proved to give the same answers."),
]
Precision = Annotated[
    AnyPrecision,
    Parameter(
        help="Of the computing: auto takes bf16 where the processor has it. int8 is taken where validation images show "
        "that it costs less than a percentage point of accuracy."
    ),
]
AllowOutside = Annotated[
    bool, Parameter(negative=(), help="Read images that a table lists outside its own folder, too.")
]
Json = Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")]


def _option(name: str) -> tuple[str, Any, Any]:
    kind, setting = SETTINGS[name]
    several = name in ("test_group",)
    kind = {"recipe": Path, "test_group": list[str]}.get(name, kind)
    parameter = Parameter(help=setting.help, negative=(), consume_multiple=several)
    return name, Annotated[kind | None, parameter], field(default=None)


# How to train, from training.settings option by option; what is left out is chosen to fit the data and the network.
if TYPE_CHECKING:
    Settings = SettingsDict
else:
    Settings = make_dataclass(
        "Settings", [_option(name) for name, (_, setting) in SETTINGS.items() if setting.option], frozen=True
    )
    Settings.__module__ = __name__  # cyclopts takes a class of the standard library's modules for a built-in type
    Settings = Parameter(name="*")(Settings)


def quoted(arguments: list[str]) -> list[str]:
    """`--intensity range 0 4095` as one argument, for whoever leaves out the quotes."""
    for position, argument in enumerate(arguments[:-3]):
        if argument == "--intensity" and arguments[position + 1] in ("range", "percentile"):
            end = position + 4
            return [*arguments[: position + 1], " ".join(arguments[position + 1 : end]), *arguments[end:]]
    return arguments


def given(settings: Settings | None) -> SettingsDict:
    """The settings as keyword arguments of a verb."""
    return cast(SettingsDict, dict(vars(settings)) if settings is not None else {})


def refuse_beside_resume(**options: Any) -> None:
    """--resume goes on with what was begun; UsageError where something else was asked for too."""
    from leadline.errors import UsageError

    ignored = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if ignored:
        raise UsageError(f"--resume goes on with what was begun; leave out {', '.join(ignored)}")
