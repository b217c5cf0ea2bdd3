"""Trained weights: what is loaded gives its makers' outputs, what was changed is said, what does not fit is refused."""

import hashlib
import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.errors import LeadlineError, UsageError
from leadline.zoo import Pretrained, create_model, list_models, weights_of
from leadline.zoo import weights as weights_module
from leadline.zoo.adapt import renamed
from leadline.zoo.pretrained import COUNTERPARTS, MIRROR, torchvision_weights

from .conftest import Server

Said = list[str]


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch hub's folder of downloaded files, empty; and nobody reaches the real network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:1")
    return tmp_path / "torch" / "hub" / "checkpoints"


def theirs_of(name: str, **options: bool) -> nn.Module:
    torch.manual_seed(1)
    model: nn.Module = torchvision.models.get_model(name, weights=None, **options).eval()
    generator = torch.Generator().manual_seed(2)
    for key, values in model.state_dict().items():  # as after a training: the outputs depend on the images
        if "running" in key:
            values.uniform_(0.5, 1.5, generator=generator) if "var" in key else values.uniform_(-0.1, 0.1)
        elif values.dim() == 4:
            values.normal_(std=(2 / values[0].numel()) ** 0.5, generator=generator)
    return model


def images(channels: int = 3) -> Tensor:
    return torch.rand(2, channels, 65, 65, generator=torch.Generator().manual_seed(3))


def outputs(model: nn.Module, batch: Tensor) -> Tensor:
    with torch.inference_mode():
        found: Tensor = model.eval()(batch)
    return found


def assert_close(ours: Tensor, theirs: Tensor) -> None:
    assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


def saved(model: nn.Module, file: Path) -> Path:
    torch.save(model.state_dict(), file)
    return file


def serve_as_imagenet(name: str, model: nn.Module, server: Server, monkeypatch: pytest.MonkeyPatch) -> Pretrained:
    """Let torchvision's default entry for `name` be a file with the weights of `model`, which `server` has."""
    file = saved(model, server.folder / "new.pth")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    tag, known = next(iter(torchvision_weights(name).items()))
    known = replace(known, url=f"https://nowhere.invalid/{name}-{digest}.pth", sha256=digest)
    file.rename(server.folder / f"{name}-{digest}.pth")
    monkeypatch.setenv(MIRROR, f"{server.url}/")
    monkeypatch.setattr(weights_module, "torchvision_weights", lambda asked: {tag: known} if asked == name else {})
    return known


# What torchvision states, and where its files lie.


def test_every_network_that_torchvision_has_states_what_torchvision_states() -> None:
    for name, theirs in COUNTERPARTS.items():
        entries = torchvision.models.get_model_weights(theirs)
        ours = torchvision_weights(name)
        assert next(iter(ours.values())).url == entries.DEFAULT.url
        for known in ours.values():
            entry = entries[known.source.upper().replace("IMAGENET:", "IMAGENET1K_")]
            transform = entry.transforms()
            assert (known.url, known.top1, known.top5) == (entry.url, *entry.meta["_metrics"]["ImageNet-1K"].values())
            assert ([known.resize], [known.crop]) == (transform.resize_size, transform.crop_size)
            assert known.interpolation == "bilinear"
            assert len(known.sha256) == 8
            assert known.sha256 in known.url
            if name != "googlenet_bn":
                assert (list(known.mean or ()), list(known.std or ())) == (transform.mean, transform.std)
    assert {name for name in list_models() if torchvision_weights(name)} == set(COUNTERPARTS)


