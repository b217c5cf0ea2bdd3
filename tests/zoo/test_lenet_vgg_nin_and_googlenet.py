"""How the weights of the earlier networks begin, and what is particular to each."""

import math

import pytest
import torch
from torch import Tensor, nn

from leadline.pretrained.create import create_model
from leadline.zoo import WithAuxiliary
from leadline.zoo.googlenet import TABLE_1, Filters, Inception


def weighted(model: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    return {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}


def assert_uniform(values: Tensor, bound: float) -> None:
    assert values.abs().max().item() <= bound
    assert values.abs().max().item() > 0.9 * bound
    if values.numel() > 1000:
        assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_lenet_begins_uniform_within_2_4_over_fan_in() -> None:
    torch.manual_seed(0)
    for module in weighted(create_model("lenet5")).values():
        assert_uniform(module.weight, 2.4 / module.weight[0].numel())


def test_lenets_squashing_maps_plus_and_minus_one_to_themselves() -> None:
    squash = create_model("lenet5").features.C1_squash
    assert torch.allclose(squash(torch.tensor([-1.0, 0.0, 1.0])), torch.tensor([-1.0, 0.0, 1.0]), atol=1e-4)
    assert squash(torch.tensor(99.0)).item() == pytest.approx(1.7159)


def test_vgg_begins_as_glorot_and_bengio_with_biases_of_zero() -> None:
    torch.manual_seed(0)
    for name, module in weighted(create_model("vgg_a").features).items():
        area = math.prod(module.kernel_size)
        expected = math.sqrt(2 / (area * (module.in_channels + module.out_channels)))
        assert module.weight.std().item() == pytest.approx(expected, rel=0.05), name
        assert (module.bias == 0).all()


def test_vgg_has_its_1x1_layers_in_c_and_its_normalisation_after_the_first_layer_of_a_lrn() -> None:
    with torch.device("meta"):
        c, a_lrn = create_model("vgg_c"), create_model("vgg_a_lrn")
    kernels = [m.kernel_size[0] for m in weighted(c.features).values()]
    assert kernels == [3, 3, 3, 3, 3, 3, 1, 3, 3, 1, 3, 3, 1]
    assert [type(m).__name__ for m in a_lrn.features[:4]] == ["Conv2d", "ReLU", "LocalResponseNorm", "MaxPool2d"]


@pytest.mark.parametrize(
    ("name", "deviations"),
    [
        ("nin_cifar10", {}),
        ("nin_cifar100", {"conv1": 0.001, "cccp1": 0.01, "cccp2": 0.01}),
        ("nin_imagenet", {"conv1": 0.01, "conv3": 0.01, "cccp8": 0.01}),
    ],
)
def test_network_in_network_begins_as_its_authors_files_say(name: str, deviations: dict[str, float]) -> None:
    torch.manual_seed(0)
    for layer, module in weighted(create_model(name).features).items():
        assert module.weight.std().item() == pytest.approx(deviations.get(layer, 0.05), rel=0.06), layer
        assert (module.bias == 0).all()


def test_network_in_network_averages_class_maps_that_are_never_negative() -> None:
    torch.manual_seed(0)
    model = create_model("nin_cifar10").eval()
    maps = model.features(torch.randn(1, 3, 32, 32))
    assert maps.shape == (1, 10, 8, 8)
    assert (maps >= 0).all()
    assert (maps > 0).any()
    torch.manual_seed(0)
    assert torch.allclose(create_model("nin_cifar10").eval().avgpool(maps).flatten(1), maps.mean((2, 3)))


def test_googlenet_begins_uniform_with_variance_1_over_fan_in_and_biases_of_a_fifth() -> None:
    torch.manual_seed(0)
    for name, module in weighted(create_model("googlenet")).items():
        assert_uniform(module.weight, math.sqrt(3 / module.weight[0].numel()))
        assert torch.allclose(module.bias, torch.tensor(0.0 if name in ("fc", "aux1.fc2", "aux2.fc2") else 0.2)), name


def test_an_inception_module_concatenates_its_four_branches_in_the_order_of_table_1() -> None:
    torch.manual_seed(0)
    module = Inception(8, Filters(1, 2, 3, 2, 4, 5)).eval()
    x = torch.rand(1, 8, 6, 6)
    branches = [module.branch1(x), module.branch2(x), module.branch3(x), module.branch4(x)]
    assert [branch.shape[1] for branch in branches] == [1, 3, 4, 5]
    assert torch.equal(module(x), torch.cat(branches, 1))
    assert module.branch3[1].conv.kernel_size == (5, 5)


def test_the_naive_module_passes_every_map_on_through_its_pooling_and_so_grows() -> None:
    with torch.device("meta"):
        naive = create_model("googlenet_naive")
    channels = 192
    for name, filters in TABLE_1.items():
        module = naive.get_submodule(f"inception{name}")
        assert {conv.in_channels for conv in weighted(module).values()} == {channels}
        assert sorted(conv.kernel_size[0] for conv in weighted(module).values()) == [1, 3, 5]
        channels += filters.one + filters.three + filters.five
        assert module.out_channels == channels


@pytest.mark.parametrize("name", ["googlenet_small", "googlenet_bn"])
def test_auxiliary_heads_speak_in_training_and_teach_the_layers_below_them(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name, num_classes=3)
    x = torch.randn(2, 3, 64, 64)
    asked: list[str] = []
    model.aux1.register_forward_hook(lambda *_: asked.append("aux1"))
    assert isinstance(model.eval()(x), Tensor)
    assert not asked
    output = model.train()(x)
    assert isinstance(output, WithAuxiliary)
    assert asked == ["aux1"]
    first, second = output.auxiliary
    first.sum().backward(retain_graph=True)
    assert model.conv1.conv.weight.grad.abs().sum() > 0
    assert model.inception5a.branch1.conv.weight.grad is None  # far above the first head
    second.sum().backward()
    assert model.inception4c.branch1.conv.weight.grad.abs().sum() > 0
