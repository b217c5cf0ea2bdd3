"""What a network began with, in words: at random, or with trained weights, and what of them was trained further."""

from pathlib import Path
from typing import Any

from leadline.wording import known

GRADUALLY = "the last layer first and then, over the first half of the steps, what precedes it, stage after stage"


def frozen(recipe: dict[str, Any]) -> bool:
    """Whether only the last layer was trained."""
    return recipe.get("tune") == "head"


def weights_name(weights: str) -> str:
    """A file or folder without those above it, which tell of a machine and a person; a tag as it is."""
    return weights if weights.startswith(("imagenet", "hf:")) else Path(weights).name


def weights_words(recipe: dict[str, Any], pretrained: dict[str, Any]) -> str:
    """The weights by their name, with the beginning of their hash."""
    named = weights_name(str(pretrained.get("source") or recipe.get("weights")))
    digest = pretrained.get("sha256")
    return f"“{named}”" + (f" (SHA-256 {digest[:12]}…)" if digest else "")


def begun_words(recipe: dict[str, Any], pretrained: dict[str, Any], seed: str = "") -> str:
    """After "trained": from what, and what of it where that was not all; `seed` belongs to a random initialisation."""
    if not recipe.get("weights"):
        return f"from random initialisation{seed}"
    gradually = f", {GRADUALLY}," if recipe.get("tune") == "gradual" else ""
    return f"further from the weights {weights_words(recipe, pretrained)}{gradually}"


def frozen_words(recipe: dict[str, Any], metrics: dict[str, Any]) -> str:
    """A sentence on a network of which only the last layer was trained."""
    head = metrics.get("head") or {}
    penalty = f"{head['penalty']:g}" if known(head.get("penalty")) else "a factor"
    balanced = ", images weighed by the inverse of their class’s frequency" * (recipe.get("balance") != "none")
    chosen = ", which gave the least cross-entropy in folds of the training images" if head.get("tried") else ""
    return (
        f"All layers but the last kept the weights {weights_words(recipe, metrics.get('pretrained') or {})}; the last "
        "was fitted to their features of the training images, each computed once and standardised, by multinomial "
        f"logistic regression{balanced}; half of {penalty} times the sum of its squared weights was added to the mean "
        f"cross-entropy{chosen}."
    )


def normalised_words(prepared: dict[str, Any], pretrained: dict[str, Any]) -> str:
    """After "the mean and standard deviation of each channel"."""
    asked = pretrained.get("mean") is not None and list(prepared.get("mean") or ()) == list(pretrained["mean"])
    return "that the weights were trained with" if asked else "over training images"
