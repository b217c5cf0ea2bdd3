"""A methods section tells the schedule that the recipe had."""

from typing import Any

import pytest

from leadline.data.augment.policies import POLICIES
from leadline.report.methods import word_context
from leadline.report.page import template
from leadline.training.recipe import Recipe
from leadline.wording import SPACE

PLAIN = {"data": "digits", "model": "lenet5", "steps": 10, "batch_size": 8, "size": 8, "augment": "none"}


def words(macro: str, **settings: Any) -> str:
    recipe = Recipe(**{**PLAIN, "learning_rate": 0.1, **settings})
    shown = template("words.j2").make_module({"cite": lambda *_: "[1]", **word_context()})
    return " ".join(getattr(shown, macro)(recipe).replace(SPACE, " ").split())


@pytest.mark.parametrize(
    ("recipe", "course"),
    [
        (
            {"warmup": 0.1},
            "rose linearly over the first 10 % of the steps to 0.1 and fell along a cosine to zero",
        ),
        (
            {"learning_rate": 0.01, "warmup": 0.0, "schedule": "steps", "drops": (0.25, 0.5, 0.75), "drop_factor": 0.1},
            "began at 0.01 and was multiplied by 0.1 after 25 %, 50 % and 75 % of the steps",
        ),
        (
            {
                "warmup": 0.00625,
                "warmup_rate": 0.01,
                "schedule": "exponential",
                "drop_factor": 0.96,
                "drop_every": 0.032,
            },
            "was 0.01 over the first 0.6 % of the steps, then 0.1, and was multiplied by 0.96 after every 3.2 % of the "
            "steps",
        ),
    ],
)
def test_the_course_of_the_learning_rate_is_the_recipes(recipe: dict[str, Any], course: str) -> None:
    assert words("rate", **recipe) == f"a learning rate that {course}"


def test_rates_of_their_own_are_named_and_others_are_not() -> None:
    said = words("training", bias_rate=2.0, last_layer_rate=0.1)
    assert "2 times that for biases" in said
    assert "0.1 times that for the last layer" in said
    assert "times that for" not in words("training")


@pytest.mark.parametrize(
    ("settings", "stated"),
    [
        ({"optimizer": "adamw", "momentum": 0.9}, "AdamW with β₁ = 0.9 and β₂ = 0.99"),
        ({"nesterov": True}, "stochastic gradient descent with Nesterov momentum 0.9"),
        ({"weight_decay": 0.05}, "weight decay 0.05"),
        ({"longest_gradient": 2.0}, "a norm of 2"),
        ({"balance": "weights"}, "classes balanced by weights"),
        ({"label_smoothing": 0.2}, "label smoothing of 0.2"),
    ],
)
def test_every_setting_of_the_optimisation_is_stated(settings: dict[str, Any], stated: str) -> None:
    assert stated in words("training", **settings)
    neutral = {"weight_decay": 0.0, "longest_gradient": 0.0, "label_smoothing": 0.0}
    assert stated not in words("training", **{**neutral, "momentum": 0.5})


def test_averaged_weights_are_said_to_be() -> None:
    assert words("kept") == "the weights of the last step were kept"
    assert words("kept", averaged=0.1) == "the mean of the weights over the last 10 % of the steps was kept"


def test_every_augmentation_has_its_words() -> None:
    module = template("words.j2").make_module({"cite": lambda *_: "[1]", **word_context()})
    said = {policy: " ".join(module.augmentation(policy).split()) for policy in POLICIES}
    assert len(set(said.values())) == len(POLICIES)
    assert all(text.startswith("were ") for text in said.values())
