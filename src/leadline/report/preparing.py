"""What is done to an image before a network sees it, in words: channels, projection, intensities.

All is said from the preprocessing in classifier.json; one from before these could be chosen lacks their keys.
"""

from collections.abc import Callable
from typing import Any

PROJECTIONS = {"max": "maximum", "mean": "mean"}


def channel_words(prepared: dict[str, Any], *, shown: Callable[[Any], str] = str) -> str:
    """Which channels were taken, each as `shown` writes it; "" where a file was taken as it is."""
    names, numbers = prepared.get("names"), prepared.get("select")
    taken = ", ".join(map(shown, names or numbers or ()))
    several = "s" * (len(names or numbers or ()) != 1)
    if names:
        return f"channel{several} {taken}, each in a file of its own"
    return f"channel{several} {taken} of each file, counted from 0" if numbers else ""


def projection_words(prepared: dict[str, Any]) -> str:
    """What became of a stack in depth; "" where stacks were refused."""
    kind = prepared.get("project")
    return f"the {PROJECTIONS.get(kind, kind)} over the depth of a stack" if kind else ""


def intensity_words(prepared: dict[str, Any]) -> str:
    """What became 0 and 1, after "scaled so that"; "" where intensities were taken as shares of the type's range."""
    if not prepared.get("low"):
        return ""
    kind, *limits = str(prepared.get("intensity")).split()
    of = "percentiles {} of each channel over training images" if kind == "percentile" else "intensities of {}"
    return f"{of.format(' and '.join(limits))} became 0 and 1, with what lay beyond clipped"
