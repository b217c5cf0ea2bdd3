"""How the learning rate went and which weights were kept, in words, from the settings of a recipe."""

from typing import Any

from leadline.wording import known, percent


def rate_words(recipe: dict[str, Any]) -> str:
    """The course of the learning rate, with its article."""
    warmup, highest = recipe.get("warmup"), recipe.get("learning_rate")
    peak = f"{highest:g}" if known(highest) else "its highest value"
    rise = f"began at {peak}"
    if warmup and recipe.get("warmup_rate"):
        rise = f"was {recipe['warmup_rate']:g} over the first {percent(warmup, 1)} of the steps, then {peak},"
    elif warmup:
        rise = f"rose linearly over the first {percent(warmup, 0)} of the steps to {peak}"
    return f"a learning rate that {rise} and {_fall(recipe)}"


def _fall(recipe: dict[str, Any]) -> str:
    factor = f"{recipe['drop_factor']:g}" if known(recipe.get("drop_factor")) else "a factor"
    if recipe.get("schedule") == "steps":
        drops = [percent(drop, 0) for drop in recipe.get("drops") or []]
        after = " and ".join(filter(None, [", ".join(drops[:-1]), *drops[-1:]])) or "parts"
        return f"was multiplied by {factor} after {after} of the steps"
    if recipe.get("schedule") == "exponential":
        return f"was multiplied by {factor} after every {percent(recipe.get('drop_every') or 0, 1)} of the steps"
    return "fell along a cosine to zero"


def factor_words(recipe: dict[str, Any]) -> list[str]:
    """Which parameters learnt at another rate."""
    kinds = {"bias_rate": "biases", "last_layer_rate": "the last layer"}
    return [f"{recipe[name]:g} times that for {kind}" for name, kind in kinds.items() if recipe.get(name, 1) != 1]


def kept_words(recipe: dict[str, Any]) -> str:
    """Which weights the classifier has."""
    averaged = recipe.get("averaged")
    if averaged:
        return f"the mean of the weights over the last {percent(averaged, 0)} of the steps was kept"
    return "the weights of the last step were kept"
