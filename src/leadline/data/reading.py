"""How the images of a data set are to be read, in the words of a person: channels, stacks in depth, intensities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from leadline.data.formats.axes import Projection
from leadline.errors import UsageError

INTENSITIES = "dtype, range LOW HIGH or percentile LOW HIGH"


@dataclass(frozen=True)
class Reading:
    """The settings as the command line and a recipe hold them; UsageError where one makes no sense by itself."""

    channels: str = ""  # "0,2,4", or names ("dna,er") where each channel has a file of its own; empty: all
    project: str = ""  # what becomes of a stack in depth: "max" or "mean"; empty: it is refused
    intensity: str = "dtype"  # what becomes 0 and 1: INTENSITIES
    allow_outside: bool = False  # whether a table may list images that lie outside its own folder

    def __post_init__(self) -> None:
        wanted = self.wanted
        if "" in wanted:
            raise UsageError(f"--channels {self.channels}: expected channels with commas between them, such as 0,2,4")
        twice = next((name for name in wanted if wanted.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"--channels {self.channels}: names {twice} twice")
        if self.project not in ("", *get_args(Projection)):
            raise UsageError(f"--project {self.project}: expected {' or '.join(get_args(Projection))}")
        _ = self.limits

    @staticmethod
    def of(settings: Mapping[str, Any]) -> "Reading":
        """Those among other settings that are about reading."""
        own = [field.name for field in fields(Reading)]
        return Reading(**{name: settings[name] for name in own if settings.get(name) is not None})

    @property
    def wanted(self) -> tuple[str, ...]:
        """The channels that were asked for, as they were written; empty: all."""
        return tuple(name.strip() for name in self.channels.split(",")) if self.channels else ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """`wanted` as numbers, from 0, of the channels within a file; UsageError where it has names."""
        if not all(name.isdecimal() for name in self.wanted):
            raise UsageError(
                f"--channels {self.channels}: these images have all channels in one file, where they are numbered "
                "from 0, such as 0,2,4"
            )
        return tuple(map(int, self.wanted))

    def among(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `names` that were asked for: by name, or by number from 0 where no channel is called by a number."""
        if set(self.wanted) <= set(names):
            return self.wanted or names
        numbered = all(name.isdecimal() for name in self.wanted) and not any(name.isdecimal() for name in names)
        if numbered and max(self.numbers) < len(names):
            return tuple(names[number] for number in self.numbers)
        raise UsageError(f"--channels {self.channels}: choose among the channels {', '.join(names)}")

    @property
    def projection(self) -> Projection | None:
        return next((known for known in get_args(Projection) if known == self.project), None)

    @property
    def scaling(self) -> str:
        """ "dtype", "range" or "percentile"."""
        return (self.intensity.split() or ["dtype"])[0]

    @property
    def limits(self) -> tuple[float, float] | None:
        """LOW and HIGH, intensities or percentages; None with "dtype"."""
        words = self.intensity.split()
        if words in ([], ["dtype"]):
            return None
        wrong = UsageError(f"--intensity {self.intensity!r}: expected {INTENSITIES}")
        try:
            low, high = map(float, words[1:])
        except ValueError:
            raise wrong from None
        if words[0] not in ("range", "percentile") or not (math.isfinite(low) and math.isfinite(high)):
            raise wrong
        if low >= high:
            raise UsageError(f"--intensity {self.intensity!r}: LOW must be less than HIGH")
        if words[0] == "percentile" and not (low >= 0 and high <= 100):
            raise UsageError(f"--intensity {self.intensity!r}: percentiles lie between 0 and 100")
        return low, high


AS_IT_IS = Reading()
