"""Where torchvision has the same network, parameters go both ways unchanged and the outputs are equal."""

import math

import pytest
import torch
import torchvision
from torch import Tensor, nn

from leadline.pretrained.create import create_model
from leadline.pretrained.torchvision_files import COUNTERPARTS
from leadline.zoo import WithAuxiliary

# One of each kind by default: what the others add to it stands in their tables, whose totals are tested.
QUICK = {"alexnet_owt", "vgg_a_bn", "googlenet_bn", "resnet18", "resnet50_v1_5", "resnext50_32x4d", "densenet121"}
QUICK |= {"squeezenet1_0", "squeezenet1_1"}
CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in COUNTERPARTS]


def theirs_of(name: str) -> nn.Module:
    options = {"init_weights": True} if name == "googlenet_bn" else {}
    model: nn.Module = torchvision.models.get_model(COUNTERPARTS[name], weights=None, **options)
    return model


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """Ours and theirs with the same random values, handed over through a strictly loaded state dict."""
    with torch.device("meta"):
        ours, theirs = create_model(name), theirs_of(name)
    generator = torch.Generator().manual_seed(3)
    state = {key: random_values(key, values, generator) for key, values in theirs.state_dict().items()}
    theirs.load_state_dict(state, assign=True)
    ours.load_state_dict(theirs.state_dict(), assign=True)
    return ours, theirs


def random_values(key: str, values: Tensor, generator: torch.Generator) -> Tensor:
    if not values.is_floating_point():
        return torch.zeros(values.shape, dtype=values.dtype)
    if values.dim() > 1:  # of a size that keeps activations neither vanishing nor exploding
        bound = math.sqrt(6 / values[0].numel())
        return torch.empty(values.shape).uniform_(-bound, bound, generator=generator)
    low = 0.5 if "running_var" in key or "weight" in key else -0.1
    return torch.empty(values.shape).uniform_(low, low + 1, generator=generator)


def image_for(name: str) -> Tensor:
    size = 67 if name == "alexnet_owt" else 65  # odd, where a different rounding would show
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(5))


def assert_close(ours: Tensor, theirs: Tensor) -> None:
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_state_dicts_have_the_same_names_and_shapes(name: str) -> None:
    with torch.device("meta"):
        ours, theirs = create_model(name), theirs_of(name)
    described = [{key: values.shape for key, values in model.state_dict().items()} for model in (ours, theirs)]
    assert described[0] == described[1]


@pytest.mark.parametrize("name", CASES)
def test_their_parameters_give_their_outputs_in_our_network(name: str) -> None:
    ours, theirs = pair(name)
    with torch.inference_mode():
        assert_close(ours.eval()(image_for(name)), theirs.eval()(image_for(name)))


@pytest.mark.parametrize("name", ["resnet18", "resnet50_v1_5", "resnext50_32x4d", "densenet121", "googlenet_bn"])
def test_training_mode_agrees_too_once_dropout_is_silent(name: str) -> None:
    ours, theirs = pair(name)
    for module in [*ours.modules(), *theirs.modules()]:
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    image = image_for(name)
    with torch.no_grad():
        found, expected = ours.train()(image), theirs.train()(image)
    if isinstance(found, WithAuxiliary):
        assert_close(found.auxiliary[0], expected.aux_logits1)
        assert_close(found.auxiliary[1], expected.aux_logits2)
        found, expected = found.logits, expected.logits
    assert_close(found, expected)
    statistics = theirs.state_dict()
    for key, values in ours.state_dict().items():
        assert torch.allclose(values.float(), statistics[key].float(), rtol=1e-4, atol=1e-5), key


def test_our_parameters_load_into_theirs() -> None:
    torch.manual_seed(0)
    ours = create_model("resnet18").eval()
    theirs = theirs_of("resnet18").eval()
    theirs.load_state_dict(ours.state_dict())
    with torch.inference_mode():
        assert_close(ours(image_for("resnet18")), theirs(image_for("resnet18")))
