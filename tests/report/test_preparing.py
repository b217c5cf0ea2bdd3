"""What a card and a methods paragraph say of channels, projection and intensities is what classifier.json holds."""

import json
from pathlib import Path

import pytest

from leadline.report import write_model_card
from leadline.report.facts import facts_of
from leadline.report.methods import run_methods


def text_of(card: Path) -> str:
    return card.read_text("utf-8").replace("\u00a0", " ")


@pytest.fixture
def run(comparison: Path) -> Path:
    return comparison / "resnet20_cifar"


def prepared(run: Path, **preprocessing: object) -> None:
    """Gives the run a classifier.json with this preprocessing."""
    channels = int(str(preprocessing.get("channels", 3)))
    means, deviations = [0.1, 0.2, 0.3][:channels], [0.4, 0.5, 0.6][:channels]
    usual = {"channels": channels, "dtype": "uint16", "size": 32, "mean": means, "std": deviations}
    (run / "classifier").mkdir(exist_ok=True)
    described = {"preprocessing": {**usual, **preprocessing}}
    (run / "classifier" / "classifier.json").write_text(json.dumps(described))


def test_what_was_chosen_of_an_image_and_clipped_is_said(run: Path) -> None:
    limits = {"low": [0.0, 0.0], "high": [4095.0, 4095.0]}
    prepared(run, channels=2, select=[0, 2], project="max", intensity="range 0 4095", **limits)
    text, paragraph = text_of(write_model_card(run)), run_methods(facts_of(run)).paragraph
    scaled = "scaled so that intensities of 0 and 4095 became 0 and 1, with what lay beyond clipped"
    for one in (text.partition("## Methods")[0], paragraph):
        assert "he maximum over the depth of a stack" in one
        assert scaled in one
    assert "Channels `0`, `2` of each file, counted from 0." in text
    assert "The network was given the maximum over the depth of a stack, and channels 0, 2 of each file" in paragraph
    assert f"(2 channels, uint16) was resized to 32 × 32 pixels, {scaled}, and normalised by the mean" in paragraph
    assert "2,048 intensities (2 × 32 × 32); the channels were named before the training" in text
    assert "full range" not in text
    assert "no selection among them" not in text


def test_percentiles_are_told_with_their_values_and_channels_in_files_of_their_own_by_name(run: Path) -> None:
    limits = {"low": [3.0, 5.0], "high": [812.5, 977.0]}
    prepared(run, channels=2, names=["d*na", "er"], intensity="percentile 0.1 99.9", **limits)
    text, paragraph = text_of(write_model_card(run)), run_methods(facts_of(run)).paragraph
    assert "percentiles 0.1 and 99.9 of each channel over training images became 0 and 1" in paragraph
    assert "with what lay beyond clipped (from 3, 5 to 812.5, 977)" in text
    assert "Channels `d*na`, `er`, each in a file of its own." in text
    assert "The network was given channels d*na, er, each in a file of its own." in paragraph
    assert "no selection among them" in text  # all the channels that there are
    recipe = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(recipe + 'channels = "d*na,er"\n')
    assert "no selection among them" not in text_of(write_model_card(run))


def test_a_classifier_from_before_channels_could_be_chosen_is_described_as_ever(run: Path) -> None:
    prepared(run)
    text, paragraph = text_of(write_model_card(run)), run_methods(facts_of(run)).paragraph
    assert "per channel, as shares of the full range, minus 0.1, 0.2, 0.3, divided by 0.4, 0.5, 0.6" in text
    assert "3,072 intensities (3 × 32 × 32); no selection among them." in text
    assert "(3 channels, uint16) was resized to 32 × 32 pixels and normalised by the mean" in paragraph
    assert "The network was given" not in paragraph
    assert "beyond clipped" not in text
