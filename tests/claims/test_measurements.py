"""What the lab measures, against closed formulas and independent ways of finding the same."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from leadline.claims.claim import Finding
from leadline.claims.clock import core_seconds
from leadline.claims.gradients import awake, dependence, gradient_map, shares, side_seen
from leadline.claims.nested import IDENTITY, SILENT, deepened
from leadline.claims.regions import folding_network, interpolating_network, linear_pieces, one_hidden_layer, values_of

C = 512 * 7 * 7
# Of each claim a few numbers by formulas of their own, written down from the definitions.
ORACLES: dict[str, dict[str, float]] = {
    "padding": {
        "side of the map from": math.floor((3 + 2 - 2) / 1) + 1,
        "AlexNet's first": math.ceil(213 / 4) + 1,
        "the same, rounding down": math.floor(213 / 4) + 1,
    },
    "stride": {"side of the map at stride 1": 7 - 3 + 1, "side of the map at stride 2": (7 - 3) // 2 + 1},
    "top5": {"right among five when": 2000, "images on which": 0},
    "universal": {"linear pieces with 1": 2, "linear pieces with 8": 2**8},
    "ilsvrc": {"training images": 1_281_167, "test images in ILSVRC-2012": 100_000},
    "alexnet-shape": {"layers": 5 + 3, "maps of conv2": 256, "units of fc6": 4096, "poolings": 3},
    "alexnet-two-gpus": {
        "conv2: maps that a map depends on, at most": 96 / 2,
        "conv3: maps that a map depends on, at least": 256,
        "conv5: maps that a map depends on, at most": 384 / 2,
        "conv4: maps of one tower": 384 / 2,
    },
    "alexnet-result": {
        "top-5, seven networks*, test": 100 - 15.3,
        "top-5, one network, ten crops, val": 100 - 18.2,
        "nearest": 100 - 16.4,
    },
    "alexnet-vs-lenet": {
        "parameters, LeNet-5": 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85,
        "numbers in the image, AlexNet": 3 * 224**2,
    },
    "stacked-3x3": {f"side seen by {name}": 1 + 2 * n for n, name in enumerate(("one 3×3", "two 3×3", "three 3×3"), 1)},
    "25-vs-27": {
        "weights of one 5×5": 5**2,
        "weights of three 3×3": 3 * 3**2,
        "weights of two 3×3": 2 * 3**2,
        "weights of one 7×7": 7**2,
        "side seen by three 3×3": 7,
    },
    "vgg-block": {"weight layers of A": 8 + 3, "weight layers of E": 16 + 3, "poolings": 6 * 5},
    "vgg-fewer-parameters": {"parameters of VGG E": 143_667_240, "parameters of AlexNet": 60_965_224},
    "vgg-slow": {"multiply-adds of VGG-16": 15_346_630_656 + 4096 * (C + 4096 + 1000)},
    "fc-dominates": {"its weights": C * 4096 * 4 / 1e6, "the same in": C * 4096 * 4 / 2**20},
    "nin-parameters": {"parameters of Network in Network": 7_595_176, "fully connected": 0},
    "1x1-is-mlp": {"outputs that differ": 0, "parameters of the convolution": 160 * (192 + 1)},
    "gap-no-parameters": {"parameters of global": 0, "parameters of a fully connected": 10 * (192 * 64 + 1)},
    "inception-branches": {
        "layers": 22,
        "modules that join": 9,
        "side seen by the 5×5": 5,
        "side seen by the pooling": 3,
    },
    # 3a: 192 maps of 28×28 in; 64 of 1×1, 96 → 128 of 3×3, 16 → 32 of 5×5, 32 after the pooling.
    "inception-cost": {
        "multiply-adds of 3a, naive": 784 * 192 * (64 + 9 * 128 + 25 * 32),
        "multiply-adds of 3a": 784 * (192 * (64 + 96 + 16 + 32) + 9 * 96 * 128 + 25 * 16 * 32),
        "channels after 5b, naive": 4944,
    },
    "1x1-reduction": {"channels": 20, "height": 100, "weights": 60 * 20, "multiply-adds": 60 * 20 * 100 * 100},
    "not-sequential": {"layers of AlexNet": 0, "layers of GoogLeNet": 9, "layers of ResNet-34": 3 + 4 + 6 + 3},
    "auxiliary-heads": {"heads": 2, "parameters of the heads": 13_378_280 - 6_998_552, "logits at test time": 0},
    "training-weeks": {"multiply-adds of a full training of VGG-16": 3 * 370_000 * 256 * 15_470_264_320},
    "nested-functions": {"residual, F = 0": 0, "plain, F = 0: images": 8, "plain, identity": 0},
    "shortcut-1x1": {
        "projections in ResNet-34 C": 16,
        "parameters of ResNet-34 B": 21_623_848
        + 2 * (64 + 128 + 256)
        + sum(c * 2 * c for c in (64, 128, 256))
        + 2 * (64 + 128 + 256),
    },
    "no-extra-cost": {"parameters of resnet34_a": 21_623_848, "multiply-adds of resnet34_a": 3_644_493_824},
    "ultra-deep": {"layers of ResNet-152": 1 + 3 * (3 + 8 + 36 + 3) + 1, "multiply-adds of ResNet-152": 11_282_415_616},
    "grouped-cost": {f"parameters with g = {g}": 256 * 256 * 9 / g for g in (1, 2, 4, 8, 16, 32, 64)},
    "block-cost": {
        "2c: 1×1 to": 512 * 128,
        "2b: 3×3 in": 9 * 256**2 / 8,
        "2g: 3×3 in": 9 * 128**2 / 16,
        "2c: 1×1 sh": 512**2,
    },
    "groups-isolate": {"pairs of channels": 4 * 8 * 8, "pairs connected across": 0, "pairs connected by": 64 * 64},
    "resnext-cost": {
        "parameters of ResNeXt": 25_028_904,
        "multiply-adds of ResNet-50 v1.5": 3_857_973_248 + 231_211_008,
    },
    "concatenation": {"inputs that the last": 6, "connections in the block": 6 * 7 / 2},
    "growth": {
        "layers that add": 6 + 12 + 24 + 16,
        "channels after block 1": 64 + 6 * 32,
        "channels after transition 3": 512,
        "channels after block 4": 512 + 16 * 32,
        "side after transition 3": 7,
    },
    "dense-parameters": {"top-1 error of densenet201": 22.58, "parameters of resnet101": 44_549_160},
    "dense-memory": {"parameters whose": 0, "parameters compared": 3 * 16 * 6 + 2 * 3 + 1 + 2 + 2},
    "going-deeper": {"top-5 of GoogLeNet’s": 93.3, "top-5 of ResNet’s": 96.4, "networks averaged in VGG’s": 7},
    "depth-regions": {
        "pieces, 10 layers": 2**10,
        "pieces, one layer of 20": 21,
        "parameters, 10 layers": 4 + 9 * 6 + 3,
    },
}


def test_every_computed_claim_has_an_oracle(findings: dict[str, Finding]) -> None:
    assert set(ORACLES) == {name for name, finding in findings.items() if finding.measurement}


@pytest.mark.parametrize("name", ORACLES)
def test_numbers_are_those_of_closed_formulas_written_down_here(findings: dict[str, Finding], name: str) -> None:
    measurement = findings[name].measurement
    assert measurement is not None
    for beginning, expected in ORACLES[name].items():
        exact = [key for key in measurement.numbers if key == beginning]
        key, *others = exact or [key for key in measurement.numbers if key.startswith(beginning)]
        assert not others, beginning
        assert measurement.numbers[key].value == pytest.approx(expected, rel=1e-9, abs=0.05 if "top-5" in key else 0), (
            key
        )


def test_gradients_find_the_receptive_field_that_the_formula_gives() -> None:
    torch.manual_seed(1)
    for kernels in ((3,), (5, 3), (1, 7), (3, 3, 3, 3)):
        stack = nn.Sequential(*(nn.Conv2d(2, 2, kernel, padding=kernel // 2) for kernel in kernels))
        seen = side_seen(gradient_map(awake(stack), 2, side=21))
        assert seen == 1 + sum(kernel - 1 for kernel in kernels)
    dilated = awake(nn.Sequential(nn.Conv2d(1, 1, 3, padding=2, dilation=2), nn.Conv2d(1, 1, 3, padding=1)))
    assert side_seen(gradient_map(dilated, 1, side=21)) == 7


def test_a_maximum_is_seen_through_by_enough_images() -> None:
    torch.manual_seed(1)
    pooling = nn.MaxPool2d(3, 1, 1)
    assert side_seen(gradient_map(pooling, 1, side=9)) == 1
    assert side_seen(gradient_map(pooling, 1, side=9, images=200)) == 3


def test_dependence_is_the_block_diagonal_of_the_groups() -> None:
    layer = nn.Conv2d(12, 18, 3, padding=1, groups=3)
    depends = dependence(awake(layer), 12)
    assert np.array_equal(depends.numpy(), np.kron(np.eye(3), np.ones((6, 4))).astype(bool))
    assert shares(depends, rows=3, columns=3) == np.eye(3).tolist()


def test_a_folding_network_is_the_tent_map_applied_again_and_again() -> None:
    x = torch.linspace(0, 1, 257, dtype=torch.float64)
    tent = x.numpy()
    for depth in range(1, 7):
        tent = np.where(tent <= 0.5, 2 * tent, 2 - 2 * tent)
        assert np.array_equal(values_of(folding_network(depth), x[:, None]).numpy(), tent)


def test_pieces_are_counted_as_the_bends_say() -> None:
    assert [linear_pieces(folding_network(depth)) for depth in (1, 4, 9)] == [2, 16, 512]
    assert [linear_pieces(one_hidden_layer(units)) for units in (1, 2, 7, 20)] == [2, 3, 8, 21]
    assert linear_pieces(nn.Linear(1, 1, dtype=torch.float64)) == 1


def test_one_hidden_layer_joins_the_points_that_it_should() -> None:
    knots = torch.linspace(0, 1, 9, dtype=torch.float64)
    found = values_of(interpolating_network(8), knots[:, None])
    assert np.allclose(found, np.sin(2 * np.pi * knots.numpy()), atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "added", "same"), [("resnet", SILENT, True), ("plain", SILENT, False), ("plain", IDENTITY, True)]
)
def test_a_deeper_network_computes_its_shallower_self_where_it_can(kind: str, added: str, same: bool) -> None:
    torch.manual_seed(3)
    shallow, deep = deepened(kind, added=added)
    assert sum(1 for _ in deep.modules()) > 2 * sum(1 for _ in shallow.modules())
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(shallow(images), deep(images), rtol=1e-9) == same


def test_a_core_is_timed_alone_and_the_others_are_given_back() -> None:
    threads = torch.get_num_threads()
    seen = set()
    try:
        torch.set_num_threads(2)
        assert core_seconds(lambda: seen.add(torch.get_num_threads()), enough=0.01) > 0
        assert (seen, torch.get_num_threads()) == ({1}, 2)
    finally:
        torch.set_num_threads(threads)
