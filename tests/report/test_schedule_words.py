"""A methods section tells the schedule that the recipe had."""

import pytest

from leadline.report.schedule_words import factor_words, kept_words, rate_words
from leadline.wording import SPACE


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            {"warmup": 0.1, "learning_rate": 0.1},
            "rose linearly over the first 10 % of the steps to 0.1 and fell along a cosine to zero",
        ),
        (
            {"learning_rate": 0.01, "schedule": "steps", "drops": [0.25, 0.5, 0.75], "drop_factor": 0.1},
            "began at 0.01 and was multiplied by 0.1 after 25 %, 50 % and 75 % of the steps",
        ),
        (
            {"learning_rate": 0.01, "schedule": "steps"},  # of a comparison whose recipes differ in the rest
            "began at 0.01 and was multiplied by a factor after parts of the steps",
        ),
        (
            {"learning_rate": 0.1, "warmup": 0.00625, "warmup_rate": 0.01, "schedule": "exponential",
             "drop_factor": 0.96, "drop_every": 0.032},
            "was 0.01 over the first 0.6 % of the steps, then 0.1, and was multiplied by 0.96 after every 3.2 % of the "
            "steps",
        ),
    ],
)  # fmt: skip
def test_the_course_of_the_learning_rate_is_the_recipes(recipe: dict[str, object], words: str) -> None:
    assert rate_words(recipe).replace(SPACE, " ") == f"a learning rate that {words}"


def test_rates_of_their_own_are_named_and_others_are_not() -> None:
    assert factor_words({"bias_rate": 2.0, "last_layer_rate": 0.1}) == [
        "2 times that for biases",
        "0.1 times that for the last layer",
    ]
    assert factor_words({"bias_rate": 1.0}) == factor_words({}) == []


def test_averaged_weights_are_said_to_be() -> None:
    assert kept_words({}) == "the weights of the last step were kept"
    averaged = kept_words({"averaged": 0.1}).replace(SPACE, " ")
    assert averaged == "the mean of the weights over the last 10 % of the steps was kept"
