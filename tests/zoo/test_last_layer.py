"""A network is its body and its last layer: what the parts give together is what the whole gives."""

import pytest
import torch
from torch import nn

from leadline.errors import UsageError
from leadline.pretrained.create import create_model
from leadline.zoo import architecture, list_models
from leadline.zoo.last_layer import Body, last_layer, set_last_layer

ONE_OF_EACH = (
    "lenet5", "alexnet_small", "vgg_small", "nin_small", "googlenet_small", "resnet20_cifar", "resnext_small",
    "densenet_small",
)  # fmt: skip


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_last_layer_on_the_features_gives_the_logits(name: str) -> None:
    torch.manual_seed(0)
    network = create_model(name, num_classes=5, in_channels=2).eval()
    images = torch.randn(3, 2, 36, 33)  # the NIN averages uneven maps, too
    body = Body(network, name=name).eval()
    layer = network.get_submodule(last_layer(network))
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    assert layer.bias is not None
    with torch.inference_mode():
        features = body(images)
        assert features.shape == (3, body.width)
        expected = features @ layer.weight.reshape(5, -1).T + layer.bias
        torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list_models())
def test_the_last_layer_is_the_one_whose_outputs_are_the_classes(name: str) -> None:
    with torch.device("meta"):
        network = create_model(name, num_classes=7)
    layer = network.get_submodule(last_layer(network))
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    assert layer.weight.shape[0] == 7
    assert layer.bias is not None
    assert last_layer(network).split(".")[0] not in getattr(network, "heads", {}).values()


@pytest.mark.parametrize("name", [*sorted({*list_models("Network in Network")} - {"nin_small"}), "squeezenet1_1"])
def test_a_relu_behind_the_last_layer_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: its class maps go through a ReLU.*linear-maps"):
        Body(create_model(name), name=name)


@pytest.mark.parametrize(
    "name", ["nin_small", "resnet20_cifar", "squeezenet1_1+linear-maps", "nin_cifar10+linear-maps"]
)
def test_a_last_layer_that_is_set_is_the_one_that_answers(name: str) -> None:
    network = create_model(name, num_classes=3, in_channels=architecture(name).input[0]).eval()
    width = Body(network, name=name).width
    weight, bias = torch.zeros(3, width), torch.tensor([1.0, -2.0, 0.5])
    set_last_layer(network, weight.double(), bias.double())
    with torch.inference_mode():
        torch.testing.assert_close(network(torch.randn(2, 3, 32, 32)), bias.expand(2, 3))
