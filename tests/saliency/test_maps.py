"""Class activation maps: exact where that is said, equal to captum's Grad-CAM elsewhere, and where the object is."""

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from leadline.data.preprocessing import Preprocessing
from leadline.saliency.maps import maps_of, on_the_image
from leadline.zoo import architecture, build_model
from leadline.zoo.catalogue import TABLE
from leadline.zoo.last_layer import ends_in_average

SMALL = [one.name for one in TABLE if one.small_images and one.name != "resnet1202_cifar"]
EXACT_FAMILIES = {"Network in Network", "GoogLeNet", "ResNet", "ResNeXt", "DenseNet", "SqueezeNet"}
# One network of each kind of ending.
ENDINGS = ["lenet5", "alexnet_small", "vgg_small", "nin_small", "googlenet_small", "resnet20_cifar", "densenet_small"]


def grey(size: int, channels: int = 1) -> Preprocessing:
    return Preprocessing(channels, "uint8", size, mean=(0.5,) * channels, std=(0.25,) * channels)


def network_of(name: str, *, classes: int = 4, channels: int = 1) -> nn.Module:
    torch.manual_seed(0)
    network = build_model(name, num_classes=classes, in_channels=channels)
    for module in network.modules():  # statistics of some training, and biases that are not zero
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, nn.Linear):
            module.bias.data.uniform_(-0.5, 0.5)
    return network.eval()


def pixels_of(size: int, count: int = 3, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, channels)).astype(np.uint8)


def bias_of(network: nn.Module, classes: np.ndarray) -> np.ndarray:
    """The bias of the last layer where that is linear; a network that averages class maps has none beside them."""
    *_, last = (module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d))
    return last.bias.detach().numpy()[classes] if isinstance(last, nn.Linear) else np.zeros(len(classes))


@pytest.mark.parametrize("name", [name for name in SMALL if architecture(name).family in EXACT_FAMILIES])
def test_an_exact_map_and_the_bias_add_up_to_the_logit(name: str) -> None:
    network = network_of(name)
    assert ends_in_average(network)
    size = max(32, architecture(name).minimum_size)
    maps = maps_of(network, grey(size), pixels_of(size, count=2))
    chosen = maps.logits[np.arange(2), maps.classes]
    together = maps.values.sum(axis=(1, 2)) + bias_of(network, maps.classes)
    rounding = 1e-5 * np.abs(maps.values).sum()  # in single precision
    assert together == pytest.approx(chosen, abs=rounding)
    assert maps.bias == pytest.approx(bias_of(network, maps.classes), abs=rounding)


@pytest.mark.parametrize("name", ["lenet5", "alexnet_small", "vgg_small"])
def test_a_network_with_fully_connected_layers_has_captums_grad_cam(name: str) -> None:
    network, preprocessing = network_of(name), grey(32)
    assert not ends_in_average(network)
    pixels, classes = pixels_of(32), np.array([0, 1, 3])
    maps = maps_of(network, preprocessing, pixels, classes=classes)
    assert maps.method == "Grad-CAM"
    for module in network.modules():  # captum's hooks do not allow them
        if isinstance(module, nn.ReLU):
            module.inplace = False
    images = preprocessing.normalise(torch.from_numpy(pixels))
    layer = network.get_submodule(network.stages[-1])
    oracle = LayerGradCam(network, layer).attribute(images, torch.from_numpy(classes), relu_attributions=True)
    assert maps.values == pytest.approx(oracle[:, 0].detach().numpy(), rel=1e-4, abs=1e-6)


def test_exact_maps_are_captums_without_the_relu() -> None:
    network, preprocessing, pixels = network_of("resnet20_cifar"), grey(32), pixels_of(32)
    maps = maps_of(network, preprocessing, pixels)
    images = preprocessing.normalise(torch.from_numpy(pixels))
    oracle = LayerGradCam(network, network.layer3).attribute(images, torch.from_numpy(maps.classes))
    # With global averaging, mean gradients times activations are the same as gradients times activations.
    assert maps.values == pytest.approx(oracle[:, 0].detach().numpy(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", ENDINGS)
def test_a_network_is_left_as_it_was(name: str) -> None:
    network = network_of(name).train()
    network.get_parameter(next(name for name, _ in network.named_parameters())).requires_grad_(False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    wanted = [parameter.requires_grad for parameter in network.parameters()]
    maps_of(network, grey(32), pixels_of(32))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert [parameter.requires_grad for parameter in network.parameters()] == wanted
    assert all(parameter.grad is None for parameter in network.parameters())
    assert network.training
    assert not network.get_submodule("avgpool")._forward_pre_hooks


def test_a_map_lies_on_the_square_that_the_network_saw() -> None:
    values = np.zeros((4, 4))
    values[0, 3] = 1.0
    whole = on_the_image(values, 40, 60)
    assert np.isnan(whole[:, :10]).all()
    assert np.isnan(whole[:, 50:]).all()
    assert whole[0, 49] == np.nanmax(whole) == 1
    assert whole[39, 10] == 0
    upright = on_the_image(values, 60, 40)
    assert np.isnan(upright[:10]).all()
    assert upright[10, 39] == np.nanmax(upright) == 1
