"""What the trace says of a network, against closed formulas, against what really reaches an output, by hand."""

import pytest
import torch
from torch import Tensor, nn

from leadline.anatomy import Anatomy, measure, trace
from leadline.pretrained.create import create_model
from leadline.zoo.densenet import DenseBlock
from leadline.zoo.googlenet import Filters, Inception
from leadline.zoo.resnet import BasicBlock

NAMES = ["lenet5", "alexnet", "vgg_c", "nin_cifar10", "googlenet", "resnet18_a", "resnext50_32x4d", "densenet121"]


@pytest.mark.parametrize("name", NAMES)
def test_layers_follow_the_closed_formulas_for_shapes_parameters_and_cost(name: str) -> None:
    anatomy = measure(name)
    for layer in anatomy.layers:
        if layer.type == "Linear":
            assert layer.multiply_adds <= layer.parameters <= layer.multiply_adds + layer.output_shape[0]
        if layer.type != "Conv2d":
            continue
        channels, height, width = layer.output_shape
        weights = layer.multiply_adds // (height * width)
        assert layer.parameters in (weights, weights + channels)  # without or with biases
        (source,) = layer.inputs or (None,)
        given = anatomy.input if source is None else anatomy.layers[source].output_shape
        if len(given) == 3:
            assert weights == channels * given[0] // layer.groups * layer.kernel[0] * layer.kernel[1]
            side = (given[1] + 2 * layer.padding[0] - layer.kernel[0]) / layer.stride[0]
            assert height - 1 in (int(side), int(side + 0.99))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_out_and_nothing_counted_twice(name: str) -> None:
    anatomy = measure(name)
    with torch.device("meta"):
        model = create_model(name)
    everything = anatomy.layers + anatomy.auxiliary
    assert sum(layer.parameters for layer in everything) == sum(p.numel() for p in model.parameters())
    weighted = [layer.name for layer in everything if layer.multiply_adds]
    assert sorted(weighted) == sorted(n for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear))
    assert all(source < place for place, layer in enumerate(everything) for source in layer.inputs)
    assert not {"Identity", "Flatten"} & {layer.type for layer in everything}  # which do nothing


def columns_that_reach_the_centre(module: nn.Module, *, channels: int, side: int) -> int:
    """How many columns of the image can change the central output: those whose not-a-number arrives there."""
    images = torch.rand(side, channels, side, side)
    for column in range(side):
        images[column, :, :, column] = float("nan")
    with torch.no_grad():
        output = module.eval()(images)
    centre = output[..., output.shape[-2] // 2, output.shape[-1] // 2]
    return int(centre.isnan().flatten(1).any(1).sum())


FIELDS = {
    "chain": nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.MaxPool2d(3, 2), nn.Conv2d(3, 2, 3, 2, dilation=2), nn.AvgPool2d(2, 1)
    ),
    "inception": nn.Sequential(nn.Conv2d(2, 4, 3, 2), Inception(4, Filters(1, 2, 3, 2, 1, 2)), nn.Conv2d(7, 1, 3)),
    "residual": nn.Sequential(
        BasicBlock(2, 4, 2, shortcut="A"), BasicBlock(4, 4, 1, shortcut="B"), BasicBlock(4, 6, 2, shortcut="B")
    ),
    "dense": nn.Sequential(
        DenseBlock(3, 2, 2, bottleneck=True, drop_rate=0.0, memory_efficient=False), nn.AvgPool2d(2), nn.Conv2d(8, 2, 3)
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_receptive_field_is_what_can_really_reach_an_output(name: str) -> None:
    module, side = FIELDS[name], 63
    anatomy = trace(module, input_shape=(2, side, side))
    assert 5 < anatomy.receptive_field < side
    assert anatomy.layers[-1].receptive_field == columns_that_reach_the_centre(module, channels=2, side=side)


def test_two_3x3_see_5_pixels_and_three_see_7() -> None:
    stack = nn.Sequential(*(nn.Conv2d(1, 1, 3) for _ in range(3)))
    assert [layer.receptive_field for layer in trace(stack, input_shape=(1, 9, 9)).layers] == [3, 5, 7]


def test_a_fully_connected_layer_and_a_global_average_see_the_whole_map() -> None:
    conv = nn.Conv2d(1, 2, 3, 2)
    flat = nn.Sequential(conv, nn.Flatten(), nn.Linear(2 * 7 * 7, 3))
    pooled = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1))
    for module in (flat, pooled):
        assert trace(module, input_shape=(1, 15, 15)).receptive_field == 15  # 3 + 6 · 2


