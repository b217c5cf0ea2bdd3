"""The learning rate as a function of the step."""

import math

from leadline.training.recipe import Recipe


def learning_rate(step: int, recipe: Recipe) -> float:
    """Linear from zero over the warm-up, then half a cosine to zero (Loshchilov and Hutter 2017, arXiv 1608.03983)."""
    warmup = recipe.warmup * recipe.steps
    if step + 1 < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup + 1) / max(1.0, recipe.steps - warmup + 1)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * max(0.0, progress)))
