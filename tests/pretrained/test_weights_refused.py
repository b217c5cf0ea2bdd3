"""Weights that are of another network, damaged or dangerous are refused in one line, and nothing in them is run."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.create import create_model

from .conftest import saved


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
    torch.save({**state, "fc.bias": torch.tensor(1.0)}, tmp_path / "number.pth")
    with pytest.raises(LeadlineError, match=r"fc\.bias is a number there and 10 here"):
        create_model("resnet20_cifar", weights=tmp_path / "number.pth")
    torch.save({**state, "fc.bias": torch.full((10,), torch.nan)}, tmp_path / "nan.pth")
    with pytest.raises(LeadlineError, match=r"fc\.bias holds values that are no finite numbers"):
        create_model("resnet20_cifar", weights=tmp_path / "nan.pth")