def test_activations_of_lenet_by_hand() -> None:
    maps = 2 * 6 * 28 * 28 + 6 * 14 * 14 + 2 * 16 * 10 * 10 + 16 * 5 * 5
    assert measure("lenet5").activation_memory_bytes == 4 * (maps + 2 * 120 + 2 * 84 + 10)


def test_what_works_in_place_takes_no_memory_and_a_concatenation_does() -> None:
    anatomy = measure("densenet_small")
    assert {layer.activation_bytes for layer in anatomy.layers if layer.type == "ReLU"} == {0}
    joined = [layer for layer in anatomy.layers if layer.type == "Concatenation"]
    assert all(layer.activation_bytes == 4 * torch.Size(layer.output_shape).numel() for layer in joined)
    additions = [layer for layer in measure("resnet20_cifar").layers if layer.type == "Addition"]
    assert len(additions) == 9
    assert {layer.activation_bytes for layer in additions} == {0}


def test_auxiliary_heads_stand_apart_and_take_from_the_modules_of_the_paper() -> None:
    anatomy = measure("googlenet")
    assert not any(layer.name.startswith("aux") for layer in anatomy.layers)
    assert all(layer.name.startswith("aux") for layer in anatomy.auxiliary)
    sources = {anatomy.layers[i].name for layer in anatomy.auxiliary for i in layer.inputs if i < len(anatomy.layers)}
    assert sources == {"inception4a", "inception4d"}
    assert anatomy.layers[-1].output_shape == (1000,)


def test_the_network_is_left_as_it_was() -> None:
    model = create_model("googlenet_small")
    model.train()
    model.inception3a.eval()
    modes = {name: module.training for name, module in model.named_modules()}
    before = {key: values.clone() for key, values in model.state_dict().items()}
    hooks = {name: len(module._forward_hooks) for name, module in model.named_modules()}
    random = torch.get_rng_state()
    trace(model, input_shape=(3, 32, 32))
    assert {name: module.training for name, module in model.named_modules()} == modes
    assert {name: len(module._forward_hooks) for name, module in model.named_modules()} == hooks
    assert all(torch.equal(values, before[key]) for key, values in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_a_network_with_weights_and_one_without_have_the_same_anatomy() -> None:
    with torch.device("meta"):
        empty = create_model("resnext_small")
    real = create_model("resnext_small")
    assert trace(real, input_shape=(3, 32, 32)) == trace(empty, input_shape=(3, 32, 32))


def test_a_layer_used_twice_is_executed_twice_and_its_parameters_counted_once() -> None:
    conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    anatomy = trace(nn.Sequential(conv, nn.ReLU(), conv), input_shape=(2, 4, 4))
    assert (anatomy.parameters, anatomy.multiply_adds, anatomy.depth) == (36, 2 * 36 * 16, 2)


def test_size_channels_and_classes_are_the_published_ones_unless_told() -> None:
    told = measure("resnet20_cifar", size=28, channels=1, classes=4)
    assert (told.input, told.layers[-1].output_shape) == ((1, 28, 28), (4,))
    assert measure("vgg16").name == "vgg_d"


def test_any_network_can_be_traced_not_only_the_catalogues() -> None:
    class Forked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 5, padding=2)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([self.left(x), self.right(x)], 1) + 1

    anatomy = trace(Forked(), input_shape=(1, 6, 6))
    assert isinstance(anatomy, Anatomy)
    assert anatomy.name == "Forked"
    assert [layer.type for layer in anatomy.layers] == ["Conv2d", "Conv2d", "Concatenation"]
    assert (anatomy.depth, anatomy.receptive_field, anatomy.layers[-1].inputs) == (1, 5, (0, 1))