def test_imagenet_weights_are_downloaded_once_into_torch_hubs_folder_and_give_their_outputs(
    server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, said = theirs_of("resnet18"), Said()
    known = serve_as_imagenet("resnet18", theirs, server, monkeypatch)
    server.break_off_after = [10_000_000]
    ours = create_model("resnet18", weights="imagenet", say=said.append)
    assert torch.equal(outputs(ours, images()), outputs(theirs, images()))
    assert server.ranges == [None, "bytes=10000000-"]
    assert [file.name for file in hub.iterdir()] == [f"resnet18-{known.sha256}.pth"]
    create_model("resnet18", weights="imagenet:v1", say=said.append)
    assert len(server.ranges) == 2
    assert [line.split()[0] for line in said] == ["downloading"]
    about = weights_of(ours)
    assert about is not None
    assert (about.source, about.top1, about.resize, about.crop) == ("imagenet:v1", 69.758, 256, 224)
    assert about.mean == (0.485, 0.456, 0.406)
    assert weights_of(create_model("resnet20_cifar")) is None


def test_a_file_of_torchvisions_name_with_other_content_is_refused(
    server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "resnet18-f37072fd.pth").write_bytes(b"x" * 1000)
    monkeypatch.setenv(MIRROR, server.url)
    with pytest.raises(LeadlineError, match=r"begins with [0-9a-f]{8}, expected f37072fd"):
        create_model("resnet18", weights="imagenet", say=Said().append)
    assert list(hub.iterdir()) == []
    (hub / "resnet18-f37072fd.pth").write_bytes(b"put there by hand")
    with pytest.raises(LeadlineError, match=r"f37072fd\.pth: is damaged or another file"):
        create_model("resnet18", weights="imagenet", say=Said().append)


def test_without_a_network_the_place_for_the_file_is_named(monkeypatch: pytest.MonkeyPatch, hub: Path) -> None:
    monkeypatch.setattr("leadline.zoo.fetch.PAUSE", 0.0)
    with pytest.raises(LeadlineError) as caught:
        create_model("densenet121", weights="imagenet", say=Said().append)
    assert str(hub / "densenet121-a639ec97.pth") in str(caught.value)


# The two networks whose files need more than their names.


def test_googlenets_weights_ask_for_the_normalisation_they_were_trained_with(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = theirs_of("googlenet", transform_input=True, aux_logits=True, init_weights=True)
    normal = torchvision.models.GoogLeNet_Weights.DEFAULT.transforms()
    serve_as_imagenet("googlenet_bn", theirs, server, monkeypatch)
    said = Said()
    ours = create_model("googlenet_bn", weights="imagenet", say=said.append)
    about = weights_of(ours)
    assert about is not None
    pixels = images()
    as_usual = torchvision.transforms.functional.normalize(pixels, normal.mean, normal.std)
    expected = outputs(theirs, as_usual)
    found = outputs(ours, torchvision.transforms.functional.normalize(pixels, about.mean, about.std))
    assert_close(found, expected)
    assert (expected[0] - expected[1]).abs().max() > 1e-3 * expected.abs().max()
    with pytest.raises(AssertionError):
        assert_close(
            outputs(ours, torchvision.transforms.functional.normalize(pixels, normal.mean, normal.std)), expected
        )
    assert any("auxiliary heads in this file are not trained" in line for line in said)


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


# Other classes and other channels.


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-20 of ten classes and three channels, in a file."""
    torch.manual_seed(6)
    return saved(create_model("resnet20_cifar"), tmp_path_factory.mktemp("trained") / "resnet20.pt")


def test_another_number_of_classes_gives_a_new_head_and_says_so(trained: Path) -> None:
    said = Said()
    torch.manual_seed(7)
    fresh = create_model("resnet20_cifar", num_classes=4)
    torch.manual_seed(7)
    ours = create_model("resnet20_cifar", num_classes=4, weights=trained, say=said.append)
    assert said == ["resnet20_cifar: fc: new, for 4 classes; the weights tell 10 classes apart"]
    assert torch.equal(ours.fc.weight, fresh.fc.weight)
    state = torch.load(trained)
    assert all(torch.equal(values, state[key]) for key, values in ours.state_dict().items() if "fc" not in key)
    about = weights_of(ours)
    assert about is not None
    assert f"resnet20_cifar: {about.notes[0]}" == said[0]


def test_the_same_number_of_classes_keeps_the_head_and_says_nothing(trained: Path) -> None:
    said = Said()
    ours = create_model("resnet20_cifar", weights=trained, say=said.append)
    assert torch.equal(ours.fc.weight, torch.load(trained)["fc.weight"])
    assert said == []


@pytest.mark.parametrize("channels", [1, 6, 9])
def test_equal_channels_give_the_outputs_that_they_gave_before(trained: Path, channels: int) -> None:
    said = Said()
    before = create_model("resnet20_cifar", weights=trained)
    ours = create_model("resnet20_cifar", in_channels=channels, weights=trained, say=said.append)
    grey = images(1)
    assert_close(outputs(ours, grey.expand(-1, channels, -1, -1)), outputs(before, grey.expand(-1, 3, -1, -1)))
    assert len(said) == 1
    assert f"conv1 adapted from 3 channels to {channels}" in said[0]


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_kernels_are_repeated_in_turn_and_rescaled(trained: Path, channels: int) -> None:
    before = torch.load(trained)["conv1.weight"]
    ours = create_model("resnet20_cifar", in_channels=channels, weights=trained, say=Said().append).conv1.weight
    for channel in range(channels):
        assert torch.allclose(ours[:, channel], before[:, channel % 3] * 3 / channels)


def test_the_mean_and_deviation_follow_the_channels(
    server: Server, monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    serve_as_imagenet("resnet18", theirs_of("resnet18"), server, monkeypatch)
    about = {
        channels: weights_of(create_model("resnet18", in_channels=channels, weights="imagenet", say=Said().append))
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
        said = Said()
        file = saved(create_model(name), tmp_path / f"{name}.pth")
        create_model(name, num_classes=3, in_channels=2, weights=file, say=said.append)
        assert len(said) == 2, name


def test_files_without_training_only_heads_are_enough(tmp_path: Path) -> None:
    state = create_model("googlenet_small").state_dict()
    save_file(
        {key: values for key, values in state.items() if not key.startswith("aux")}, tmp_path / "body.safetensors"
    )
    said = Said()
    create_model("googlenet_small", num_classes=3, weights=tmp_path / "body.safetensors", say=said.append)
    assert said == [
        "googlenet_small: aux1, aux2: new; the weights have no such heads, which only training uses",
        "googlenet_small: fc: new, for 3 classes; the weights tell 10 classes apart",
    ]


# What is refused, in one line.


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("alexnet", "alexnet_owt"),
        ("googlenet", "googlenet_bn"),
        ("resnet50", "resnet50_v1_5"),
        ("resnet101", "resnet101_v1_5"),
        ("resnet152", "resnet152_v1_5"),
    ],
)
def test_a_plain_name_does_not_take_a_variants_weights(name: str, variant: str) -> None:
    with pytest.raises(UsageError, match=f"its variant {variant}; create_model\\('{variant}'"):
        create_model(name, weights="imagenet")


def test_torchvisions_file_under_its_name_is_a_variants_too(tmp_path: Path) -> None:
    file = tmp_path / "resnet50-0676ba61.pth"
    file.write_bytes(b"never read")
    with pytest.raises(UsageError, match=r"resnet50-0676ba61\.pth holds .* variant resnet50_v1_5"):
        create_model("resnet50", weights=file)


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("lenet5", "imagenet", "no imagenet weights for it; `leadline models --pretrained`"),
        ("resnet18", "imagenet:v2", "no imagenet:v2 weights for it, but imagenet:v1"),
        ("resnet18", "imagnet", "no such file; expected imagenet"),
        ("resnet18", "absent.pth", "no such file"),
        ("resnet18", "hf:resnet18", "expected hf:OWNER/NAME"),
        ("resnet18", "hf:timm/resnet18/model.bin", "expected hf:OWNER/NAME"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(name: str, weights: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        create_model(name, weights=weights)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.mark)!r}, 'w').close()",)


@pytest.mark.parametrize("how", ["torch.save", "pickle"])
def test_a_malicious_pickle_is_refused_and_never_run(tmp_path: Path, how: str) -> None:
    file, mark = tmp_path / "model.pth", tmp_path / "executed"
    content = {"conv1.weight": Malicious(mark)}
    if how == "torch.save":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(LeadlineError) as caught:
        create_model("resnet20_cifar", weights=file)
    assert not mark.exists()
    assert "model.pth: holds more than tensors" in str(caught.value)
    assert "\n" not in str(caught.value)
    torch.load(file, weights_only=False) if how == "torch.save" else pickle.loads(file.read_bytes())
    assert mark.exists()  # so it was one


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_a_damaged_file_is_named(tmp_path: Path, suffix: str, damage: str) -> None:
    file = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        saved(create_model("resnet20_cifar"), file)
    else:
        save_file(create_model("resnet20_cifar").state_dict(), file)
    content = {"truncated": file.read_bytes()[:-10_000], "empty": b"", "text": b"<html>404</html>"}[damage]
    file.write_bytes(content)
    with pytest.raises(LeadlineError) as caught:
        create_model("resnet20_cifar", weights=file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)


def test_what_a_training_script_saves_around_the_weights_is_taken_off(tmp_path: Path, trained: Path) -> None:
    state = torch.load(trained)
    wrapped = {"epoch": 3, "state_dict": {f"module.{key}": values.half() for key, values in state.items()}}
    torch.save(wrapped, tmp_path / "checkpoint.pth")
    ours = create_model("resnet20_cifar", weights=tmp_path / "checkpoint.pth")
    assert ours.conv1.weight.dtype == torch.float32
    assert torch.equal(ours.conv1.weight, state["conv1.weight"].half().float())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.ones(1)], "holds no state dict but list"),
        ({"epoch": 3}, "'epoch' is int and no tensor"),
        ({}, "holds no state dict"),
        ({"conv1.weight": torch.ones(16, 3, 3, 3)}, "it has no bn1.weight"),
    ],
)
def test_a_file_of_something_else_says_what_it_holds(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(LeadlineError) as caught:
        create_model("resnet20_cifar", weights=tmp_path / "weights.pth")
    assert message in str(caught.value)


def test_weights_of_another_network_are_refused_with_the_first_parameter_that_differs(
    tmp_path: Path, trained: Path
) -> None:
    for name, message in (
        ("resnet32_cifar", "no weights of resnet32_cifar: it has no layer1.3.conv1.weight"),
        ("resnet18", "no weights of resnet18: it has no layer1.0.bn1"),
        ("vgg_small", "no weights of vgg_small: it has no features.0.weight"),
    ):
        with pytest.raises(LeadlineError) as caught:
            create_model(name, weights=trained)
        assert message.split(":")[0] in str(caught.value)
    state = torch.load(trained)
    torch.save({**state, "conv1.weight": torch.ones(16, 3, 5, 5)}, tmp_path / "kernel.pth")
    with pytest.raises(LeadlineError, match=r"conv1\.weight is 16×3×5×5 there and 16×3×3×3 here"):
        create_model("resnet20_cifar", weights=tmp_path / "kernel.pth")
    torch.save({**state, "se.weight": torch.ones(1)}, tmp_path / "more.pth")
    with pytest.raises(LeadlineError, match=r"also has se\.weight"):
        create_model("resnet20_cifar", weights=tmp_path / "more.pth")
    torch.save({**state, "fc.bias": torch.full((10,), torch.nan)}, tmp_path / "nan.pth")
    with pytest.raises(LeadlineError, match=r"fc\.bias holds values that are no finite numbers"):
        create_model("resnet20_cifar", weights=tmp_path / "nan.pth")


# A Leadline classifier, and the hub.


def test_a_run_folder_lends_its_weights(tmp_path: Path, trained: Path) -> None:
    home = tmp_path / "run" / "classifier"
    home.mkdir(parents=True)
    state = torch.load(trained)
    save_file(state, home / "model.safetensors")
    preprocessing = {"channels": 3, "dtype": "uint8", "size": 32, "mean": [0.1, 0.2, 0.3], "std": [1.0, 1.0, 1.0]}
    (home / "classifier.json").write_text(
        json.dumps({"architecture": "resnet20_cifar", "preprocessing": preprocessing})
    )
    for folder in (tmp_path / "run", home):
        ours = create_model("resnet20_cifar", weights=folder)
        assert torch.equal(ours.conv1.weight, state["conv1.weight"])
        about = weights_of(ours)
        assert about is not None
        assert (about.crop, about.mean, about.source) == (32, (0.1, 0.2, 0.3), str(folder))
    with pytest.raises(UsageError, match="holds weights of resnet20_cifar, which is another network"):
        create_model("resnet32_cifar", weights=tmp_path / "run")
    with pytest.raises(LeadlineError, match="holds no finished classifier"):
        create_model("resnet20_cifar", weights=tmp_path)
    (home / "classifier.json").write_text("{")
    with pytest.raises(LeadlineError, match=r"classifier\.json: is damaged"):
        create_model("resnet20_cifar", weights=tmp_path / "run")


class AbsentEntryError(Exception):
    pass


@pytest.fixture
def fake_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """huggingface_hub as far as it is used, over a folder OWNER/NAME[@REVISION]/FILE."""
    root = tmp_path / "fake"

    def hf_hub_download(repository: str, file: str, *, revision: str | None = None) -> str:
        found = root / (f"{repository}@{revision}" if revision else repository) / file
        if not found.parent.is_dir():
            raise OSError(f"404 Client Error.\n\nRepository Not Found: {repository}")
        if not found.is_file():
            raise AbsentEntryError(file)
        return str(found)

    package, errors = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.errors")
    package.hf_hub_download = hf_hub_download  # type: ignore[attr-defined]
    errors.EntryNotFoundError = AbsentEntryError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return root


def test_safetensors_on_the_hub_come_with_what_timm_states_of_them(fake_hub: Path) -> None:
    home = fake_hub / "timm" / "resnet18.a1_in1k"
    home.mkdir(parents=True)
    theirs = theirs_of("resnet18")
    save_file(theirs.state_dict(), home / "model.safetensors")
    stated = {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic", "mean": [0.5], "std": [0.25]}
    (home / "config.json").write_text(json.dumps({"architecture": "resnet18", "pretrained_cfg": stated}))
    ours = create_model("resnet18", weights="hf:timm/resnet18.a1_in1k")
    assert torch.equal(outputs(ours, images()), outputs(theirs, images()))
    about = weights_of(ours)
    assert about is not None
    assert (about.source, about.crop, about.resize) == ("hf:timm/resnet18.a1_in1k", 224, 235)
    assert (about.interpolation, about.top1) == ("bicubic", None)

    home.rename(home.with_name("resnet18.a1_in1k@v2"))
    (home.with_name("resnet18.a1_in1k@v2") / "config.json").unlink()
    (home.with_name("resnet18.a1_in1k@v2") / "model.safetensors").rename(
        home.with_name("resnet18.a1_in1k@v2") / "own.safetensors"
    )
    create_model("resnet18", weights="hf:timm/resnet18.a1_in1k@v2/own.safetensors")


def test_the_hubs_resnet50_is_the_variant(fake_hub: Path) -> None:
    home = fake_hub / "timm" / "resnet50.a1_in1k"
    home.mkdir(parents=True)
    (home / "config.json").write_text('{"architecture": "resnet50"}')
    with pytest.raises(UsageError, match=r"resnet50: hf:timm/resnet50\.a1_in1k holds weights of resnet50_v1_5"):
        create_model("resnet50", weights="hf:timm/resnet50.a1_in1k")
    with pytest.raises(LeadlineError, match=r"could not be had from the Hugging Face hub \(model\.safetensors\)"):
        create_model("resnet50_v1_5", weights="hf:timm/resnet50.a1_in1k")
    with pytest.raises(LeadlineError) as caught:
        create_model("resnet50_v1_5", weights="hf:timm/absent")
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_one_line_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(LeadlineError, match=r"needs the package huggingface_hub: pip install 'leadline\[hub\]'"):
        create_model("resnet18", weights="hf:timm/resnet18.a1_in1k")
