"""Weights under other names, for other classes or other channels: what fits is kept, what was changed is said."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from leadline.pretrained.adapt import renamed
from leadline.pretrained.create import create_model
from leadline.pretrained.weights import weights_of
from leadline.progress import SILENT

from ..conftest import Notes
from .conftest import Server, assert_close, images, outputs, saved, serve_as_imagenet, theirs_of


def test_densenets_files_have_older_names(tmp_path: Path) -> None:
    theirs = theirs_of("densenet121")
    older = {
        key.replace(".norm1.", ".norm.1.")
        .replace(".norm2.", ".norm.2.")
        .replace(".conv1.", ".conv.1.")
        .replace(".conv2.", ".conv.2."): values
        for key, values in theirs.state_dict().items()
        if "num_batches_tracked" not in key  # they are older than that, too
    }
    torch.save(older, tmp_path / "old.pth")
    ours = create_model("densenet121", weights=tmp_path / "old.pth")
    assert torch.equal(outputs(ours, images()), outputs(theirs, images()))


def test_timms_vgg_has_convolutions_where_others_have_fully_connected_layers() -> None:
    values = torch.randn(8, 2, 7, 7)
    theirs = {
        "features.0.weight": torch.ones(4, 3, 3, 3),
        "pre_logits.fc1.weight": values,
        "pre_logits.fc2.weight": torch.ones(8, 8, 1, 1),
        "head.fc.bias": torch.ones(5),
    }
    expected = {
        "features.0.weight": torch.empty(4, 3, 3, 3),
        "classifier.0.weight": torch.empty(8, 98),
        "classifier.3.weight": torch.empty(8, 8),
        "classifier.6.bias": torch.empty(5),
    }
    ours = renamed(theirs, expected)
    assert {key: values.shape for key, values in ours.items()} == {k: values.shape for k, values in expected.items()}
    # Of a map as large as the kernels, the convolution and the fully connected layer say the same.
    x = torch.randn(1, 2, 7, 7)
    assert torch.allclose(
        F.conv2d(x, values).flatten(1), F.linear(x.flatten(1), ours["classifier.0.weight"]), atol=1e-4
    )


@pytest.mark.parametrize(
    ("name", "timms"),
    [
        ("resnet18", "resnet18"),
        ("resnet50_v1_5", "resnet50"),
        ("resnext50_32x4d", "resnext50_32x4d"),
        ("densenet121", "densenet121"),
        pytest.param("vgg_a_bn", "vgg11_bn", marks=pytest.mark.slow),
    ],
)
def test_timms_weights_give_timms_outputs(tmp_path: Path, name: str, timms: str) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(5)
    theirs = timm.create_model(timms).eval()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    batch = torch.randn(2, 3, 224, 224)
    ours = create_model(name, weights=tmp_path / "model.safetensors")
    assert_close(outputs(ours, batch), outputs(theirs, batch))


@pytest.mark.parametrize(
    ("name", "layer_type", "depths"),
    [("resnet18", "basic", [2, 2, 2, 2]), ("resnet50_v1_5", "bottleneck", [3, 4, 6, 3])],
)
def test_transformers_weights_give_transformers_outputs(
    tmp_path: Path, name: str, layer_type: str, depths: list[int]
) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(5)
    widths = [width * (4 if layer_type == "bottleneck" else 1) for width in (64, 128, 256, 512)]
    config = transformers.ResNetConfig(layer_type=layer_type, depths=depths, hidden_sizes=widths, num_labels=1000)
    theirs = transformers.ResNetForImageClassification(config).eval()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours = create_model(name, weights=tmp_path / "model.safetensors")
    with torch.inference_mode():
        assert_close(outputs(ours, images()), theirs(images()).logits)


def test_transformers_names_become_torchvisions() -> None:
    theirs = {
        "resnet.embedder.embedder.convolution.weight": "conv1.weight",
        "resnet.embedder.embedder.normalization.running_mean": "bn1.running_mean",
        "resnet.encoder.stages.0.layers.0.shortcut.convolution.weight": "layer1.0.downsample.0.weight",
        "resnet.encoder.stages.3.layers.0.shortcut.normalization.bias": "layer4.0.downsample.1.bias",
        "resnet.encoder.stages.2.layers.22.layer.2.convolution.weight": "layer3.22.conv3.weight",
        "resnet.encoder.stages.1.layers.3.layer.0.normalization.weight": "layer2.3.bn1.weight",
        "classifier.1.weight": "fc.weight",
    }
    state = {key: torch.ones(1) for key in theirs}
    assert list(renamed(state, {})) == list(theirs.values())
    assert list(renamed({"classifier.1.weight": torch.ones(1)}, {})) == ["classifier.1.weight"]  # AlexNet's


def test_another_number_of_classes_gives_a_new_head_and_says_so(trained: Path) -> None:
    said = Notes()
    torch.manual_seed(7)
    fresh = create_model("resnet20_cifar", num_classes=4)
    torch.manual_seed(7)
    ours = create_model("resnet20_cifar", num_classes=4, weights=trained, progress=said)
    assert said.notes == ["resnet20_cifar: fc: new, for 4 classes; the weights tell 10 classes apart"]
    assert torch.equal(ours.fc.weight, fresh.fc.weight)
    state = torch.load(trained)
    assert all(torch.equal(values, state[key]) for key, values in ours.state_dict().items() if "fc" not in key)
    about = weights_of(ours)
    assert about is not None
    assert f"resnet20_cifar: {about.notes[0]}" == said.notes[0]


def test_the_same_number_of_classes_keeps_the_head_and_says_nothing(trained: Path) -> None:
    said = Notes()
    ours = create_model("resnet20_cifar", weights=trained, progress=said)
    assert torch.equal(ours.fc.weight, torch.load(trained)["fc.weight"])
    assert said.notes == []


def test_half_a_head_is_none(trained: Path, tmp_path: Path) -> None:
    said, state = Notes(), torch.load(trained)
    torch.save({key: values for key, values in state.items() if key != "fc.bias"}, tmp_path / "half.pth")
    ours = create_model("resnet20_cifar", weights=tmp_path / "half.pth", progress=said)
    assert said.notes == ["resnet20_cifar: fc: new, for 10 classes; the weights have it in part only"]
    assert not torch.equal(ours.fc.weight, state["fc.weight"])


@pytest.mark.parametrize("channels", [1, 6, 9])
def test_equal_channels_give_the_outputs_that_they_gave_before(trained: Path, channels: int) -> None:
    said = Notes()
    before = create_model("resnet20_cifar", weights=trained)
    ours = create_model("resnet20_cifar", in_channels=channels, weights=trained, progress=said)
    grey = images(1)
    assert_close(outputs(ours, grey.expand(-1, channels, -1, -1)), outputs(before, grey.expand(-1, 3, -1, -1)))
    assert len(said.notes) == 1
    assert f"conv1 adapted from 3 channels to {channels}" in said.notes[0]


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_kernels_are_repeated_in_turn_and_rescaled(trained: Path, channels: int) -> None:
    before = torch.load(trained)["conv1.weight"]
    ours = create_model("resnet20_cifar", in_channels=channels, weights=trained, progress=SILENT).conv1.weight
    for channel in range(channels):
        assert torch.allclose(ours[:, channel], before[:, channel % 3] * 3 / channels)


def test_the_mean_and_deviation_follow_the_channels(
    server: Server, monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    serve_as_imagenet("resnet18", theirs_of("resnet18"), server, monkeypatch)
    about = {
        channels: weights_of(create_model("resnet18", in_channels=channels, weights="imagenet", progress=SILENT))
        for channels in (1, 4)
    }
    assert about[1] is not None
    assert about[4] is not None
    assert about[1].mean == pytest.approx((0.449,))
    assert about[4].std == (0.229, 0.224, 0.225, 0.229)


def test_what_was_changed_is_said_on_stderr_where_nobody_else_listens(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_model("resnet20_cifar", num_classes=2, weights=trained)
    assert capsys.readouterr().err.startswith("leadline: resnet20_cifar: fc: new, for 2 classes")


def test_every_network_finds_its_own_head_and_first_convolution(tmp_path: Path) -> None:
    for name in ("lenet5", "alexnet_small", "vgg_small", "nin_small", "googlenet_small", "resnext_small"):
        said = Notes()
        file = saved(create_model(name), tmp_path / f"{name}.pth")
        create_model(name, num_classes=3, in_channels=2, weights=file, progress=said)
        assert len(said.notes) == 2, name


def test_files_without_training_only_heads_are_enough(tmp_path: Path) -> None:
    state = create_model("googlenet_small").state_dict()
    save_file(
        {key: values for key, values in state.items() if not key.startswith("aux")}, tmp_path / "body.safetensors"
    )
    said = Notes()
    create_model("googlenet_small", num_classes=3, weights=tmp_path / "body.safetensors", progress=said)
    assert said.notes == [
        "googlenet_small: aux1, aux2: new; the weights have no such heads, which only training uses",
        "googlenet_small: fc: new, for 3 classes; the weights tell 10 classes apart",
    ]
