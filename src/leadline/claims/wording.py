"""Numbers as the lab's sentences write them."""

SPACE = "\u00a0"  # between a number and its unit, where no line may break


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


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}{SPACE}%"


def change(ratio: float) -> str:
    """How much more or less than one, in per cent, with its sign."""
    return f"{100 * (ratio - 1):+.1f}{SPACE}%".replace("-", "−")
