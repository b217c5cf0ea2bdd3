"""Fully connected layers as convolutions: the same outputs at the published size, the papers' map sizes above it."""

import pytest
import torch
from torch import Tensor, nn

from leadline.errors import LeadlineError
from leadline.pretrained.create import create_model
from leadline.zoo import architecture
from leadline.zoo.convolutional import Sliding, fully_convolutional


def sliding(name: str, *, device: str = "cpu", size: int | None = None) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(1)
    channels, published, _ = architecture(name).input
    with torch.device(device):
        network = create_model(name).eval()
    return network, fully_convolutional(network, size=size or published, channels=channels, name=name)


def images(name: str, size: int) -> Tensor:
    return torch.randn(2, architecture(name).input[0], size, size, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    "name", ["lenet5", "alexnet_small", "vgg_small", "alexnet_owt", pytest.param("vgg_d", marks=pytest.mark.slow)]
)
def test_at_the_published_size_the_outputs_are_the_networks(name: str) -> None:
    network, convolutional = sliding(name)
    size = architecture(name).input[1]
    with torch.inference_mode():
        expected, found = network(images(name, size)), convolutional(images(name, size))
    assert isinstance(convolutional, Sliding)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize(("size", "side"), [(224, 1), (256, 2), (384, 6), (512, 10)])
@pytest.mark.parametrize("name", ["vgg_a", "vgg_d", "vgg_e"])
def test_vggs_class_maps_have_the_papers_sizes(name: str, size: int, side: int) -> None:
    _, convolutional = sliding(name, device="meta")
    assert isinstance(convolutional, Sliding)
    scores = convolutional.score_map(torch.empty(1, 3, size, size, device="meta"))
    assert scores.shape == (1, 1000, side, side)


def test_vggs_class_map_of_a_whole_image_is_not_square() -> None:
    _, convolutional = sliding("vgg_a", device="meta")
    assert isinstance(convolutional, Sliding)
    assert convolutional.score_map(torch.empty(1, 3, 256, 341, device="meta")).shape[2:] == (2, 4)


def test_each_position_of_the_map_is_the_network_at_that_position() -> None:
    """Seen in LeNet-5, which pads nowhere, so that a window is the same in a larger image."""
    network, convolutional = sliding("lenet5")
    image = images("lenet5", 40)
    assert isinstance(convolutional, Sliding)
    with torch.inference_mode():
        scores = convolutional.score_map(image)
        assert scores.shape[2:] == (3, 3)
        for row in range(3):
            for column in range(3):
                window = image[:, :, 4 * row : 4 * row + 32, 4 * column : 4 * column + 32]
                assert torch.allclose(scores[:, :, row, column], network(window), atol=1e-5)
        assert torch.allclose(convolutional(image), scores.mean(dim=(2, 3)))


@pytest.mark.parametrize("name", ["resnet20_cifar", "googlenet_small", "densenet_small", "nin_small", "resnext_small"])
def test_networks_with_global_pooling_slide_as_they_are(name: str) -> None:
    network, convolutional = sliding(name)
    assert convolutional is network
    with torch.inference_mode():
        assert convolutional(images(name, 45)).shape == (2, 10)


@pytest.mark.parametrize(("size", "side"), [(224, 7), (256, 8), (384, 12), (480, 15), (640, 20)])
def test_resnets_last_maps_have_the_papers_sizes(size: int, side: int) -> None:
    network, _ = sliding("resnet18", device="meta")
    seen = []
    network.get_submodule("layer4").register_forward_hook(lambda *call: seen.append(call[2].shape))
    network(torch.empty(1, 3, size, size, device="meta"))
    assert seen[0][2:] == (side, side)


@pytest.mark.parametrize(("name", "size"), [("vgg_small", 64), ("vgg_a", 64), ("alexnet_owt", 256), ("lenet5", 40)])
def test_a_network_whose_pooling_stretches_its_map_cannot_slide(name: str, size: int) -> None:
    with pytest.raises(LeadlineError, match=f"^{name}: at {size} pixels its last map is .*cannot slide") as caught:
        sliding(name, device="meta", size=size)
    assert "\n" not in str(caught.value)


def test_parameters_are_shared_and_not_copied() -> None:
    network, convolutional = sliding("vgg_small")
    assert isinstance(convolutional, Sliding)
    before = {values.data_ptr() for values in network.parameters()}
    assert {values.data_ptr() for values in convolutional.parameters()} == before
