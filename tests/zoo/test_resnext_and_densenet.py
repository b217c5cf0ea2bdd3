"""Cardinality and concatenation: equivalent forms of one block, widths, dense connections, memory bought with time."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.errors import UsageError
from leadline.pretrained.create import create_model
from leadline.zoo.densenet import DenseBlock, DenseNet
from leadline.zoo.resnet import Bottleneck

# ResNeXt's three equivalent blocks of figure 3, as functions of the weights of one `Bottleneck`: it is form (c).


def form_a(block: Bottleneck, x: Tensor) -> Tensor:
    """Figure 3a: every path has its own 1×1, 3×3 and 1×1 convolution, and the paths' outputs are added.

    Batch normalisation of the sum comes before the shortcut is added, as the paper's section 4 asks for this form.
    """
    thirds = block.conv3.weight.chunk(block.conv2.groups, dim=1)
    paths = [F.conv2d(out, third) for out, third in zip(_first_two_layers(block, x), thirds, strict=True)]
    return _with_shortcut(block, x, torch.stack(paths).sum(0))


def form_b(block: Bottleneck, x: Tensor) -> Tensor:
    """Figure 3b: every path has its own 1×1 and 3×3; their outputs are concatenated and share the last 1×1."""
    return _with_shortcut(block, x, block.conv3(torch.cat(_first_two_layers(block, x), dim=1)))


def _first_two_layers(block: Bottleneck, x: Tensor) -> list[Tensor]:
    paths = block.conv2.groups
    outputs = []
    for path, (first, second) in enumerate(
        zip(block.conv1.weight.chunk(paths), block.conv2.weight.chunk(paths), strict=True)
    ):
        out = torch.relu(_normalised(block.bn1, F.conv2d(x, first, stride=block.conv1.stride), path, paths))
        out = F.conv2d(out, second, stride=block.conv2.stride, padding=1)
        outputs.append(torch.relu(_normalised(block.bn2, out, path, paths)))
    return outputs


def _normalised(norm: nn.BatchNorm2d, x: Tensor, path: int, paths: int) -> Tensor:
    """`x` normalised with the part of `norm` that belongs to one of the paths."""
    mean, variance, weight, bias = (
        None if values is None else values.chunk(paths)[path]
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return F.batch_norm(x, mean, variance, weight, bias, norm.training, norm.momentum or 0.0, norm.eps)


def _with_shortcut(block: Bottleneck, x: Tensor, out: Tensor) -> Tensor:
    shortcut = x if block.downsample is None else block.downsample(x)
    return torch.relu(block.bn3(out) + shortcut)


def random_block(*, stride: int) -> Bottleneck:
    torch.manual_seed(2)
    block = Bottleneck(24, 48 if stride == 2 else 24, stride, width=32, groups=8, stride_in="3x3")
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):  # no two channels alike, or a swap would go unseen
            for values in (module.weight, module.bias, module.running_mean):
                nn.init.normal_(values, mean=0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return block


@pytest.mark.parametrize("form", [form_a, form_b])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("training", [False, True])
def test_the_three_forms_of_figure_3_give_equal_outputs_gradients_and_statistics(form, stride, training) -> None:
    block, other = (random_block(stride=stride).train(training) for _ in range(2))
    x = torch.randn(2, 24, 9, 9)
    expected, found = block(x), form(other, x)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-5)
    expected.square().sum().backward()
    found.square().sum().backward()
    for ours, theirs in zip(other.parameters(), block.parameters(), strict=True):
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)
    for ours, theirs in zip(other.buffers(), block.buffers(), strict=True):
        assert torch.allclose(ours.float(), theirs.float(), rtol=1e-4, atol=1e-5) or ours.dtype == torch.int64


@pytest.mark.parametrize(
    ("name", "cardinality", "width"),
    [("resnext50_32x4d", 32, 4), ("resnext101_64x4d", 64, 4), ("resnext29_8x64d_cifar", 8, 64)],
)
def test_paths_have_the_width_in_the_name_and_double_it_with_each_stage(name, cardinality, width) -> None:
    with torch.device("meta"):
        model = create_model(name)
    for stage in model.stages:
        for block in model.get_submodule(stage):
            assert block.conv2.groups == cardinality
            assert block.conv2.in_channels == cardinality * width
        width *= 2


def test_every_dense_layer_sees_all_before_it_and_its_maps_come_last() -> None:
    torch.manual_seed(0)
    block = DenseBlock(3, 4, 2, bottleneck=True, drop_rate=0.0, memory_efficient=False).eval()
    x = torch.rand(1, 4, 3, 3, requires_grad=True)
    output = block(x)
    assert output.shape == (1, 4 + 3 * 2, 3, 3)
    assert torch.equal(output[:, :4], x)
    assert [layer.norm1.num_features for layer in block.children()] == [4, 6, 8]
    new = block.denselayer1([x])
    assert torch.equal(output[:, 4:6], new)
    assert torch.equal(output[:, 6:8], block.denselayer2([x, new]))


def test_the_memory_efficient_network_has_equal_gradients_and_statistics() -> None:
    results = []
    for memory_efficient in (False, True):
        torch.manual_seed(4)
        model = DenseNet("small", memory_efficient=memory_efficient, num_classes=5)
        model(torch.randn(4, 3, 16, 16)).square().mean().backward()
        results.append((model, [parameter.grad for parameter in model.parameters()]))
    (plain, expected), (efficient, found) = results
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    for (name, one), other in zip(efficient.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(one, other), name  # a batch recomputed is not a batch seen twice


def test_the_memory_efficient_network_keeps_fewer_bytes_for_the_backward_pass() -> None:
    kept = []
    for memory_efficient in (False, True):
        model = DenseNet("small", memory_efficient=memory_efficient, num_classes=5)
        seen: dict[int, int] = {}

        def pack(tensor: torch.Tensor, seen: dict[int, int] = seen) -> torch.Tensor:
            storage = tensor.untyped_storage()
            seen[storage._cdata] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            output = model(torch.randn(2, 3, 16, 16))
        assert output.requires_grad
        kept.append(sum(seen.values()))
    assert kept[1] < 0.8 * kept[0]


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("densenet40_k12_cifar", 36 + 2),  # a convolution per layer, and one per transition
        ("densenet_bc100_k12_cifar", 2 * 48 + 2),
        ("densenet121", 2 * 58 + 3),
    ],
)
def test_dropout_follows_each_convolution_but_the_first_at_the_rate_asked_for(
    name: str, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, dropout = [], F.dropout

    def counted(x: Tensor, p: float, training: bool, inplace: bool = False) -> Tensor:
        rates.append(p if training else 0.0)
        return dropout(x, p, training, inplace)

    monkeypatch.setattr(F, "dropout", counted)
    with torch.device("meta"):
        model, as_published = create_model(name, drop_rate=0.2), create_model(name)
    images = torch.empty(2, 3, 64, 64, device="meta")
    model(images)
    assert rates == [0.2] * places
    assert len(rates) == sum(isinstance(module, nn.Conv2d) for module in model.modules()) - 1
    rates.clear()
    model.eval()(images)
    as_published(images)
    assert not any(rates)
    assert list(model.state_dict()) == list(as_published.state_dict())


def test_dropout_is_refused_where_it_cannot_be_chosen_and_where_it_is_no_rate() -> None:
    with pytest.raises(UsageError, match=r"vgg_d: drop_rate = 0\.2"):
        create_model("vgg_d", drop_rate=0.2)
    for rate in (-0.1, 1.0):
        with pytest.raises(UsageError, match=f"drop_rate = {rate}"):
            create_model("densenet_small", drop_rate=rate)


def test_dropout_speaks_in_training_only_and_at_the_rate_asked_for() -> None:
    torch.manual_seed(0)
    block = DenseBlock(1, 8, 500, bottleneck=False, drop_rate=0.2, memory_efficient=False)
    x = torch.rand(1, 8, 4, 4)
    dropped = (block.train()(x)[:, 8:] == 0).float().mean().item()
    assert dropped == pytest.approx(0.2, abs=0.02)
    assert (block.eval()(x)[:, 8:] != 0).all()
