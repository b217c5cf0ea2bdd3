"""Residual blocks: what the shortcut options do, where maps are halved, how the weights begin."""

import pytest
import torch
from torch import nn

from leadline.pretrained.create import create_model
from leadline.zoo.resnet import BasicBlock, Bottleneck, PadShortcut, imagenet_resnet


def test_option_a_keeps_every_second_position_and_appends_zero_maps() -> None:
    x = torch.randn(2, 3, 7, 6)
    shortened = PadShortcut(3, 5, 2)(x)
    assert torch.equal(shortened[:, :3], x[:, :, ::2, ::2])
    assert (shortened[:, 3:] == 0).all()
    assert shortened.shape == (2, 5, 4, 3)


@pytest.mark.parametrize(
    ("option", "same_shape", "new_shape"),
    [("A", nn.Identity, PadShortcut), ("B", nn.Identity, nn.Sequential), ("C", nn.Sequential, nn.Sequential)],
)
def test_which_shortcut_stands_where(option: str, same_shape: type, new_shape: type) -> None:
    assert isinstance(BasicBlock(8, 8, 1, shortcut=option).downsample, same_shape)
    assert isinstance(BasicBlock(8, 16, 2, shortcut=option).downsample, new_shape)


def test_with_its_last_normalisation_at_zero_a_block_passes_on_its_input_and_a_plain_pair_nothing() -> None:
    x = torch.rand(2, 8, 5, 5)
    for shortcut in ("B", None):
        block = BasicBlock(8, 8, 1, shortcut=shortcut).eval()
        nn.init.zeros_(block.bn2.weight)
        assert torch.equal(block(x), x if shortcut else torch.zeros_like(x))


@pytest.mark.parametrize(("shortcut", "projections"), [(None, 0), ("A", 0), ("B", 4), ("C", 16)])
def test_bottlenecks_have_the_shortcuts_that_were_asked_for(shortcut: str | None, projections: int) -> None:
    with torch.device("meta"):
        model = imagenet_resnet("50-layer", shortcut=shortcut)
    assert sum(name.endswith("downsample.0.weight") for name in model.state_dict()) == projections
    blocks = [block for block in model.modules() if isinstance(block, Bottleneck)]
    assert sum(block.downsample is None for block in blocks) == (len(blocks) if shortcut is None else 0)
    assert model(torch.empty(1, 3, 64, 64, device="meta")).shape == (1, 1000)


def test_a_block_does_not_change_what_it_was_given() -> None:
    x = torch.randn(2, 8, 5, 5)
    for block in (BasicBlock(8, 8, 1, shortcut="A"), Bottleneck(8, 8, 1)):
        before = x.clone()
        block(x)
        assert torch.equal(x, before)


@pytest.mark.parametrize(("name", "strides"), [("resnet50", (2, 1)), ("resnet50_v1_5", (1, 2))])
def test_a_bottleneck_halves_the_map_in_its_first_1x1_as_released_and_in_its_3x3_in_v1_5(
    name: str, strides: tuple[int, int]
) -> None:
    with torch.device("meta"):
        model = create_model(name)
    for stage in (model.layer2, model.layer3, model.layer4):
        assert (stage[0].conv1.stride[0], stage[0].conv2.stride[0]) == strides
    assert (model.layer1[0].conv1.stride[0], model.layer1[0].conv2.stride[0]) == (1, 1)


def test_the_released_networks_pool_from_pixel_0_and_the_others_one_pixel_outside() -> None:
    image = torch.arange(1.0, 17).view(1, 1, 4, 4)
    for name, corner in (("resnet50", 11.0), ("resnet18", 6.0)):
        with torch.device("meta"):
            pool = create_model(name).maxpool
        assert pool(image)[0, 0, 0, 0] == corner  # the maximum of rows and columns 0 to 2, or 0 to 1
        assert pool(image).shape[-2:] == (2, 2)


@pytest.mark.parametrize("name", ["resnet20_cifar", "resnext_small", "densenet_small", "vgg_small", "googlenet_small"])
def test_convolutions_begin_with_the_variance_of_he_by_fan_out(name: str) -> None:
    torch.manual_seed(0)
    for module in create_model(name).modules():
        if isinstance(module, nn.Conv2d) and module.weight.numel() > 2000:
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
            assert module.bias is None or (module.bias == 0).all()
