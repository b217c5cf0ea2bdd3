"""One split, one recipe, one verdict; resumable, and one failing network loses nothing."""

import json
from pathlib import Path

import pytest
from scipy.stats import binomtest

from leadline.errors import UsageError
from leadline.training import loop
from leadline.verbs import compare as compare_module
from leadline.verbs.compare import compare, networks_of, plan_comparison, resume_comparison
from leadline.verbs.run import Run
from leadline.zoo import architecture

from ..conftest import MakeImages

MODELS = ["lenet5", "resnet20_cifar"]


def test_a_comparison_leaves_its_runs_and_one_result(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", epochs=4)
    result = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert result == found.result
    assert [network["name"] for network in result["networks"]] == MODELS
    for network in result["networks"]:
        run = tmp_path / "out" / network["run"]
        assert (run / "classifier" / "model.safetensors").is_file()
        metrics = json.loads((run / "metrics.json").read_text())
        assert network["test"] == metrics["test"]
        assert set(network) >= {
            "parameters", "multiply_adds", "validation", "seconds_per_image", "peak_memory_bytes",
        }  # fmt: skip
    assert result["networks"][0]["multiply_adds"] == 416_520 - 120 * 84 - 84 * 10 + 120 * 84 + 84 * 2
    assert set(result["verdict"]) >= {"choice", "reason"}
    assert (tmp_path / "out" / "report.html").is_file()
    manifests = {(tmp_path / "out" / name / "manifest.parquet").read_bytes() for name in MODELS}
    assert len(manifests) == 1


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

    monkeypatch.setattr("leadline.verbs.train.fit", fit)
    with pytest.raises(loop.Interrupted):
        compare(data, models=MODELS, out=tmp_path / "stopped", epochs=3)
    resumed = resume_comparison(tmp_path / "stopped")
    assert len(started) == 3  # the first network was not trained again
    for name in MODELS:
        files = [one.folder / name / "classifier" / "model.safetensors" for one in (whole, resumed)]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert resumed.result["verdict"] == whole.result["verdict"]


def test_a_network_that_fails_is_not_judged_and_the_others_are(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=40)
    real = compare_module.train_into

    def failing(run, recipe, manifest, *, watch):  # type: ignore[no-untyped-def]
        if recipe.model == "lenet5":
            raise loop.LeadlineError("lenet5: the loss is no longer a finite number")
        return real(run, recipe, manifest, watch=watch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_module, "train_into", failing)
        found = compare(data, models=MODELS, out=tmp_path / "out", epochs=2)
    assert "finite" in found.result["verdict"]["not_judged"]["lenet5"]
    assert found.result["networks"][1]["test"]["accuracy"]["n"] == 12


def test_several_seeds_share_the_split(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=24), models=["lenet5"], out=tmp_path / "out", epochs=1, seeds=2)
    (network,) = found.result["networks"]
    assert network["runs"] == ["lenet5-seed0", "lenet5-seed1"]
    assert len(network["test_accuracy_of_seeds"]) == 2
    for split in ("validation", "test"):
        right = [Run(found.folder / name).metrics[split]["accuracy"]["value"] for name in network["runs"]]
        spread = network["seed_spread"][split]
        assert spread["accuracies"] == pytest.approx(right)
        assert spread["between_seeds"] == pytest.approx(abs(right[0] - right[1]) / 2**0.5)
        assert spread["between_images"] > 0
    assert "## Trained again from other seeds" in (found.folder / "MODEL_CARD.md").read_text("utf-8")
    assert resume_comparison(found.folder).result["networks"][0]["runs"] == network["runs"]  # finished, both are kept


def test_tests_of_every_pair_are_there_for_those_who_ask_and_change_no_verdict(
    make_images: MakeImages, tmp_path: Path
) -> None:
    found = compare(make_images(count=40), models=MODELS, out=tmp_path / "out", epochs=2)
    before = found.result
    assert "tests" not in before
    after = resume_comparison(found.folder, tests=True).result
    assert after["verdict"] == before["verdict"]
    (pair,) = after["tests"]["pairs"]
    first, second = (Run(found.folder / name).predictions.of_split("test").table for name in MODELS)
    right = [(table["predicted"] == table["label"]).to_numpy() for table in (first, second)]
    only = [int((right[k] & ~right[1 - k]).sum()) for k in range(2)]
    assert (pair["first"], pair["second"], pair["n"]) == (*MODELS, 12)
    assert [pair["only_first"], pair["only_second"]] == only
    assert pair["p_value"] == pair["p_value_holm"] == pytest.approx(binomtest(only[0], sum(only)).pvalue)
    assert after["tests"]["split"] == "test"
    assert "tests" in resume_comparison(found.folder).result  # asked for once, they stay


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


def test_one_budget_gives_every_network_the_same_epochs(make_images: MakeImages) -> None:
    plan = plan_comparison(make_images(count=40), models=MODELS, recipe=None, minutes=0.2)
    first, second = plan.recipes
    assert first.steps == second.steps
    assert sum(plan.seconds(number) for number in range(2)) == pytest.approx(12, rel=0.3)


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
