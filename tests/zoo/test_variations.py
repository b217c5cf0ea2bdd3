"""NETWORK+VARIATION is the network with one thing changed, and nothing else."""

import pytest
import torch
from torch import nn

from leadline.errors import UsageError
from leadline.zoo import architecture, build_model, list_models
from leadline.zoo.layers import LocalResponseNorm
from leadline.zoo.variations import VARIATIONS

NAMES = [f"{network}+{name}" for network, variations in VARIATIONS.items() for name in variations]


@pytest.mark.parametrize("name", NAMES)
def test_every_variation_is_built_and_says_what_it_is(name: str) -> None:
    row = architecture(name)
    network = build_model(name, num_classes=3, in_channels=2).eval()
    assert row.name == name
    assert VARIATIONS[name.partition("+")[0]][name.partition("+")[2]].says in row.deviates
    with torch.no_grad():
        assert network(torch.rand(2, 2, row.minimum_size, row.minimum_size)).shape == (2, 3)


def test_variations_are_not_in_the_catalogue_and_the_networks_there_stay_as_they_are() -> None:
    assert not set(NAMES) & set(list_models())
    before = build_model("alexnet_small")
    build_model("alexnet_small+no-lrn")
    after = build_model("alexnet_small")
    assert [type(module) for module in before.modules()] == [type(module) for module in after.modules()]


@pytest.mark.parametrize(
    ("name", "gone", "count"),
    [
        ("alexnet_small+no-lrn", LocalResponseNorm, 2),
        ("alexnet_small+no-dropout", nn.Dropout, 2),
        ("lenet5+relu", nn.ReLU, -4),
        ("lenet5+sigmoid", nn.Sigmoid, -4),
    ],
)
def test_what_is_swapped_is_gone_and_the_weights_of_a_seed_are_the_same(
    name: str, gone: type[nn.Module], count: int
) -> None:
    torch.manual_seed(3)
    original = build_model(name.partition("+")[0])
    torch.manual_seed(3)
    varied = build_model(name)

    def of_kind(network: nn.Module) -> int:
        return sum(isinstance(module, gone) for module in network.modules())

    assert of_kind(original) - of_kind(varied) == count
    assert all(torch.equal(one, other) for one, other in zip(original.parameters(), varied.parameters(), strict=True))


def test_pooling_windows_that_do_not_overlap_give_maps_of_the_same_size() -> None:
    windows = [
        {module.kernel_size for module in build_model(name).modules() if isinstance(module, nn.MaxPool2d)}
        for name in ("alexnet_small", "alexnet_small+2x2-pooling")
    ]
    assert windows == [{3}, {2}]
    image = torch.rand(1, 3, 32, 32)
    shapes = {build_model(name).features(image).shape for name in ("alexnet_small", "alexnet_small+2x2-pooling")}
    assert len(shapes) == 1


def test_a_variation_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"alexnet_small\+lrn: alexnet_small has the variations no-lrn, no-dropout"):
        architecture("alexnet_small+lrn")
    with pytest.raises(UsageError, match="vgg_d has no variations"):
        architecture("vgg16+7-layers")
