"""The learning rate as a function of the step."""

import math

from leadline.training.recipe import Recipe

# A drop is at a whole step; what is left over by dividing must not put it off by one.
ALMOST = 1e-9


def learning_rate(step: int, recipe: Recipe) -> float:
    """After the warm-up, linear from zero or at a rate of its own, what the recipe's schedule says.

    Half a cosine to zero is Loshchilov and Hutter 2017 (arXiv 1608.03983); it is zero at the step after the last, as
    torch's CosineAnnealingLR, so that no step of a training is without effect. The others are torch's MultiStepLR and
    StepLR, with their lengths as fractions of the training's.
    """
    warmup = recipe.warmup * recipe.steps
    if recipe.warmup_rate and step < round(warmup):
        return recipe.warmup_rate
    if not recipe.warmup_rate and step + 1 < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    if recipe.schedule == "steps":
        drops = sum(step >= round(drop * recipe.steps) for drop in recipe.drops)
        return recipe.learning_rate * recipe.drop_factor**drops
    if recipe.schedule == "exponential":
        drops = math.floor(step / (recipe.drop_every * recipe.steps) + ALMOST)
        return recipe.learning_rate * recipe.drop_factor**drops
    progress = (step - warmup + 1) / max(1.0, recipe.steps - warmup + 1)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * max(0.0, progress)))
