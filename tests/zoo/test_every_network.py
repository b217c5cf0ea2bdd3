"""What holds for every network of the catalogue."""

import pytest
import torch
from torch import Tensor, nn

from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.create import create_model
from leadline.zoo import WithAuxiliary, architecture, list_models

# The deepest take seconds each even without values, and are made of the same parts.
DEEP = {"resnet1202_cifar", "resnet110_cifar", "plain110_cifar", "resnet101", "resnet101_v1_5", "resnet152"}
DEEP |= {"resnet152_v1_5", "resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d", "densenet161", "densenet169"}
DEEP |= {"densenet201", "densenet264", "densenet100_k12_cifar", "densenet100_k24_cifar", "densenet_bc100_k12_cifar"}
DEEP |= {"densenet_bc250_k24_cifar", "densenet_bc190_k40_cifar", "plain56_cifar", "resnet56_cifar"}
NETWORKS = [pytest.param(name, marks=pytest.mark.slow) if name in DEEP else name for name in list_models()]
SMALL = ["lenet5", "alexnet_small", "vgg_small", "nin_cifar10", "googlenet_small", "resnet20_cifar", "resnext_small"]
SMALL += ["densenet_small", "plain20_cifar", "nin_small"]


def on_meta(name: str, **options: int) -> nn.Module:
    with torch.device("meta"):
        return create_model(name, **options)


def images(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")


@pytest.mark.parametrize("name", NETWORKS)
def test_it_takes_any_channels_classes_and_shape_from_its_minimum_up_and_says_so_below(name: str) -> None:
    minimum = architecture(name).minimum_size
    grey, many = on_meta(name, in_channels=1, num_classes=1), on_meta(name, in_channels=64, num_classes=7)
    assert grey.eval()(images(1, 1, minimum, minimum + 13)).shape == (1, 1)
    trained = many.train()(images(2, 64, minimum, minimum))
    heads = [trained.logits, *trained.auxiliary] if isinstance(trained, WithAuxiliary) else [trained]
    assert all(head.shape == (2, 7) for head in heads)
    with pytest.raises(LeadlineError) as caught:
        grey(images(1, 1, minimum, minimum - 1))
    assert str(caught.value) == (
        f"{name}: {minimum}×{minimum - 1} pixels are too few; it needs at least {minimum}×{minimum}"
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_its_stages_are_maps_in_order_each_no_larger_than_the_one_before(name: str) -> None:
    model, seen = on_meta(name).eval(), []
    for stage in model.stages:
        model.get_submodule(stage).register_forward_hook(lambda *call, at=stage: seen.append((at, call[2].shape)))
    model(images(1, *architecture(name).input))
    assert [stage for stage, _ in seen] == list(model.stages)
    sides = [shape[-1] for _, shape in seen]
    assert all(len(shape) == 4 for _, shape in seen)
    assert len(seen) >= 2
    assert sides == sorted(sides, reverse=True)


@pytest.mark.parametrize("name", SMALL)
def test_what_a_stage_puts_out_is_not_changed_by_the_layers_after_it(name: str) -> None:
    torch.manual_seed(1)
    model, kept = create_model(name).eval(), []
    for stage in model.stages:
        model.get_submodule(stage).register_forward_hook(lambda *call: kept.append((call[2], call[2].clone())))
    with torch.no_grad():
        model(torch.randn(2, *architecture(name).input))
    assert kept
    assert all(torch.equal(output, copy) for output, copy in kept)


@pytest.mark.parametrize("name", SMALL)
def test_it_trains_in_bfloat16_and_channels_last_to_finite_gradients_everywhere(name: str) -> None:
    torch.manual_seed(1)
    model = create_model(name).to(memory_format=torch.channels_last)
    batch = torch.randn(4, *architecture(name).input).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(batch)
        logits = [output.logits, *output.auxiliary] if isinstance(output, WithAuxiliary) else [output]
        sum(value.float().square().mean() for value in logits).backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again, other = (
        [torch.manual_seed(seed), create_model("resnet20_cifar").conv1.weight][1] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_names_are_unique_and_every_other_name_leads_to_its_network() -> None:
    names = list_models()
    aliases = [alias for name in names for alias in architecture(name).aliases]
    assert len({*names, *aliases}) == len(names) + len(aliases)
    assert architecture("vgg16").name == "vgg_d"
    assert architecture("vgg19_bn").name == "vgg_e_bn"


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(UsageError, match=r"resnet_50: .*resnet50"):
        create_model("resnet_50")
    with pytest.raises(UsageError, match="leadline models"):
        create_model("transformer")
    with pytest.raises(UsageError, match=r"Inception: .*GoogLeNet"):
        list_models("Inception")


def test_families_are_listed_without_regard_to_case_and_in_the_order_of_the_lineage() -> None:
    assert list_models("lenet") == ["lenet5"]
    families = dict.fromkeys(architecture(name).family for name in list_models())
    assert list(families) == [
        "LeNet", "AlexNet", "VGG", "Network in Network", "GoogLeNet", "ResNet", "ResNeXt", "DenseNet", "SqueezeNet"
    ]  # fmt: skip


def test_impossible_requests_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="0 classes"):
        create_model("lenet5", num_classes=0)
    with pytest.raises(LeadlineError, match="no imagenet weights"):
        create_model("lenet5", weights="imagenet")
    with pytest.raises(LeadlineError, match="3 channels, but this network was built for 1"):
        create_model("lenet5")(torch.zeros(1, 3, 32, 32))


def test_published_errors_are_of_networks_as_published_and_single_ones_of_percent() -> None:
    for name in list_models():
        row = architecture(name)
        assert not row.name.endswith("_small") or not row.errors
        for error in row.errors:
            assert error.data
            assert error.protocol
            assert 0 < (error.top5 or 1) < (error.top1 or 100) < 50 or error.top1 is None


def test_images_may_be_named_and_what_are_no_images_are_refused() -> None:
    network = on_meta("lenet5").eval()
    assert network(x=images(1, 1, 32, 32)).shape == (1, 10)
    for wrong, found in ((images(1, 3, 32, 32), "3 channels"), (images(5), r"\(5,\)")):
        with pytest.raises(LeadlineError, match=found):
            network(x=wrong)
    with pytest.raises(TypeError, match="x"):
        network()
