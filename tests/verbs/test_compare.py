"""One split, one recipe, one verdict; resumable, and one failing network loses nothing."""

import json
from pathlib import Path

import pytest
from scipy.stats import binomtest

from leadline.errors import LeadlineError, UsageError
from leadline.training import loop, race
from leadline.training.run_folder import Run
from leadline.verbs.compare import compare, networks_of, plan_comparison, resume_comparison
from leadline.zoo import architecture

from ..conftest import MakeImages

MODELS = ["lenet5", "resnet20_cifar"]


def test_a_comparison_leaves_its_runs_and_one_result(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", epochs=4)
    result = found.result
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["schema"] == 2
    assert result.final is not None
    assert result.answer is not None
    assert [network.name for network in result.final.networks] == MODELS
    for network in result.final.networks:
        run = Run(tmp_path / "out" / network.run)
        assert (run.folder / "classifier" / "model.safetensors").is_file()
        assert network.metrics["validation"] == run.metrics.validation
        assert ("test" in network.metrics) == (network.name == result.answer.name)
    assert result.final.networks[0].multiply_adds == 416_520 - 120 * 84 - 84 * 10 + 120 * 84 + 84 * 2
    assert (tmp_path / "out" / "report.html").is_file()
    splits = [
        Run(tmp_path / "out" / network.run).manifest.usable.filter(split="train")["path"].to_list()
        for network in result.final.networks
    ]
    assert splits[0] == splits[1]


def test_an_interrupted_comparison_goes_on_to_the_same_bits(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=24)
    whole = compare(data, models=MODELS, out=tmp_path / "whole", epochs=3)
    real, started = loop.fit, []

    def fit(*arguments: object, **options: object) -> object:
        started.append(1)
        if len(started) == 2:
            raise loop.Interrupted("second")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("leadline.training.training.fit", fit)
    with pytest.raises(loop.Interrupted):
        compare(data, models=MODELS, out=tmp_path / "stopped", epochs=3)
    resumed = resume_comparison(tmp_path / "stopped")
    assert len(started) == 3  # the first network was not trained again
    for name in MODELS:
        files = [one.folder / "final" / name / "classifier" / "model.safetensors" for one in (whole, resumed)]
        assert files[0].read_bytes() == files[1].read_bytes()
    answers = [one.result.answer for one in (whole, resumed)]
    assert answers[0] is not None
    assert answers[1] is not None
    assert answers[0].networks[0].estimate == answers[1].networks[0].estimate


def test_a_network_that_fails_is_named_and_the_others_are_judged(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = race.train_one

    def failing(run, recipe, manifest, **options):  # type: ignore[no-untyped-def]
        if recipe.model == "lenet5":
            raise LeadlineError("lenet5: the loss is no longer a finite number")
        return real(run, recipe, manifest, **options)

    monkeypatch.setattr(race, "train_one", failing)
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", epochs=2).result
    assert found.final is not None
    assert "finite" in next(one for one in found.final.networks if one.name == "lenet5").failed
    assert found.named is not None
    assert found.named.metrics["test"].accuracy.n == 12


def test_several_seeds_share_the_split(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=24), models=["lenet5"], out=tmp_path / "out", epochs=1, seeds=2)
    assert found.result.final is not None
    (network,) = found.result.final.networks
    assert network.runs == ("final/lenet5-seed0", "final/lenet5-seed1")
    right = [Run(found.folder / name).metrics.validation.accuracy.value for name in network.runs]
    spread = found.result.seed_spreads["lenet5"]["validation"]
    assert spread.accuracies == pytest.approx(right)
    assert spread.between_seeds == pytest.approx(abs(right[0] - right[1]) / 2**0.5)
    assert spread.between_images > 0
    assert resume_comparison(found.folder).result.final == found.result.final  # finished, both are kept


def test_tests_of_every_pair_are_there_for_those_who_ask_and_change_no_answer(
    make_images: MakeImages, tmp_path: Path
) -> None:
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", epochs=2)
    before = found.result
    assert before.tests is None
    after = resume_comparison(found.folder, tests=True).result
    assert after.tests is not None
    assert after.answer == before.answer
    (pair,) = after.tests.pairs
    first, second = (Run(found.folder / "final" / name).predictions.of_split("validation").table for name in MODELS)
    right = [(table["predicted"] == table["label"]).to_numpy() for table in (first, second)]
    only = [int((right[k] & ~right[1 - k]).sum()) for k in range(2)]
    assert {pair.first, pair.second} == set(MODELS)
    assert [pair.only_first, pair.only_second] == (only if pair.first == MODELS[0] else only[::-1])
    assert pair.p_value == pair.p_value_holm == pytest.approx(binomtest(only[0], sum(only)).pvalue)
    assert after.tests.split == "validation"  # the test images are for the network that is named
    assert resume_comparison(found.folder).result.tests is not None  # asked for once, they stay


def test_lineups_suit_the_size_of_the_images() -> None:
    for lineup, size in (("families", 32), ("families", 128), ("depth", 32), ("depth", 128), ("ResNet", 32)):
        names = networks_of(lineup, size)
        assert len(set(names)) == len(names) > 1
        assert all(architecture(name) for name in names)
    families = [architecture(name).family for name in networks_of("families", 32)]
    assert len(set(families)) == len(families) == 8
    depths = [architecture(name).depth for name in networks_of("depth", 32)]
    assert depths == sorted(depths)
    assert all(architecture(name).small_images for name in networks_of("resnet", 32))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lineup": "deep"}, "--lineup deep: expected families, depth or one of LeNet"),
        ({"models": ["lenet5", "lenet5"]}, "lenet5: is named twice"),
        ({"models": ["lenet"]}, "lenet5"),
        ({"margin": 1.5}, "--margin 1.5"),
        ({"seeds": 0}, "--seeds 0"),
        ({"minutes": -1.0}, "minutes = -1"),
    ],
)
def test_bad_requests_are_named(make_images: MakeImages, given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_comparison(make_images(), recipe=None, **given)  # type: ignore[arg-type]
