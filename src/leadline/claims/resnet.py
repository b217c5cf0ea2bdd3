"""ResNet, 2015: shortcuts that make depth harmless."""

import torch
from torch import nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.networks import anatomy, jumps, unfilled
from leadline.drawing.arcs import Row, arcs
from leadline.drawing.bars import bar, bars
from leadline.drawing.plots import Axis, Series, plot
from leadline.wording import billions, millions, percent
from leadline.zoo.resnet import BasicBlock, make_shortcut

OPTIONS = ("A", "B", "C")
SHORTCUTS = {"A": (0, 21_623_848), "B": (3, 21_797_672), "C": (16, 22_716_840)}  # projections, parameters


def measure_shortcut_1x1() -> Measurement:
    halved = BasicBlock(64, 128, 2, shortcut=None)
    image = torch.rand(1, 64, 56, 56)
    mapped = halved(image)
    fits = 0
    try:
        mapped + image
    except RuntimeError:
        refused = 1
    else:
        refused = 0
    names = {"A": "resnet34_a", "B": "resnet34", "C": "resnet34_c"}
    numbers = {"sums of 64×56×56 and 128×28×28 that torch refuses": Number(refused, 1, 1)}
    rows = []
    plain = anatomy("plain34").parameters
    for option in OPTIONS:
        shortcut = make_shortcut(option, 64, 128, 2)  # type: ignore[arg-type]
        assert shortcut is not None
        fits += (mapped + shortcut(image)).shape == mapped.shape
        projections = sum(
            isinstance(module, nn.Conv2d) and "downsample" in name
            for name, module in unfilled(names[option]).named_modules()
        )
        total = anatomy(names[option]).parameters
        numbers[f"projections in ResNet-34 {option}"] = Number(projections, SHORTCUTS[option][0])
        numbers[f"parameters of ResNet-34 {option}"] = Number(total, SHORTCUTS[option][1])
        rows.append(
            bar(
                f"{option}: {projections} projections" if projections else "A: padded with zeros",
                total - plain,
                f"+{total - plain:,}",
                tone="ResNet",
            )
        )
    numbers["options that make the shapes fit"] = Number(fits, 3, 3)
    return Measurement(numbers=numbers, drawing=bars(rows, title="Parameters that shortcuts add to plain-34"))


TWINS = {"plain18": "resnet18_a", "plain34": "resnet34_a"} | {
    f"plain{depth}_cifar": f"resnet{depth}_cifar" for depth in (20, 32, 44, 56, 110)
}


def measure_no_extra_cost() -> Measurement:
    numbers, equal = {}, 0
    for plain, residual in TWINS.items():
        without, with_them = anatomy(plain), anatomy(residual)
        costs = [(one.parameters, one.multiply_adds) for one in (without, with_them)]
        equal += costs[0] == costs[1]
        numbers[f"parameters of {residual}"] = Number(with_them.parameters, without.parameters, without.parameters)
        numbers[f"multiply-adds of {residual}"] = Number(
            with_them.multiply_adds, without.multiply_adds, without.multiply_adds
        )
    thirty_four = anatomy("resnet34_a")
    additions = sum(
        layer.output_shape[0] * layer.output_shape[1] * layer.output_shape[2]
        for layer in thirty_four.layers
        if layer.type == "Addition"
    )
    numbers["additions at the shortcuts of resnet34_a"] = Number(
        additions, sum(blocks * (64 << stage) * (56 >> stage) ** 2 for stage, blocks in enumerate((3, 4, 6, 3)))
    )
    return Measurement(
        numbers=numbers,
        words={
            "equal": equal,
            "pairs": len(TWINS),
            "parameters": millions(thirty_four.parameters),
            "work": billions(thirty_four.multiply_adds),
            "additions": millions(additions),
            "share": percent(additions / thirty_four.multiply_adds, 2),
        },
        drawing=arcs(
            [_graph("plain34", "plain-34", "muted"), _graph("resnet34_a", "ResNet-34 A", "ResNet")],
            title="Plain-34 and ResNet-34 as graphs, with their parameters",
        ),
    )


def _graph(name: str, label: str, tone: str) -> Row:
    network = anatomy(name)
    return Row(label, len(network.layers), jumps(network), f"{network.parameters:,} parameters", tone)


DEPTHS = {
    "alexnet": ("AlexNet", "AlexNet", 8, 724_406_816),
    "vgg_d": ("VGG-16", "VGG", 16, 15_470_264_320),
    "vgg_e": ("VGG-19", "VGG", 19, 19_632_062_464),
    "googlenet": ("GoogLeNet", "GoogLeNet", 22, 1_582_671_872),
    "resnet34": ("ResNet-34", "ResNet", 34, 3_663_761_408),
    "resnet50": ("ResNet-50", "ResNet", 50, 3_857_973_248),
    "resnet101": ("ResNet-101", "ResNet", 101, 7_570_194_432),
    "resnet152": ("ResNet-152", "ResNet", 152, 11_282_415_616),
}


def measure_ultra_deep() -> Measurement:
    numbers = {}
    points: dict[str, list[tuple[int, float, str]]] = {}
    for name, (label, family, depth, formula) in DEPTHS.items():
        network = anatomy(name)
        numbers[f"layers of {label}"] = Number(network.depth, depth, 152 if name == "resnet152" else None)
        numbers[f"multiply-adds of {label}"] = Number(network.multiply_adds, formula)
        points.setdefault(family, []).append((network.depth, network.multiply_adds / 1e9, label))
    resnet, vgg = anatomy("resnet152"), anatomy("vgg_d")
    beside = {
        "VGG-16": "left",
        "VGG-19": "right",
        "ResNet-152": "left",
        "ResNet-101": "left",
        "GoogLeNet": "below",
        "ResNet-34": "above",
        "ResNet-50": "right",
        "AlexNet": "above",
    }
    return Measurement(
        numbers=numbers,
        words={
            "depth": resnet.depth,
            "share": percent(resnet.multiply_adds / vgg.multiply_adds, 0),
            "work": billions(resnet.multiply_adds),
            "vgg_work": billions(vgg.multiply_adds),
            "parameters": millions(resnet.parameters, 0),
            "vgg_parameters": millions(vgg.parameters, 0),
        },
        drawing=plot(
            [
                Series(
                    family,
                    [p[0] for p in several],
                    [p[1] for p in several],
                    family,
                    joined=len(several) > 1,
                    labels=[p[2].rpartition("-")[2] if "-" in p[2] else "" for p in several],
                    beside=[beside[p[2]] for p in several],
                )
                for family, several in points.items()
            ],
            across=Axis("layers with weights", (8, 19, 34, 50, 101, 152), (0, 162)),
            up=Axis("multiply-adds per image, billions", (0, 5, 10, 15, 20), (0, 21.5)),
            says="Multiply-adds against depth: "
            + "; ".join(f"{p[2]}: {p[0]} layers, {p[1]:.1f} billion" for several in points.values() for p in several)
            + ".",
        ),
    )


def judge_ultra_deep(numbers: Numbers) -> Verdict:
    deep = numbers["layers of ResNet-152"].as_stated
    cheaper = numbers["multiply-adds of ResNet-152"].value < numbers["multiply-adds of VGG-16"].value
    return judge(stated=deep and cheaper and all_confirmed(numbers), amended=False)
