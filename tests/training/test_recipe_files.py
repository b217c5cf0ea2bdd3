"""The papers' recipes are data: found by name, with the papers' numbers, and whole trainings that resume."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from leadline.errors import UsageError
from leadline.inference.hardware import hardware
from leadline.pretrained.create import create_model
from leadline.training import checkpoint, loop
from leadline.training.cost import Cost
from leadline.training.parameters import groups
from leadline.training.plan import collect_settings, tell_shortened
from leadline.training.recipe import Recipe
from leadline.training.recipe_files import FOLDER, names, read_settings, recipe_file
from leadline.training.run_folder import Run
from leadline.training.training import initialised
from leadline.verbs.compare import plan_comparison
from leadline.verbs.train import plan_training, resume, train

from ..conftest import MakeImages

# As the papers and their authors' code have them: epochs, images per step, first rate, factor and epochs of its falls,
# Nesterov, weight decay, decay of all parameters.
PUBLISHED: dict[str, tuple[Any, ...]] = {
    "alexnet-2012": (90, 128, 0.01, 0.1, (25, 51, 79), False, 5e-4, False),
    "vgg-2014": (74, 256, 0.01, 0.1, (18.5, 37, 55.5), False, 5e-4, False),
    "nin-2014": (260, 128, 0.1, 0.1, (200, 230), False, 1e-4, False),
    "googlenet-2014": (250, 32, 0.01, 0.96, tuple(range(8, 250, 8)), False, 2e-4, False),
    "resnet-2015": (120, 256, 0.1, 0.1, (40, 80), False, 1e-4, False),
    "resnet-cifar-2015": (182, 128, 0.1, 0.1, (91, 136.5), False, 1e-4, False),
    "resnet110-cifar-2015": (182, 128, 0.1, 0.1, (91, 136.5), False, 1e-4, False),
    "resnext-2017": (100, 256, 0.1, 0.1, (30, 60, 90), True, 1e-4, True),
    "resnext-cifar-2017": (300, 128, 0.1, 0.1, (150, 225), True, 5e-4, True),
    "densenet-2017": (90, 256, 0.1, 0.1, (30, 60), True, 1e-4, True),
    "densenet-cifar-2017": (300, 64, 0.1, 0.1, (150, 225), True, 1e-4, True),
}
IMAGENET = {"alexnet-2012", "vgg-2014", "googlenet-2014", "resnet-2015", "resnext-2017", "densenet-2017"}


def of_paper(name: str, **changes: object) -> Recipe:
    settings = read_settings(recipe_file(name))
    length = {"steps": int(settings.pop("epochs") * 1000)}
    return Recipe(**{"data": "x", "model": "lenet5", **length, **settings, **changes})  # type: ignore[arg-type]


def test_every_recipe_is_in_the_table() -> None:
    assert names() == sorted(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_has_the_numbers_of_its_paper(name: str) -> None:
    epochs, batch_size, rate, factor, drops, nesterov, decay, everything = PUBLISHED[name]
    settings = read_settings(recipe_file(name))
    recipe = of_paper(name)
    assert (settings["epochs"], recipe.batch_size, recipe.learning_rate) == (epochs, batch_size, rate)
    assert (recipe.momentum, recipe.nesterov, recipe.weight_decay) == (0.9, nesterov, decay)
    assert (recipe.decay_norms_and_biases, recipe.drop_factor) == (everything, factor)
    assert (recipe.label_smoothing, recipe.longest_gradient) == (0, 0)
    assert recipe.size == (224 if name in IMAGENET else 32)
    rates = [loop.learning_rate(step, recipe) for step in range(1000 * epochs)]
    falls = [step / 1000 for step in range(1, len(rates)) if rates[step] < rates[step - 1]]
    assert falls == pytest.approx(drops, abs=1e-3)
    assert max(rates) == rate
    assert rates[-1] == pytest.approx(rate * factor ** len(drops))


def test_the_warm_up_of_resnet_110_is_400_steps_at_a_hundredth() -> None:
    recipe = of_paper("resnet110-cifar-2015", steps=64_000)
    rates = [loop.learning_rate(step, recipe) for step in (0, 399, 400, 31_999, 32_000, 47_999, 48_000, 63_999)]
    assert rates == pytest.approx([0.01, 0.01, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_what_only_one_paper_has_is_in_its_recipe() -> None:
    assert (of_paper("nin-2014").bias_rate, of_paper("nin-2014").last_layer_rate) == (2, 0.1)
    assert (of_paper("googlenet-2014").averaged, of_paper("googlenet-2014").auxiliary_weight) == (0.1, 0.3)
    augmented = {name: of_paper(name).augment for name in PUBLISHED}
    assert {name for name, policy in augmented.items() if policy == "cifar"} == set(PUBLISHED) - IMAGENET


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_says_what_to_expect_and_what_is_not_carried_over(name: str) -> None:
    head = "".join(itertools.takewhile(lambda line: line.startswith("#"), (FOLDER / f"{name}.toml").open()))
    assert "Expected o" in head
    assert "Not carried over" in head
    assert f"--recipe {name}\n" in head


def test_a_name_is_found_a_file_comes_first_and_an_unknown_name_lists_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_file("resnet-2015") == FOLDER / "resnet-2015.toml"
    assert recipe_file(Path("resnet-2015")) == FOLDER / "resnet-2015.toml"
    assert recipe_file("none.toml") == Path("none.toml")  # whose absence is told by whoever reads it
    (tmp_path / "resnet-2015").write_text("epochs = 1")
    assert collect_settings("resnet-2015") == {"epochs": 1.0}
    with pytest.raises(UsageError, match=r"--recipe resnet-cifar: .*did you mean resnet-cifar-2015.*vgg-2014"):
        recipe_file("resnet-cifar")


def test_options_overrule_a_recipe_and_a_shorter_length_replaces_its_own() -> None:
    settings = collect_settings("densenet-2017", epochs=3, size=64)
    assert (settings["epochs"], settings["size"], settings["batch_size"]) == (3, 64, 256)
    assert "epochs" not in collect_settings("densenet-2017", minutes=3)


def trained(recipe: Recipe, steps: int = 5) -> dict[str, torch.Tensor]:
    """A small network after some steps of the loop's own."""
    torch.manual_seed(0)
    network = create_model("resnet20_cifar", num_classes=3)
    optimizer = loop.prepare(network, recipe, hardware())
    images, labels = torch.randn(steps, 8, 3, 16, 16), torch.randint(3, (steps, 8))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = loop.learning_rate(step, recipe) * group["factor"]
        loop.update(network, optimizer, images[step], labels[step], recipe, hardware())
    return network.state_dict()


