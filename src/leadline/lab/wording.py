"""Numbers as the lab's sentences write them."""

SPACE = "\u00a0"  # between a number and its unit, where no line may break


def millions(number: float, digits: int = 1) -> str:
    return f"{number / 1e6:,.{digits}f}{SPACE}M"


def billions(number: float, digits: int = 1) -> str:
    return f"{number / 1e9:,.{digits}f}{SPACE}G"


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}{SPACE}%"


def change(ratio: float) -> str:
    """How much more or less than one, in per cent, with its sign."""
    return f"{100 * (ratio - 1):+.1f}{SPACE}%".replace("-", "−")
