"""Trained weights to begin with: the last layer alone, stage after stage, or all; resumable, and beside others."""

import json
import shutil
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from leadline.classifier import load
from leadline.data.image import read_image
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError, UsageError
from leadline.inference.features import Features
from leadline.pretrained.create import create_model
from leadline.pretrained.torchvision_files import Pretrained
from leadline.progress import Progress
from leadline.report import write_model_card, write_run_report
from leadline.training import head, loop
from leadline.training.defaults import ADAMW_RATE, resolve
from leadline.training.loop import Interrupted
from leadline.training.plan import workload
from leadline.training.run_folder import Run
from leadline.training.transfer import start_weights
from leadline.verbs.compare import compare, plan_comparison
from leadline.verbs.train import plan_training, resume, train
from leadline.zoo.last_layer import last_layer

from ..conftest import MakeImages, Notes, disc

MODEL = "alexnet_small"  # dropout, and no norms: what a frozen body must not do while features are computed
NORMED = "resnet20_cifar"


def make_discs(folder: Path, *, count: int, classes: tuple[str, ...]) -> Path:
    for position, label in enumerate(classes):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = disc(7000 + 1000 * position + number, bright=position % 2 == 1)
            Image.fromarray(pixels // (1 + position // 2)).save(folder / label / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Networks trained to tell four kinds of discs apart."""
    data = make_discs(tmp_path_factory.mktemp("before"), count=30, classes=("a", "b", "c", "d"))
    return {
        name: train(data, model=name, out=data.parent / f"begun-{name}", epochs=6, batch_size=16)
        for name in (MODEL, NORMED)
    }


def body_of(run: Run) -> dict[str, torch.Tensor]:
    state = load_file(run.folder / "classifier" / "model.safetensors")
    last = last_layer(run.classifier.network)
    return {name: values for name, values in state.items() if not name.startswith(f"{last}.")}


def bits(run: Run) -> bytes:
    return (run.folder / "classifier" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", [MODEL, NORMED])
def test_only_the_last_layer_is_another(
    name: str, begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    progress = Notes()
    run = train(make_images(count=30), weights=begun[name].folder, tune="head", out=tmp_path / "run", progress=progress)
    before, after = body_of(begun[name]), body_of(run)
    assert before.keys() == after.keys()
    assert all(values.equal(before[key]) for key, values in after.items())
    assert any("new, for 2 classes; the weights tell 4 classes apart" in note for note in progress.notes)
    metrics, recipe = run.metrics, run.recipe
    assert metrics.test.accuracy.value > 0.8
    assert (recipe.model, recipe.tune, recipe.augment) == (name, "head", "none")
    assert metrics.pretrained.source == str(begun[name].folder)
    own = begun[name].classifier.preprocessing
    assert (run.classifier.preprocessing.mean, run.classifier.preprocessing.std) == (own.mean, own.std)
    assert metrics.head.penalty in [one.penalty for one in metrics.head.tried]
    assert len(run.history) == 1


def test_the_classifier_answers_as_the_features_and_the_head_do(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    run = train(make_images(count=30), weights=begun[NORMED].folder, tune="head", out=tmp_path / "run")
    table = run.predictions.of_split("validation").table
    classifier = load(run.folder)
    paths = [run.manifest.root / path for path in table["path"]]
    pixels = np.stack([read_image(path).transpose(1, 2, 0) for path in paths])
    with torch.inference_mode():
        logits = classifier.network(classifier.preprocessing.normalise(torch.from_numpy(pixels)))
        expected = (logits / classifier.temperature).softmax(dim=1)[:, 0]
    assert table["p:dark"].to_numpy() == pytest.approx(expected.numpy(), abs=0.02)  # the engine may compute in bf16


def test_the_features_are_computed_once_for_all_folds(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folders = make_images("folds", count=24, size=36), set()
    kept = Features.blocks

    def seen(self: Features, *group):  # type: ignore[no-untyped-def]
        folders.add(self.folder)
        return kept(self, *group)

    monkeypatch.setattr(Features, "blocks", seen)
    run = train(data, weights=begun[NORMED].folder, tune="head", folds=3, out=tmp_path / "run")
    assert len(folders) == 1
    assert run.metrics.folds.folds == 3
    assert run.metrics.validation.accuracy.n == 48
    assert workload({"train": 48, "validation": 0, "test": 0}, run.recipe)["train"] == 48


def test_a_recipe_trains_the_same_again(begun: dict[str, Run], make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=30)
    first = train(data, weights=begun[NORMED].folder, tune="head", out=tmp_path / "first")
    again = train(recipe=first.folder / "recipe.toml", out=tmp_path / "again")
    assert again.recipe == first.recipe
    assert bits(again) == bits(first)


@pytest.mark.parametrize("tune", ["all", "gradual"])
def test_a_training_that_goes_on_from_weights_resumes_bit_by_bit(
    tune: str, begun: dict[str, Run], make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    data = make_images(count=30)
    how = {"weights": begun[NORMED].folder, "tune": tune, "epochs": 4, "batch_size": 8}
    whole = train(data, out=tmp_path / "whole", **how)
    save, left = loop.checkpoint.save, [7]

    def save_and_stop(*arguments: object) -> None:
        save(*arguments)  # type: ignore[arg-type]
        left[0] -= 1
        if not left[0]:
            raise Interrupted(str(tmp_path / "stopped"))

    monkeypatch.setattr(loop.checkpoint, "save", save_and_stop)
    with pytest.raises(Interrupted):
        train(data, out=tmp_path / "stopped", **how)
    monkeypatch.setattr(loop.checkpoint, "save", save)
    resumed = resume(tmp_path / "stopped")
    assert bits(resumed) == bits(whole)
    assert not all(values.equal(body_of(begun[NORMED])[key]) for key, values in body_of(whole).items())
    recipe = whole.recipe
    assert recipe.learning_rate * recipe.last_layer_rate == pytest.approx(ADAMW_RATE)


def test_an_interrupted_head_goes_on(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signals themselves are tests/training/test_resume.py's and tests/cli/test_interrupted.py's."""
    asked = threading.Event()
    asked.set()
    with monkeypatch.context() as stopping:
        stopping.setattr(head, "stop_between_steps", lambda: nullcontext(asked))
        with pytest.raises(Interrupted):
            train(make_images(count=30), weights=begun[NORMED].folder, tune="head", out=tmp_path / "run")
    assert resume(tmp_path / "run").finished


def test_a_comparison_has_a_row_for_a_frozen_body(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    found = compare(
        make_images(count=40),
        models=["lenet5", NORMED],
        weights=[str(begun[NORMED].folder), f"{MODEL}={begun[MODEL].folder}"],
        epochs=8,
        out=tmp_path / "compared",
        tests=True,
        seeds=2,
    )
    result = found.result
    assert result.final is not None
    assert result.answer is not None
    names = {"lenet5", NORMED, f"{NORMED}-frozen", f"{MODEL}-frozen"}
    networks = {network.name: network for network in result.final.networks}
    assert set(networks) == names == {one.name for one in result.answer.networks}
    frozen = networks[f"{NORMED}-frozen"]
    assert frozen.runs == (f"final/{NORMED}-frozen-seed0", f"final/{NORMED}-frozen-seed1")
    assert frozen.multiply_adds == networks[NORMED].multiply_adds
    card = (found.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "All layers but the last kept the weights" in card
    assert str(begun[NORMED].folder) not in card
    assert f"{NORMED}-frozen" in (found.folder / "report.html").read_text("utf-8")
    reported = Run(found.folder / frozen.run)
    write_run_report(reported.folder)
    write_model_card(reported.folder)
    own = (reported.folder / "MODEL_CARD.md").read_text("utf-8")
    assert str(begun[NORMED].folder) not in own
    assert "130 of them were trained" in own  # 64 weights and a bias for each of two classes
    assert "its last layer was fitted until it settled" in own
    assert "that the weights were trained with" in own
    assert "stochastic gradient descent" not in own
    assert "from random initialisation" not in (reported.folder / "report.html").read_text("utf-8")


def test_a_frozen_body_takes_part_in_the_race(begun: dict[str, Run], make_images: MakeImages, tmp_path: Path) -> None:
    data, weights = make_images(count=40), [str(begun[NORMED].folder)]
    found = compare(data, models=["lenet5"], weights=weights, minutes=0.3, out=tmp_path / "out").result
    assert {one.name for one in found.rounds[0].networks} == {"lenet5", f"{NORMED}-frozen"}
    assert found.answer is not None
    assert not found.hint  # that a pretrained network may do better


def test_the_size_is_that_of_the_weights_unless_told(begun: dict[str, Run], make_images: MakeImages) -> None:
    data = make_images(count=12, size=80)
    how = {"weights": begun[NORMED].folder, "recipe": None, "model": None}
    assert plan_training(data, **how)[0].recipes[0].size == 32
    assert plan_training(data, **how, tune="head")[0].recipes[0].size == 32
    assert plan_training(data, **how, tune="head", size=48)[0].recipes[0].size == 48


def test_images_of_another_type_keep_their_own_normalisation(begun: dict[str, Run], tmp_path: Path) -> None:
    data, progress = tmp_path / "deep", Notes()
    for position, label in enumerate(("dark", "light")):
        (data / label).mkdir(parents=True)
        for number in range(14):
            pixels = disc(number, bright=position == 1).astype(np.uint16) * 16
            Image.fromarray(pixels).save(data / label / f"{number}.tif")
    run = train(data, weights=begun[NORMED].folder, tune="head", out=tmp_path / "run", progress=progress)
    assert any("trained on uint8, these images are uint16" in note for note in progress.notes)
    how = run.classifier.preprocessing
    assert how.mean != begun[NORMED].classifier.preprocessing.mean
    assert "over training images" in (run.folder / "MODEL_CARD.md").read_text("utf-8")
    ranged = train(
        data,
        weights=begun[NORMED].folder,
        tune="head",
        intensity="range 0 4095",
        out=tmp_path / "ranged",
        progress=Notes(),
    )
    assert ranged.classifier.preprocessing.mean == begun[NORMED].classifier.preprocessing.mean


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"tune": "head", "model": NORMED},
            "tune = 'head': is for a network with trained weights; name them with --weights",
        ),
        ({"tune": "some", "weights": "RUN"}, "tune = 'some': expected one of all, head, gradual"),
        ({"tune": "head", "weights": "RUN", "epochs": 3, "augment": "flip"}, "leave out --epochs, --augment"),
        ({"weights": "RUN", "model": "resnet56_cifar"}, f"holds weights of {NORMED}, which is another network"),
        ({"weights": "nowhere.pth", "model": NORMED}, "--weights nowhere.pth: no such file or folder"),
        ({"weights": "UNFINISHED"}, "is no folder of a finished run"),
        ({"weights": "", "model": NORMED}, "--weights: is empty"),
        ({"weights": "FILE", "model": "resnet32_cifar"}, "holds no weights of resnet32_cifar: it has no layer"),
        ({"weights": "NIN", "model": "nin_cifar10", "tune": "head"}, "nin_cifar10: its class maps go through a ReLU"),
        ({"weights": "imagenet", "model": NORMED}, "there are no imagenet weights for it"),
        ({"weights": "imagenet"}, "--weights imagenet: does not say of which network it is; choose one with --model"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    how: dict[str, object], message: str, begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    (tmp_path / "unfinished").mkdir()
    save_file(create_model("nin_cifar10").state_dict(), tmp_path / "nin.safetensors")
    named = {
        "RUN": begun[NORMED].folder,
        "FILE": begun[NORMED].folder / "classifier" / "model.safetensors",
        "UNFINISHED": tmp_path / "unfinished",
        "NIN": tmp_path / "nin.safetensors",
    }
    how = {name: named.get(str(value), value) for name, value in how.items()}
    with pytest.raises((UsageError, LeadlineError), match=message):
        train(make_images(), out=tmp_path / "run", **how)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["somewhere"], "--weights somewhere: expected the folder of a finished run, NETWORK=WEIGHTS"),
        (["resnet999=imagenet"], "resnet999: no network of this name; did you mean"),
        (["RUN", "RUN"], f"are both of {NORMED}; a comparison has one row"),
    ],
)
def test_a_comparison_refuses_weights_of_no_network(
    weights: list[str], message: str, begun: dict[str, Run], make_images: MakeImages
) -> None:
    named = [str(begun[NORMED].folder) if one == "RUN" else one for one in weights]
    with pytest.raises(UsageError, match=message):
        plan_comparison(make_images(), models=["lenet5"], recipe=None, weights=named)


def test_weights_with_other_channels_are_adapted_and_said(begun: dict[str, Run], tmp_path: Path) -> None:
    data, progress = tmp_path / "colour", Notes()
    for position, label in enumerate(("dark", "light")):
        (data / label).mkdir(parents=True)
        for number in range(14):
            grey = disc(number, bright=position == 1)
            Image.fromarray(np.stack([grey, grey, 255 - grey], axis=2)).save(data / label / f"{number}.png")
    run = train(data, weights=begun[NORMED].folder, tune="head", out=tmp_path / "run", progress=progress)
    assert any("conv1 adapted from 1 channels to 3" in note for note in progress.notes)
    assert (
        json.loads((run.folder / "metrics.json").read_text("utf-8"))["pretrained"]["mean"]
        == [begun[NORMED].classifier.preprocessing.mean[0]] * 3
    )
    assert pl.read_parquet(run.folder / "predictions.parquet")["error"].str.len_chars().sum() == 0


def test_weights_that_have_seen_the_judged_images_are_refused(begun: dict[str, Run], tmp_path: Path) -> None:
    """A network may know what it was trained on by heart; that is no accuracy."""
    data, weights = begun[NORMED].manifest.root, begun[NORMED].folder
    assert train(data, weights=weights, tune="head", out=tmp_path / "same").metrics.pretrained.images_known
    with pytest.raises(UsageError, match=r"was trained on \d+ of the \d+ images that would be judged, such as .*split"):
        train(data, weights=weights, tune="head", split_seed=1, out=tmp_path / "other")
    with pytest.raises(UsageError, match="images that would be judged"):
        train(data, weights=weights, tune="head", folds=3, out=tmp_path / "folds")
    with pytest.raises(UsageError, match="images that would be judged"):
        plan_comparison(data, models=["lenet5"], recipe=None, weights=[str(weights)], split_seed=1)
    with pytest.raises(UsageError, match="a learning curve would hide some of them"):
        plan_comparison(data, models=["lenet5"], recipe=None, weights=[str(weights)], learning_curve=True)
    later = tmp_path / "same"  # whose body has seen what the one before it saw
    with pytest.raises(UsageError, match="images that would be judged"):
        train(data, weights=later, tune="all", epochs=1, split_seed=1, out=tmp_path / "chain")


def test_what_a_file_has_seen_is_not_known_and_said(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    file = begun[NORMED].folder / "classifier" / "model.safetensors"
    run = train(make_images(count=30), model=NORMED, weights=file, tune="head", out=tmp_path / "run")
    card = (run.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "Whether the weights that it started from were trained on any of these images: not known" in card
    assert "that it had never seen" not in (run.folder / "report.html").read_text("utf-8")


def test_weights_that_change_before_a_resumption_are_refused(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(begun[NORMED].folder, weights)
    monkeypatch.setattr(
        "leadline.training.training.fit_head", lambda *_, **__: (_ for _ in ()).throw(Interrupted("run"))
    )
    with pytest.raises(Interrupted):
        train(make_images(count=30), weights=weights, tune="head", out=tmp_path / "run")
    state = load_file(weights / "classifier" / "model.safetensors")
    save_file({name: values * 1.5 for name, values in state.items()}, weights / "classifier" / "model.safetensors")
    with pytest.raises(LeadlineError, match="has changed since this recipe was made: its SHA-256 began with"):
        resume(tmp_path / "run")
    with pytest.raises(UsageError, match="is not what the recipe began with"):
        train(recipe=tmp_path / "run" / "recipe.toml", out=tmp_path / "again")


@pytest.mark.parametrize("balance", ["weights", "sampling"])
def test_a_rare_class_counts_as_much_when_balanced(
    balance: str, begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    data = make_images(count=40)
    for file in sorted((data / "light").iterdir())[12:]:
        file.unlink()
    plain = train(data, weights=begun[NORMED].folder, tune="head", out=tmp_path / "plain")
    balanced = train(data, weights=begun[NORMED].folder, tune="head", balance=balance, out=tmp_path / "balanced")
    assert bits(plain) != bits(balanced)
    light = [run.predictions.table["p:light"].mean() for run in (plain, balanced)]
    assert light[1] > light[0]  # type: ignore[operator]


def test_a_comparison_takes_the_recipe_of_a_run(begun: dict[str, Run], make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images()
    recipe = begun[NORMED].folder / "recipe.toml"
    assert plan_comparison(data, models=["lenet5"], recipe=recipe).recipes[0].batch_size == 16
    frozen = train(make_images("more", count=30), weights=begun[NORMED].folder, tune="head", out=tmp_path / "frozen")
    with pytest.raises(UsageError, match="names the weights of one network; a comparison takes them from --weights"):
        plan_comparison(data, models=["lenet5"], recipe=frozen.folder / "recipe.toml")


def test_the_recipe_of_a_head_is_not_that_of_the_whole(
    begun: dict[str, Run], make_images: MakeImages, tmp_path: Path
) -> None:
    """One step per image and no augmentation belong to features that are computed once."""
    data = make_images(count=30)
    frozen = train(data, weights=begun[NORMED].folder, tune="head", out=tmp_path / "frozen")
    plan, _ = plan_training(data, model=None, recipe=frozen.folder / "recipe.toml", tune="all")
    assert plan.epochs(plan.recipes[0]) > 9
    assert plan.recipes[0].augment == "shift"


def test_only_networks_for_large_images_are_trained_further_at_a_lower_rate(make_images: MakeImages) -> None:
    manifest = split(scan(make_images()))
    for name, share in (("resnet18", 0.1), (NORMED, 1.0)):
        scratch = resolve({}, manifest, model=name)
        further = resolve({"weights": "w"}, manifest, model=name)
        assert further.learning_rate == pytest.approx(share * scratch.learning_rate)
        assert further.learning_rate * further.last_layer_rate == pytest.approx(scratch.learning_rate)


def test_a_rate_that_is_given_is_the_rate(begun: dict[str, Run], make_images: MakeImages) -> None:
    plan, _ = plan_training(make_images(), model=None, recipe=None, weights=begun[NORMED].folder, learning_rate=0.03)
    assert (plan.recipes[0].learning_rate, plan.recipes[0].last_layer_rate) == (0.03, 1.0)


def test_other_limits_of_intensity_are_another_normalisation(tmp_path: Path) -> None:
    data, more = tmp_path / "first", tmp_path / "second"
    for home, first in ((data, 0), (more, 100)):
        for position, label in enumerate(("dark", "light")):
            (home / label).mkdir(parents=True)
            for number in range(first, first + 14):
                pixels = disc(number, bright=position == 1).astype(np.uint16) * 16
                Image.fromarray(pixels).save(home / label / f"{number}.tif")
    ranged = train(data, model=NORMED, epochs=1, intensity="range 0 4095", out=tmp_path / "ranged")
    progress = Notes()
    run = train(more, weights=ranged.folder, tune="head", out=tmp_path / "full", progress=progress)
    assert any(
        "trained on uint16 range 0 4095, these images are uint16: they are norm" in note for note in progress.notes
    )
    assert run.classifier.preprocessing.mean != ranged.classifier.preprocessing.mean
    same = train(
        more, weights=ranged.folder, tune="head", intensity="range 0 4095", out=tmp_path / "same", progress=progress
    )
    assert same.classifier.preprocessing.mean == ranged.classifier.preprocessing.mean


def test_a_folder_called_as_a_tag_does_not_stand_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imagenet").mkdir()
    monkeypatch.chdir(tmp_path)
    known = Pretrained(architecture="resnet18", source="imagenet:v1", crop=224, sha256="f37072fd")
    monkeypatch.setattr("leadline.training.transfer.known_of", lambda *_, **__: known)
    assert start_weights("resnet18", "imagenet", frozen=True, progress=Progress()).weights == "imagenet"