def test_a_recipe_of_before_trains_the_same_bits() -> None:
    """Against the loop as it was before recipes had a schedule, written out."""
    recipe = Recipe(data="x", model="resnet20_cifar", steps=5, batch_size=8, learning_rate=0.1, size=16, augment="flip")
    torch.manual_seed(0)
    network = create_model("resnet20_cifar", num_classes=3)
    network.to(hardware().device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    parameters = list(network.parameters())
    optimizer = torch.optim.SGD(
        [
            {"params": [part for part in parameters if part.ndim > 1], "weight_decay": 5e-4},
            {"params": [part for part in parameters if part.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=0.1, momentum=0.9, nesterov=True, fused=True,
    )  # fmt: skip
    images, labels = torch.randn(5, 8, 3, 16, 16), torch.randint(3, (5, 8))
    for step in range(5):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * 0.5 * (1 + np.cos(np.pi * (step - 0.5 + 1) / (5 - 0.5 + 1)))
        with hardware().autocast():
            logits = network(images[step])
        loss = nn.functional.cross_entropy(logits.float(), labels[step], label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    found = trained(recipe)
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())


def test_parameters_decay_and_learn_at_the_rates_of_their_kind() -> None:
    network = create_model("nin_cifar10")
    by_parameter = {id(part): group for group in groups(network, of_paper("nin-2014")) for part in group["params"]}
    kinds = {name: by_parameter[id(part)] for name, part in network.named_parameters()}
    assert len(kinds) == len(by_parameter)
    for name, group in kinds.items():
        bias, last = name.endswith("bias"), "cccp6" in name
        assert group["weight_decay"] == (0.0 if bias else 1e-4)
        assert group["factor"] == pytest.approx((2 if bias else 1) * (0.1 if last else 1))
    everything = groups(create_model("resnet20_cifar"), of_paper("resnext-cifar-2017"))
    assert {group["weight_decay"] for group in everything if group["params"]} == {5e-4}


def test_without_a_limit_gradients_are_as_long_as_they_are() -> None:
    plain = of_paper("resnet-cifar-2015", learning_rate=1.0)
    limits = [trained(replace(plain, longest_gradient=limit)) for limit in (1e-3, 1e9)]
    unlimited = trained(plain)
    assert not torch.equal(limits[0]["fc.weight"], unlimited["fc.weight"])
    assert torch.equal(limits[1]["fc.weight"], unlimited["fc.weight"])


@pytest.mark.parametrize("changes", [{}, {"averaged": 0.5}])
def test_a_paper_s_recipe_resumes_to_the_same_bits(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, float]
) -> None:
    """AlexNet's: dropout, crops from larger images, colour noise, falls of the rate; also with averaged weights."""
    data, file = make_images(count=16), tmp_path / "my.toml"
    for path in data.rglob("*.png"):
        grey = np.array(Image.open(path))
        Image.fromarray(np.stack([grey, grey[::-1], 255 - grey], axis=2)).save(path)
    text = recipe_file("alexnet-2012").read_text("utf-8")
    more = "".join(f"{name} = {value}\n" for name, value in changes.items())
    file.write_text(text.replace("[optimizer]\n", f"[optimizer]\n{more}"))
    given: dict[str, Any] = {"recipe": file, "model": "alexnet_small", "epochs": 3, "size": 16, "batch_size": 8}
    whole = train(data, out=tmp_path / "whole", **given)
    real, calls = loop.update, []

    def interrupting(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    monkeypatch.setattr(loop, "update", interrupting)
    with pytest.raises(KeyboardInterrupt):
        train(data, out=tmp_path / "stopped", **given)
    again = resume(tmp_path / "stopped")
    described = json.loads((whole.folder / "classifier" / "classifier.json").read_text("utf-8"))
    assert np.shape(described["provenance"]["colour_axes"]) == (3, 3)
    model = "classifier/model.safetensors"
    assert (again.folder / model).read_bytes() == (whole.folder / model).read_bytes()
    assert [{**row, "seconds": 0} for row in again.history] == [{**row, "seconds": 0} for row in whole.history]


def of_run(run: Run) -> dict[str, torch.Tensor]:
    return run.classifier.network.state_dict()


def test_the_classifier_has_the_averaged_weights_and_was_validated_with_them(
    make_images: MakeImages, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text('averaged = 1.0\nschedule = "steps"\ndrops = [0.9]\nwarmup = 0.0')
    run = train(
        make_images(), model="lenet5", recipe=tmp_path / "my.toml", epochs=4, batch_size=8, out=tmp_path / "run"
    )
    state = checkpoint.load(run.folder)
    assert state is not None
    assert all(torch.equal(of_run(run)[name], value) for name, value in state.average.items())
    assert not all(torch.equal(state.network[name], value) for name, value in state.average.items())
    kept = run.predictions.of_split("validation").table
    stated = kept.select("p:dark", "p:light").to_numpy() ** run.classifier.temperature  # before it was calibrated
    right = np.where(kept["label"] == "dark", stated[:, 0], stated[:, 1]) / stated.sum(axis=1)
    assert run.history[-1]["validation_loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)


def test_parameters_learn_at_their_own_rates(make_images: MakeImages, tmp_path: Path) -> None:
    """At a billionth of the rate they stay where the seed put them."""
    (tmp_path / "my.toml").write_text("bias_rate = 1e-9\nlast_layer_rate = 1e-9")
    run = train(make_images(), model="lenet5", recipe=tmp_path / "my.toml", epochs=1, out=tmp_path / "run")
    begun = initialised(run.recipe, classes=2, channels=1).state_dict()
    stayed = {name for name, value in of_run(run).items() if torch.allclose(value, begun[name], rtol=1e-4, atol=1e-6)}
    last = list(begun)[-1].rpartition(".")[0]
    assert stayed == {name for name in begun if name.endswith("bias") or name.startswith(last)}


def test_a_shortened_schedule_says_what_all_of_it_would_take(make_images: MakeImages) -> None:
    class Listening(loop.Progress):
        def __init__(self) -> None:
            self.notes: list[str] = []

        def note(self, text: str) -> None:
            self.notes.append(text)

    progress = Listening()
    plan, _ = plan_training(
        make_images(count=12), model="lenet5", recipe="resnet-cifar-2015", epochs=2, timed=True, progress=progress
    )
    assert plan.epochs(plan.recipes[0]) == 2
    (told,) = [note for note in progress.notes if "resnet-cifar-2015" in note]
    assert "is for 182 epochs, these are 2" in told
    assert "hours here" in told
    progress.notes.clear()
    images = plan.images
    tell_shortened(replace(plan, costs=(Cost(training=36.0, prediction=0.0),)), "resnet-cifar-2015", progress)
    assert f"all of them would take about {182 * images['train'] * 36 / 3600:.1f} hours here" in progress.notes[0]
    progress.notes.clear()
    both = plan_comparison(
        make_images(count=12),
        models=["lenet5", "resnet20_cifar"],
        recipe="resnet-cifar-2015",
        epochs=2,
        progress=progress,
    )
    assert "is for 182 epochs, these are 2" in progress.notes[-1]
    cost = Cost(training=36.0, prediction=0.0)
    tell_shortened(replace(both, costs=(cost, cost)), "resnet-cifar-2015", progress)
    assert f"all of them would take about {2 * 182 * images['train'] * 36 / 3600:.1f} hours here" in progress.notes[-1]
