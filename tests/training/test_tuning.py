"""Gradual thawing: every parameter is in one part, parts thaw from the output on, and frozen ones do not change."""

import pytest
import torch
from torch import nn

from leadline.pretrained.create import create_model
from leadline.training.tuning import THAWING, Thawing, parts_of
from leadline.zoo import list_models
from leadline.zoo.last_layer import last_layer

from .test_recipe import recipe


@pytest.mark.parametrize("name", list_models())
def test_every_parameter_and_buffer_is_in_exactly_one_part(name: str) -> None:
    with torch.device("meta"):
        network = create_model(name)
    parts = parts_of(network)
    assert all(any(list(module.parameters()) for module in part) for part in parts)
    held = [id(value) for part in parts for module in part for value in (*module.parameters(), *module.buffers())]
    assert sorted(held) == sorted(map(id, [*network.parameters(), *network.buffers()]))
    last = network.get_submodule(last_layer(network))
    assert parts[-1] == [last] or (name.startswith("googlenet") and last in parts[-1])
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    assert first in parts[0] or name.startswith("googlenet")  # whose heads come first
    heads = [
        module for head in getattr(network, "heads", {}).values() for module in network.get_submodule(head).modules()
    ]
    assert all(module in parts[-1] for module in heads if not list(module.children()))


def test_the_parts_thaw_from_the_output_on_and_all_of_them_by_the_half() -> None:
    network = create_model("resnet20_cifar")
    thawing = Thawing(network, recipe(tune="gradual", weights="w", steps=100))
    thawed = [thawing.thawed(step) for step in range(100)]
    assert thawed[0] == 1
    assert thawed == sorted(thawed)
    assert set(thawed) == {1, 2, 3, 4}
    assert thawed.index(4) == THAWING * 100
    thawing.apply(0)
    assert [name for name, value in network.named_parameters() if value.requires_grad] == ["fc.weight", "fc.bias"]
    thawing.apply(20)
    trained = {name.split(".")[0] for name, value in network.named_parameters() if value.requires_grad}
    assert trained == {"layer3", "fc"}
    thawing.apply(99)
    assert all(value.requires_grad for value in network.parameters())


def test_what_is_frozen_keeps_its_weights_and_its_means() -> None:
    torch.manual_seed(0)
    network = create_model("resnet20_cifar").train()
    thawing = Thawing(network, recipe(tune="gradual", weights="w", steps=100))
    thawing.apply(0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, weight_decay=0.1, momentum=0.9)
    network(torch.randn(4, 3, 32, 32)).square().mean().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not value.equal(before[name])}
    assert changed == {"fc.weight", "fc.bias"}


def test_without_thawing_nothing_is_touched() -> None:
    network = create_model("resnet20_cifar").eval()
    Thawing(network, recipe()).apply(0)
    assert not network.training
    assert all(value.requires_grad for value in network.parameters())
