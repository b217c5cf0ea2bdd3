"""Parameters and multiply-adds of every network against what follows from the papers' definitions."""

from functools import cache

import pytest

from leadline import anatomy as rooms
from leadline.pretrained.torchvision_files import tags
from leadline.zoo import architecture, list_models
from leadline.zoo.catalogue import COSTS

measure = cache(rooms.measure)

# name: parameters without auxiliary heads; multiply-adds of conv and fc at the published size, biases left out.
TOTALS = {
    "lenet5": (61_706, 416_520),
    "alexnet": (60_965_224, 724_406_816),
    "alexnet_ungrouped": (62_378_344, 1_135_256_096),
    "alexnet_owt": (61_100_840, 714_188_480),
    "vgg_a": (132_863_336, 7_609_090_048),
    "vgg_a_lrn": (132_863_336, 7_609_090_048),
    "vgg_b": (133_047_848, 11_308_466_176),
    "vgg_c": (133_638_952, 11_770_888_192),
    "vgg_d": (138_357_544, 15_470_264_320),
    "vgg_e": (143_667_240, 19_632_062_464),
    "nin_cifar10": (966_986, 222_486_528),
    "nin_cifar100": (984_356, 223_592_448),
    "nin_imagenet": (7_595_176, 1_100_188_800),
    "googlenet": (6_998_552, 1_582_671_872),
    "plain18": (11_515_688, 1_794_805_760),
    "resnet18_a": (11_515_688, 1_794_805_760),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet18_c": (12_043_816, 1_878_298_624),
    "plain34": (21_623_848, 3_644_493_824),
    "resnet34_a": (21_623_848, 3_644_493_824),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet34_c": (22_716_840, 3_830_747_136),
    "resnet50": (25_557_032, 3_857_973_248),
    "resnet50_v1_5": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_570_194_432),
    "resnet101_v1_5": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_282_415_616),
    "resnet152_v1_5": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_32x4d": (44_177_704, 7_969_996_800),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "resnext29_8x64d_cifar": (34_426_698, 5_387_266_048),
    "resnext29_16x64d_cifar": (68_155_210, 10_688_866_304),
    "densenet121": (7_978_856, 2_834_161_664),
    "densenet161": (28_681_000, 7_727_907_072),
    "densenet169": (14_149_480, 3_359_843_328),
    "densenet201": (20_013_928, 4_291_365_888),
    "densenet264": (33_337_704, 5_751_653_376),
    "densenet40_k12_cifar": (1_019_722, 264_812_928),
    "densenet100_k12_cifar": (6_979_642, 1_769_516_448),
    "densenet100_k24_cifar": (27_249_082, 6_889_347_744),
    "densenet_bc100_k12_cifar": (769_162, 287_929_692),
    "densenet_bc250_k24_cifar": (15_324_406, 5_418_785_724),
    "densenet_bc190_k40_cifar": (25_624_430, 9_301_945_740),
    "squeezenet1_0": (1_248_424, 818_924_576),
    "squeezenet1_1": (1_235_496, 349_151_936),
}
for layers, totals in {
    20: (269_722, 40_551_040),
    32: (464_154, 68_862_592),
    44: (658_586, 97_174_144),
    56: (853_018, 125_485_696),
    110: (1_727_962, 252_887_680),
    1202: (19_421_274, 2_829_238_912),
}.items():
    TOTALS[f"resnet{layers}_cifar"] = totals
    if layers < 1202:
        TOTALS[f"plain{layers}_cifar"] = totals


@pytest.mark.parametrize("name", TOTALS)
def test_every_network_has_the_parameters_and_the_cost_of_its_paper(name: str) -> None:
    anatomy = measure(name)
    assert (anatomy.parameters, anatomy.multiply_adds) == TOTALS[name]
    assert anatomy.depth == architecture(name).depth
    assert (anatomy.input, anatomy.layers[-1].output_shape[0]) == (
        architecture(name).input,
        architecture(name).num_classes,
    )


# Variants that no paper has: as published plus two numbers per normalised map, or held against torchvision elsewhere.
VARIANTS = {
    "vgg_a_bn": ("vgg_a", 2 * (64 + 128 + 2 * 256 + 4 * 512)),
    "vgg_b_bn": ("vgg_b", 2 * 2 * (64 + 128 + 256 + 512 + 512)),
    "vgg_d_bn": ("vgg_d", 2 * (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512)),
    "vgg_e_bn": ("vgg_e", 2 * (2 * 64 + 2 * 128 + 4 * 256 + 8 * 512)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_batch_normalisation_adds_two_parameters_per_map_and_no_multiply_adds(name: str) -> None:
    published, added = VARIANTS[name]
    anatomy = measure(name)
    assert (anatomy.parameters, anatomy.multiply_adds) == (TOTALS[published][0] + added, TOTALS[published][1])
    assert anatomy.depth == architecture(name).depth


def test_auxiliary_heads_are_counted_apart() -> None:
    for name, with_heads in (("googlenet", 13_378_280), ("googlenet_bn", 13_004_888)):
        anatomy = measure(name)
        assert anatomy.parameters + sum(layer.parameters for layer in anatomy.auxiliary) == with_heads
    assert measure("googlenet_bn").parameters == 6_624_904


def test_small_networks_are_cheap_and_take_the_smallest_usual_images() -> None:
    small = [name for name in list_models() if name.endswith("_small")]
    assert len(small) == 6
    for name in small:
        row, anatomy = architecture(name), measure(name)
        assert row.small_images
        assert row.deviates
        assert row.minimum_size <= 28
        assert anatomy.multiply_adds <= 100e6
        assert anatomy.depth == row.depth


@pytest.mark.parametrize("name", list_models())
def test_what_the_catalogue_says_without_torch_is_what_is_measured(name: str) -> None:
    """Where this fails, a network or torchvision's list has changed: `make catalogue` writes the file anew."""
    row, anatomy = architecture(name), measure(name)
    assert (row.parameters, row.multiply_adds) == (anatomy.parameters, anatomy.multiply_adds)
    assert row.weights == tags(name)


def test_the_file_of_costs_has_a_line_for_each_network_and_no_other() -> None:
    assert [line.split(",")[0] for line in COSTS.read_text("utf-8").splitlines()[1:]] == list_models()


def test_every_network_is_held_against_something() -> None:
    elsewhere = {"googlenet_naive", "googlenet_bn", "resnext101_32x8d"}  # their own files, and torchvision
    assert {n for n in list_models() if not n.endswith("_small")} == {*TOTALS, *VARIANTS, *elsewhere}
