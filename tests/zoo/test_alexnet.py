"""AlexNet's windows, towers, normalisation and initial weights, as the paper and its arithmetic have them."""

import pytest
import torch
from torch import Tensor

from leadline.pretrained.create import create_model
from leadline.zoo.alexnet import AlexNet
from leadline.zoo.layers import CeilConv2d, LocalResponseNorm


def test_each_value_is_divided_by_what_its_neighbouring_maps_hold() -> None:
    """Worked by hand: k = 2, α = 1/4, β = 1/2, n = 3 over maps of 1, 2, 3, 4 at one position."""
    maps = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1)
    by_hand = torch.tensor(
        [
            1 / (2 + (1 + 4) / 4) ** 0.5,
            2 / (2 + (1 + 4 + 9) / 4) ** 0.5,
            3 / (2 + (4 + 9 + 16) / 4) ** 0.5,
            4 / (2 + (9 + 16) / 4) ** 0.5,
        ]
    )
    found = LocalResponseNorm(3, alpha=0.25, beta=0.5, k=2)(maps).flatten()
    assert torch.allclose(found, by_hand, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
def test_it_is_torchs_normalisation_with_alpha_not_divided_also_with_fewer_maps_than_the_window(channels: int) -> None:
    x = 40 * torch.randn(2, channels, 5, 3, generator=torch.Generator().manual_seed(1))
    ours = LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2)
    theirs = torch.nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
    first, second = x.clone().requires_grad_(), x.clone().requires_grad_()
    assert torch.allclose(ours(first), theirs(second), rtol=1e-5)
    ours(first).square().sum().backward()
    theirs(second).square().sum().backward()
    assert torch.allclose(first.grad, second.grad, rtol=1e-4, atol=1e-4)


def test_half_precision_loses_no_more_than_the_rounding_of_its_output() -> None:
    x = (100 * torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(1))).bfloat16()
    norm = LocalResponseNorm()
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(x)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, norm(x.float()).bfloat16())


def windows_seen(size: int) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Rows and columns of the image that conv1's first and last output depend on, and the shape of that output."""
    image = torch.zeros(1, 3, size, size, requires_grad=True)
    conv1 = AlexNet(num_classes=1).features.conv1
    output = conv1(image)
    edges = []
    for corner in (output[0, :, 0, 0], output[0, :, -1, -1]):
        (gradient,) = torch.autograd.grad(corner.sum(), image, retain_graph=True)
        edges.append(gradient.abs().sum((0, 1)).nonzero())
    return edges[0], edges[1], tuple(output.shape)


def test_224_pixels_give_55_positions_whose_last_windows_hang_over_the_right_and_lower_edge() -> None:
    first, last, shape = windows_seen(224)
    assert shape == (1, 96, 55, 55)
    assert (first.min().item(), first.max().item()) == (0, 10)  # nothing is padded at the left and the top
    assert (last.min().item(), last.max().item()) == (216, 223)  # 8 of 11 pixels: it would end at 226
    assert windows_seen(227)[2] == (1, 96, 55, 55)


def test_a_convolution_that_rounds_up_is_torchs_where_nothing_hangs_over() -> None:
    torch.manual_seed(0)
    conv = CeilConv2d(2, 4, 5, 2, 1)
    plain = torch.nn.Conv2d(2, 4, 5, 2, 1)
    plain.load_state_dict(conv.state_dict())
    x = torch.randn(1, 2, 9, 12)
    assert torch.equal(conv(x[..., :11]), plain(x[..., :11]))
    assert conv(x).shape[-2:] == (4, 6)  # ceil((n + 2p - k) / s) + 1
    assert torch.allclose(conv(x)[..., :5], plain(x), atol=1e-6)


@pytest.mark.parametrize(("layer", "halves"), [("conv2", True), ("conv3", False), ("conv4", True), ("conv5", True)])
def test_only_conv3_sees_the_maps_of_both_gpus(layer: str, halves: bool) -> None:
    conv = AlexNet(num_classes=1).features.get_submodule(layer)
    maps = torch.zeros(1, conv.in_channels, 5, 5, requires_grad=True)
    first_half = conv(maps)[:, : conv.out_channels // 2]
    (gradient,) = torch.autograd.grad(first_half.sum(), maps)
    seen = gradient.abs().sum((0, 2, 3)) > 0
    assert seen[: conv.in_channels // 2].all()
    assert bool(seen[conv.in_channels // 2 :].any()) is not halves


def test_weights_begin_as_section_5_says() -> None:
    torch.manual_seed(0)
    model = create_model("alexnet")
    ones = {"features.conv2", "features.conv4", "features.conv5", "classifier.fc6", "classifier.fc7"}
    for name, parameter in model.named_parameters():
        layer, _, kind = name.rpartition(".")
        if kind == "bias":
            assert (parameter == (1 if layer in ones else 0)).all(), name
        else:
            assert abs(parameter.mean().item()) < 5e-4, name
            assert parameter.std().item() == pytest.approx(0.01, rel=0.02), name


def test_layers_follow_each_other_as_the_text_says() -> None:
    with torch.device("meta"):
        model = create_model("alexnet")
    assert " ".join(name for name, _ in model.features.named_children()) == (
        "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5"
    )
    assert " ".join(name for name, _ in model.classifier.named_children()) == (
        "flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8"
    )
    assert (model.features.pool1.kernel_size, model.features.pool1.stride) == (3, 2)  # overlapping
