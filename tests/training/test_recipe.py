"""A recipe is a file that re-runs a training; a mistake in it is named."""

import math
import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from leadline.errors import LeadlineError, UsageError
from leadline.training.recipe import Recipe
from leadline.training.recipe_files import path_of, read_settings
from leadline.training.schedule import learning_rate
from leadline.training.settings import IN_FILES


def recipe(**changes: object) -> Recipe:
    given = {
        "data": 'C:\\images "a"', "model": "resnet20_cifar", "steps": 100, "batch_size": 32, "learning_rate": 0.1,
        "size": 32, "augment": "shift",
    }  # fmt: skip
    return Recipe(**(given | changes))  # type: ignore[arg-type]


def test_a_recipe_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = recipe(
        group=r"(C\d+P\d+)", test_group=('site "3"', "Zürich"), learning_rate=1 / 3, warmup=0.0, folds=5, repeats=2,
        schedule="steps", drops=(1 / 3, 0.5),
    )  # fmt: skip
    written.write(tmp_path / "recipe.toml", remark="re-run with:\nleadline train --recipe recipe.toml")
    assert Recipe.read(tmp_path / "recipe.toml") == written


@pytest.mark.parametrize(
    "data",
    ["\U0001f9eb", 'a "b" \\c', "a\nb\tc\x7f\x01", "\u05d0\u200fx", "Zelle_\udce4", r"\U0001f9eb", "C:\\new", "'"],
)
def test_every_name_of_a_folder_survives(tmp_path: Path, data: str) -> None:
    recipe = Recipe(data=data, model="lenet5", steps=1, batch_size=2, learning_rate=0.1, size=28, augment="none")
    recipe.write(tmp_path / "recipe.toml")
    assert Recipe.read(tmp_path / "recipe.toml") == recipe
    tomllib.loads((tmp_path / "recipe.toml").read_text("utf-8"))  # any reader of TOML can


def test_a_byte_order_mark_is_no_part_of_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('model = "lenet5"\n', "utf-8-sig")
    assert read_settings(file) == {"model": "lenet5"}
    for encoding in ("utf-16", "latin-1"):
        file.write_text('model = "lenet5"  # gr\xfcn\n', encoding)
        with pytest.raises(LeadlineError, match=r"recipe\.toml: .*save it as UTF-8"):
            read_settings(file)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(LeadlineError, match=r"folder\.toml: cannot be read"):
        read_settings(tmp_path / "folder.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lerning_rate = 0.1", "no setting 'lerning_rate'; did you mean optimizer.learning_rate"),
        ('epochs = "ten"', "epochs = 'ten': expected float"),
        ("batch_size = 3.5", "batch_size = 3.5: expected int"),
        ("nesterov = 1", "nesterov = 1: expected bool"),
        ("seed = true", "seed = True: expected int"),
        ('test_group = "site 3"', "test_group = 'site 3': expected a list of texts"),
        ("drops = 0.5", "drops = 0.5: expected a list of numbers"),
        ('drops = [0.5, "end"]', "drops = 'end': expected float"),
        ("epochs = = 3", "is not TOML"),
        ("model = “lenet5”", "write plain quotation marks"),
        ("epochs = 3\nlearning_rate = 0,01", "decimal number with a point"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(LeadlineError, match=message) as caught:
        read_settings(tmp_path / "my.toml")
    assert str(caught.value).startswith(str(tmp_path / "my.toml"))


def test_whole_numbers_are_taken_where_fractions_are_meant(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[schedule]\nepochs = 3\n[optimizer]\nlearning_rate = 1")
    assert read_settings(tmp_path / "my.toml") == {"epochs": 3.0, "learning_rate": 1.0}


def test_a_recipe_without_sections_is_read_and_its_learning_rate_is_that_of_sgd(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text('epochs = 3\nlearning_rate = 0.1\naugment = "flip"\nschedule = "cosine"')
    expected = {"epochs": 3.0, "learning_rate": 0.1, "augment": "flip", "schedule": "cosine", "optimizer": "sgd"}
    assert read_settings(tmp_path / "old.toml") == expected


def test_every_setting_of_a_recipe_has_its_place_in_the_file_and_its_limits_in_one_table() -> None:
    assert {field.name for field in fields(Recipe)} <= set(IN_FILES)
    assert len({path_of(name) for name in IN_FILES}) == len(IN_FILES)


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0},
        {"batch_size": -1},
        {"learning_rate": 0.0},
        {"augment": "rotate"},
        {"balance": "even"},
        {"folds": 1},
        {"repeats": 2},
    ],
)
def test_impossible_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(change))):
        recipe(**change)


def test_the_rate_rises_to_its_highest_and_falls_to_zero_as_half_a_cosine() -> None:
    given = recipe(steps=1000, warmup=0.1, learning_rate=0.4)
    rates = [learning_rate(step, given) for step in range(1000)]
    assert max(rates) == pytest.approx(0.4, rel=1e-3)
    assert rates.index(max(rates)) in (98, 99, 100)
    assert rates[49] == pytest.approx(0.2, rel=1e-3)
    assert rates[550] == pytest.approx(0.4 * 0.5 * (1 + math.cos(math.pi * 0.5)), rel=1e-2)
    assert 0 < rates[-1] < 1e-4
    assert all(later < earlier for earlier, later in pairwise(rates[100:]))


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.1), (2, 0.5), (3, 0.0), (5, 1.0)])
def test_short_trainings_have_a_positive_rate_at_every_step(steps: int, warmup: float) -> None:
    assert all(learning_rate(step, recipe(steps=steps, warmup=warmup)) > 0 for step in range(steps))
