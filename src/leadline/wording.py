"""Numbers and names as a person reads them: shares in per cent, counts and times in the unit one would choose, names
without characters that a terminal or a page would obey."""

import math
import re
from collections.abc import Sequence
from typing import Any, Protocol

NOTHING = "–"
NOT_KNOWN = "not known"
SPACE = "\u00a0"  # between a number and its unit, where no line may break

# What moves a cursor, colours or retitles a terminal, breaks a line, or turns the order of the letters round.
OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str, *, keep: str = "") -> str:
    """The text with each character that would be obeyed, and not shown, as an escape, such as \\x1b; but for `keep`."""
    return OBEYED.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


def visible_json(text: str) -> str:
    """The same JSON, which a terminal may show: what would be obeyed is an escape in it, and is read as it was."""
    return OBEYED.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


class Interval(Protocol):
    """A value with the ends of its interval, where it has them."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def known(value: Any) -> bool:
    """Whether there is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def percent(share: float | None, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}{SPACE}%" if share is not None and known(share) else NOTHING


def points(share: float, digits: int = 2) -> str:
    """A difference of shares, in percentage points."""
    return f"{100 * share:.{digits}f}".replace("-", "−")


def margin_in_points(margin: float) -> str:
    return f"{100 * margin:g} percentage point" + ("" if math.isclose(margin, 0.01) else "s")


def share_words(ratio: float) -> str:
    """How one cost stands to another, ready for "… multiply-adds of the other": "1/130 of the", "2.1 times the"."""
    if 0 < ratio < 2 / 3:
        return f"1/{float(f'{1 / ratio:.2g}'):,g} of the"
    return "the same" if 0.95 < ratio < 1.05 else f"{ratio:.2g} times the"


def probability(value: float) -> str:
    """To two digits; what was estimated is never said to be certain."""
    return "< 0.01" if value < 0.01 else "> 0.99" if value > 0.99 else f"{value:.2f}"


def chance(p: float) -> str:
    """A p-value, to three digits after the point."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def value_of(estimate: Interval | None) -> float | None:
    return estimate.value if estimate and known(estimate.value) else None


def bounds_of(estimate: Interval | None) -> tuple[float, float] | None:
    """The interval's ends, where it has both."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return (estimate.low, estimate.high) if known(estimate.low) and known(estimate.high) else None


def percent_interval(estimate: Interval | None) -> str:
    """The interval alone, "94.1–97.9 %"; empty where there is none."""
    bounds = bounds_of(estimate)
    return f"{100 * bounds[0]:.1f}–{percent(bounds[1])}" if bounds else ""


def percent_with_interval(estimate: Interval | None) -> str:
    """94.2 % (94.1–97.9 %)."""
    interval = percent_interval(estimate)
    return percent(value_of(estimate)) + (f" ({interval})" if interval else "")


def plain(value: float | None, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if value is not None and known(value) else NOTHING


def plain_interval(estimate: Interval | None, digits: int = 3) -> str:
    bounds = bounds_of(estimate)
    return f"{bounds[0]:.{digits}f}–{bounds[1]:.{digits}f}" if bounds else ""


def count(number: float | None) -> str:
    """12,345,678 as 12.3 M."""
    if number is None or not known(number):
        return NOTHING
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * limit:
            scaled = number / limit
            return f"{scaled:.3g}{SPACE}{unit}" if scaled < 99.95 else f"{scaled:.0f}{SPACE}{unit}"
    return f"{number:.0f}"


def duration(seconds: float | None) -> str:
    if seconds is None or not known(seconds):
        return NOTHING
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1, 1e3, "ms")):
        if seconds < 0.9995 * limit:
            return f"{seconds * factor:.3g}{SPACE}{unit}"
    if seconds < 10:
        return f"{seconds:.2g}{SPACE}s"
    if seconds < 119.5:
        return f"{seconds:.0f}{SPACE}s"
    minutes = seconds / 60
    if minutes < 119.5:
        return f"{minutes:.0f}{SPACE}min"
    hours = minutes / 60
    return f"{hours:.1f}{SPACE}h" if hours < 99.95 else f"{hours / 24:,.0f}{SPACE}days"


def size(number: float | None) -> str:
    """Bytes."""
    if number is None or not known(number):
        return NOTHING
    return f"{number / 1e9:.1f}{SPACE}GB" if number >= 0.9995e9 else f"{number / 1e6:.0f}{SPACE}MB"


def measured(estimate: Interval | None, digits: int | None = None) -> str:
    """A value with its interval: per cent where `digits` is None, else a plain number."""
    value, bounds = value_of(estimate), bounds_of(estimate)
    if value is None:
        return "undefined" if getattr(estimate, "method", "").startswith("undefined") else NOT_KNOWN
    if digits is None:
        return percent(value) + (f" ({percent_interval(estimate)})" if bounds else " (no interval)")
    if not bounds:
        return f"{plain(value, digits)} (no interval)"
    to = "–" if bounds[0] >= 0 else " to "
    return f"{plain(value, digits)} ({plain(bounds[0], digits)}{to}{plain(bounds[1], digits)})"


def thousands(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def times(number: int) -> str:
    """Once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def listed(parts: Sequence[str]) -> str:
    """One, two and three."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def exactly(number: float | None) -> str:
    """As far as it is known, with thousands apart; nothing where there is no number."""
    if number is None:
        return ""
    if float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:,.1f}" if abs(number) >= 100 else f"{number:.4g}"


def millions(number: float, digits: int = 1) -> str:
    return f"{number / 1e6:,.{digits}f}{SPACE}M"


def billions(number: float, digits: int = 1) -> str:
    return f"{number / 1e9:,.{digits}f}{SPACE}G"


def change(ratio: float) -> str:
    """How much more or less than one, in per cent, with its sign."""
    return f"{100 * (ratio - 1):+.1f}{SPACE}%".replace("-", "−")
