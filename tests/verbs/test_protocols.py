"""Evaluation by the papers' test protocols: one prediction of several views, counted, named, averaged as they say."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from leadline.classifier import Classifier, load
from leadline.cli import app
from leadline.data.loader import files
from leadline.data.preprocessing import Preprocessing
from leadline.data.protocols import TABLE, find_protocol
from leadline.data.views import views, views_of
from leadline.errors import LeadlineError, UsageError
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.pretrained.create import create_model
from leadline.progress import Progress
from leadline.training.run_folder import Run
from leadline.verbs.evaluate import evaluate
from leadline.verbs.train import train

from ..conftest import MakeImages, disc

NAMES = [row.name for row in TABLE]


class Notes(Progress):
    def __init__(self, said: list[str]) -> None:
        self.said = said

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A classifier of dark and light discs on images of 48 pixels, which works at 32."""
    folder = tmp_path_factory.mktemp("protocols")
    for position, label in enumerate(("dark", "light")):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(40):
            pixels = disc(1000 * position + number, bright=position == 1, size=48)
            Image.fromarray(pixels[:, :40]).save(folder / "images" / label / f"{number:03d}.png")
    return train(folder / "images", model="resnet20_cifar", out=folder / "run", epochs=8, size=32)


@pytest.fixture
def copy(trained: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.folder, tmp_path / "run"))


@pytest.mark.parametrize("name", NAMES)
def test_each_protocol_is_named_counted_and_good_at_what_is_easy(copy: Path, name: str) -> None:
    said: list[str] = []
    found = evaluate(copy, protocol=name, progress=Notes(said))
    assert said[0] == "look number 2 at this test split"
    # The images are 48×40: smaller than the larger scales, larger than the others.
    assert any("12 of these images are smaller" in note for note in said) == (name not in ("center", "ten-crop"))
    written = json.loads((found.folder / "metrics.json").read_text())["protocol"]
    row = next(row for row in TABLE if row.name == name)
    scales = [int(scale * 32 / 224 + 0.5) for scale in row.scales]
    assert written == {
        "name": name, "size": 32, "scales": scales, "views": row.views, "averaged": row.averaged,
    }  # fmt: skip
    assert found.folder.name == f"test-{name}"
    assert Run(copy).metrics.looks_at_test == 2
    assert found.metrics.auroc.value > 0.9
    assert np.allclose(found.predictions.probabilities.sum(axis=1), 1)


def test_without_a_protocol_everything_is_as_it_was(trained: Run, copy: Path) -> None:
    found = evaluate(copy)
    assert found.metrics.protocol.name == "own"
    assert found.folder.name == "test"
    before = trained.predictions.of_split("test")
    assert np.allclose(found.predictions.probabilities, before.probabilities, atol=0.02)


def test_what_cannot_be_is_refused_before_it_counts_as_a_look(copy: Path) -> None:
    for options in ({"protocol": "centre"}, {"protocol": "dense", "scales": (16,)}, {"scales": (64,)}):
        with pytest.raises(UsageError):
            evaluate(copy, **options)
    assert Run(copy).metrics.looks_at_test == 1


class Brightness(nn.Module):
    """Logits that a person can compute: a quarter of what a view's mean is above middle grey, a tenth of its width."""

    def forward(self, x: Tensor) -> Tensor:
        above = (x.mean(dim=(1, 2, 3)) - 127) / 4
        return torch.stack([above, torch.full_like(above, x.shape[3] / 10)], dim=1)


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_is_that_of_each_images_own_views(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(4)
    paths = [tmp_path / f"{number}.png" for number in range(9)]
    for path in paths:
        shape = (int(random.integers(30, 50)), int(random.integers(30, 50)))
        # Brighter to the lower right, so that each crop has another mean.
        ramp = np.add.outer(np.linspace(60, 130, shape[0]), np.linspace(0, 60, shape[1]))
        Image.fromarray((ramp + random.uniform(0, 30, shape)).astype(np.uint8)).save(path)
    paths[4].write_bytes(b"no image")
    how = Preprocessing(1, "uint8", 28, mean=(0.0,), std=(1 / 255,))  # grey levels as they are
    asked = find_protocol(name, size=28)
    assert asked is not None
    engine = Engine(Brightness(), 2, how, hardware("cpu", "fp32"))
    found, errors = engine.predict(views([(path,) for path in paths], how, asked))
    assert [bool(error) for error in errors] == [number == 4 for number in range(9)]
    for number, path in enumerate(paths):
        if number == 4:
            assert np.isnan(found[number]).all()
            continue
        looked_at = views_of(how.read(path, whole=100), asked)
        logits = np.array([((view.astype(float).mean() - 127) / 4, view.shape[1] / 10) for view in looked_at])
        if asked.averaged == "logits":
            logits = logits.mean(axis=0, keepdims=True)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        expected = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
        assert np.allclose(found[number], expected, atol=1e-4)


def test_however_many_views_there_are_few_go_through_the_network_together(tmp_path: Path) -> None:
    seen = []

    class Watching(Brightness):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.shape[0] * x.shape[2] * x.shape[3])
            return super().forward(x)

    for number in range(12):
        Image.fromarray(disc(number, bright=True, size=40)).save(tmp_path / f"{number:02d}.png")
    how = Preprocessing(1, "uint8", 28, mean=(0.0,), std=(1.0,))
    for name, scales in [*((name, ()) for name in NAMES), ("dense", (200,))]:
        asked = find_protocol(name, size=28, scales=scales)
        assert asked is not None
        engine = Engine(Watching(), 2, how, hardware("cpu", "fp32"))
        engine.predict(views([(path,) for path in sorted(tmp_path.iterdir())], how, asked))
    assert max(seen) <= 64 * 28**2


