"""What an experiment does on the way: images drawn per seed, networks paired, nothing trained twice."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.claims import identity, trials
from leadline.claims.experiment import EXPERIMENTS, Experiment, Network, Setting
from leadline.claims.trials import carry_out, draw, recipe_for
from leadline.data.sources.scan import scan
from leadline.errors import LeadlineError
from leadline.progress import SILENT
from leadline.training.loop import Interrupted

SIZE = Setting(data="digits", images=60, tests=40, size=8, epochs=2, seeds=2, minutes=1)


def toy(**networks: str) -> Experiment:
    return Experiment(
        id="toy", hypothesis="", small=SIZE, full=SIZE, means="", picture="curves", settings={"batch_size": 30},
        networks={name: Network(model=model) for name, model in networks.items()},
    )  # fmt: skip


PAIR = toy(plain="plain20_cifar+8-layers", residual="resnet20_cifar+8-layers")


def test_every_seed_draws_images_of_its_own_balanced_and_apart() -> None:
    images = scan("digits")
    drawn = [draw(images, SIZE, seed).usable for seed in (1, 2, 1)]
    assert drawn[0].equals(drawn[2])
    assert set(drawn[0]["path"]) != set(drawn[1]["path"])
    for table in drawn:
        counts = table.group_by("split").len()
        assert dict(counts.iter_rows()) == {"train": 60, "test": 40, "validation": 10}
        assert table["path"].n_unique() == len(table)
        per_class = table.filter(split="train").group_by("label").len()["len"]
        assert per_class.to_list() == [6] * 10


def test_seeds_draw_other_images_of_splits_that_the_data_have_themselves() -> None:
    digits = scan("digits")
    splits = pl.Series([("train", "validation", "test")[number % 3] for number in range(len(digits.table))])
    given = digits.with_table(digits.table.with_columns(split=splits))
    drawn = [draw(given, SIZE, seed).usable for seed in (1, 2)]
    for name in ("train", "test"):
        assert set(drawn[0].filter(split=name)["path"]) != set(drawn[1].filter(split=name)["path"])


def test_own_images_are_worked_on_at_their_size_up_to_32_pixels() -> None:
    digits = scan("digits")
    assert trials.working_size(digits, SIZE) == 8
    larger = digits.with_table(digits.table.with_columns(width=pl.lit(300), height=pl.lit(200)))
    assert trials.working_size(larger, SIZE) == 32
    assert trials.working_size(digits, Setting(size=16, minutes=1)) == 16


def test_more_images_than_there_are_become_all_of_them() -> None:
    table = draw(scan("digits"), Setting(images=10_000, tests=10_000, size=8, minutes=1), 1).usable
    assert len(table) == 1797
    assert table.filter(pl.col("split") == "train").height > 1000


def test_networks_of_a_seed_share_images_and_nothing_is_trained_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = carry_out(PAIR, "small", tmp_path, progress=SILENT)
    assert [(one.network, one.seed) for one in result.trainings] == [
        ("plain", 1), ("residual", 1), ("plain", 2), ("residual", 2),
    ]  # fmt: skip
    runs = [trials.Run(folder) for folder in sorted((tmp_path / "trainings").iterdir())]
    assert len(runs) == 4
    assert len({run.manifest.fingerprint for run in runs}) == 2
    for one in result.trainings:
        assert (one.steps, len(one.curve), one.curve[-1].step) == (4, 2, 4)
        assert 0 <= one.train_error <= 1
    monkeypatch.setattr(trials, "train_one", lambda *_, **__: pytest.fail("trained again"))
    again = carry_out(PAIR, "small", tmp_path, progress=SILENT)
    assert again == result, "with the time and the command of the first"
    other = carry_out(toy(only="resnet20_cifar+8-layers"), "small", tmp_path / ".." / tmp_path.name, progress=SILENT)
    assert [one.test_error for one in other.trainings] == [one.test_error for one in result.trainings[1::2]]


def test_the_error_is_that_of_the_finished_network_on_images_it_has_not_seen(tmp_path: Path) -> None:
    result = carry_out(toy(only="resnet20_cifar+8-layers"), "small", tmp_path, progress=SILENT)
    for one in result.trainings:
        (folder,) = (tmp_path / "trainings").glob(f"*-seed{one.seed}")
        tested = trials.Run(folder).predictions.of_split("test").table
        wrong = np.mean(tested["predicted"].to_numpy() != tested["label"].to_numpy())
        assert one.test_error == pytest.approx(wrong, abs=1e-4)


def test_what_is_interrupted_says_how_to_go_on_and_leaves_whole_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_one, calls = trials.train_one, []

    def stops(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise Interrupted("somewhere")
        return train_one(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(trials, "train_one", stops)
    with pytest.raises(Interrupted, match=f"leadline lab toy --run --out {tmp_path}"):
        carry_out(PAIR, "small", tmp_path, progress=SILENT)
    file = trials.result_file(tmp_path, PAIR, "small")
    assert {one.seed for one in trials.json_files.read(file, trials.ExperimentResult).trainings} == {1}
    assert len(carry_out(PAIR, "small", tmp_path, progress=SILENT).trainings) == 4
    assert len(calls) == 5, "the two trainings of seed 1 were not begun again"


def test_settings_of_a_network_and_its_length_reach_its_recipe() -> None:
    experiment = EXPERIMENTS["regularisation"]
    images = draw(scan("digits"), SIZE, 1)
    recipes = {name: recipe_for(experiment, network, SIZE, images, 7) for name, network in experiment.networks.items()}
    assert {name: recipe.weight_decay for name, recipe in recipes.items()} == {
        "neither": 0.0, "L2": 0.005, "dropout": 0.0, "both": 0.005,
    }  # fmt: skip
    assert {recipe.seed for recipe in recipes.values()} == {7}
    assert {recipe.optimizer for recipe in recipes.values()} == {"sgd"}
    halves = EXPERIMENTS["choose-filter-size"]
    steps = [recipe_for(halves, network, SIZE, images, 1).steps for network in halves.networks.values()]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1]


def test_the_toy_learns_nothing_from_labels_and_begins_at_zero_where_f_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "STEPS", 20)
    found = {
        name: identity.learn_identity(name, Network(model=network), 1)
        for name, network in (("residual", "residual"), ("zero", "residual, zero"))
    }
    assert found["zero"].curve[0].train_error == 0
    assert found["residual"].curve[0].train_error > 1
    assert found["residual"].train_error < found["residual"].curve[0].train_error


def test_too_few_images_are_refused_in_a_line(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(3):
            pixels = np.full((8, 8), 40 * number + (name == "b"), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    with pytest.raises(LeadlineError, match="6 images, of which 2 are held out"):
        carry_out(PAIR, "small", tmp_path / "out", data=str(tmp_path / "images"), progress=SILENT)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    from leadline.claims.trained import finding_of

    monkeypatch.setattr(identity, "STEPS", 20)
    experiment = EXPERIMENTS[name]
    small = msgspec.structs.replace(
        experiment.small, data="digits", images=60, tests=40, epochs=1, seeds=2, size=max(8, experiment.small.size)
    )
    result = carry_out(msgspec.structs.replace(experiment, small=small), "small", tmp_path, progress=SILENT)
    assert len(result.trainings) == 2 * len(experiment.networks)
    assert finding_of(experiment, result)[0].numbers