def saved_run(trained: Run, folder: Path, name: str, *, size: int) -> Path:
    """The trained run with another, untrained network in it."""
    copy = Path(shutil.copytree(trained.folder, folder / name))
    torch.manual_seed(1)
    before = load(copy)
    network = create_model(name, num_classes=2, in_channels=1)
    how = replace(before.preprocessing, size=size)
    Classifier(network, name, before.classes, how).save(copy / "classifier")
    return copy


def test_a_network_with_fully_connected_layers_slides_at_the_size_they_were_made_for(
    trained: Run, tmp_path: Path
) -> None:
    run = saved_run(trained, tmp_path, "vgg_small", size=32)
    dense = evaluate(run, protocol="dense", scales=(32,)).predictions.probabilities
    assert np.allclose(dense.sum(axis=1), 1)
    # Square images at the working size are one position: the mean of the network's own answers to them, mirrored too.
    squares = tmp_path / "squares"
    for label in ("dark", "light"):
        (squares / label).mkdir(parents=True)
        for number in range(3):
            Image.fromarray(disc(number, bright=label == "light")).save(squares / label / f"{number}.png")
    found = evaluate(run, squares, protocol="dense", scales=(32,)).predictions
    classifier = load(run)
    paths = [squares / path for path in found.table["path"]]
    mirrored = []
    for number, path in enumerate(paths):
        mirrored.append(tmp_path / f"mirrored{number}.png")
        Image.fromarray(np.ascontiguousarray(np.asarray(Image.open(path))[:, ::-1])).save(mirrored[-1])
    engine = Engine.of(classifier, hardware("cpu", "fp32"))
    one, _ = engine.predict(files(paths, classifier.preprocessing, batch_size=8))
    other, _ = engine.predict(files(mirrored, classifier.preprocessing, batch_size=8))
    assert np.allclose(found.probabilities, (one + other) / 2, atol=0.01)

    with pytest.raises(LeadlineError, match="vgg_small: at 40 pixels its last map is 5×5"):
        evaluate(saved_run(trained, tmp_path / "larger", "vgg_small", size=40), protocol="dense")


def test_data_with_a_test_split_is_judged_on_it(copy: Path, make_images: MakeImages) -> None:
    make_images("data/train", count=4)
    root = make_images("data/test", count=3).parent
    said: list[str] = []
    found = evaluate(copy, root, progress=Notes(said))
    assert len(found.predictions) == 6
    assert any("has a test split of its own: its 6 images are judged" in note for note in said)


def test_the_command_line_takes_a_protocol_and_its_scales(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["evaluate", str(copy), "--protocol", "ten-crop", "--scales", "36,40", "--json"])
    assert json.loads(capsys.readouterr().out)["protocol"] == {
        "name": "ten-crop", "size": 32, "scales": [36, 40], "views": 20, "averaged": "probabilities",
    }  # fmt: skip
    app(["evaluate", str(copy), "--protocol", "center"])
    assert "protocol    center: 1 view of each, short side 37 pixels" in capsys.readouterr().out
    with pytest.raises(UsageError, match="--scales large"):
        app(["evaluate", str(copy), "--protocol", "center", "--scales", "large"], exit_on_error=False)
