"""ResNeXt, 2016: the same block many times side by side, as grouped convolutions."""

from functools import partial

import torch
from torch import nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.clock import core_seconds
from leadline.claims.gradients import awake, dependence, shares
from leadline.claims.networks import anatomy, cost
from leadline.drawing.bars import Bar, bar, bars
from leadline.drawing.grids import Grid, grids
from leadline.drawing.plots import Axis, Series, plot
from leadline.wording import billions, change, millions, percent
from leadline.zoo.resnet import Bottleneck

GROUPS = (1, 2, 4, 8, 16, 32, 64)
CHANNELS, SIDE = 256, 28


def measure_grouped_cost() -> Measurement:
    numbers, work = {}, []
    layers = [nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=groups, bias=False) for groups in GROUPS]
    for groups, layer in zip(GROUPS, layers, strict=True):
        parameters, multiply_adds = cost(layer, (CHANNELS, SIDE, SIDE))
        numbers[f"parameters with g = {groups}"] = Number(parameters, 9 * CHANNELS**2 // groups)
        numbers[f"multiply-adds with g = {groups}"] = Number(multiply_adds, 9 * CHANNELS**2 * SIDE**2 // groups)
        work.append(multiply_adds)
    images = torch.rand(1, CHANNELS, SIDE, SIDE)
    with torch.inference_mode():
        times = [core_seconds(partial(layer, images)) for layer in layers]
    for groups, taken in zip(GROUPS, times, strict=True):
        numbers[f"times as fast with g = {groups}, here"] = Number(round(times[0] / taken, 2))
    faster = [times[0] / taken for taken in times]
    more = [str(groups) for groups, one in zip(GROUPS, faster, strict=True) if one > 1.1 * groups]
    gained = f"with {', '.join(more)} it gained clearly more than g" if more else "never clearly more than g"
    return Measurement(
        numbers=numbers,
        words={
            "channels": CHANNELS,
            "side": SIDE,
            "groups": GROUPS[-1],
            "faster_32": faster[5],
            "faster_64": faster[6],
            "gained": gained,
        },
        drawing=plot(
            [
                Series("fewer multiply-adds", GROUPS, [work[0] / one for one in work], "ResNeXt"),
                Series(
                    "faster, measured here",
                    GROUPS,
                    faster,
                    "ink",
                    dashed=True,
                    labels=[f"{one:.1f}" for one in faster],
                    beside=["below"] * len(GROUPS),
                ),
            ],
            across=Axis("groups", GROUPS, (0.9, 74), log=True),
            up=Axis("times", (1, 4, 16, 64), (0.3, 90), log=True),
            says="Groups, how many times fewer multiply-adds they take, and how many times as fast they are here: "
            + "; ".join(f"{groups}: {groups}, {one:.1f}" for groups, one in zip(GROUPS, faster, strict=True))
            + ".",
        ),
    )


def judge_grouped_cost(numbers: Numbers) -> Verdict:
    """What is counted alone: the claim's second half, the time, is shown and not judged."""
    counted = [name for name in numbers if name.startswith(("parameters", "multiply-adds"))]
    return judge(stated=all_confirmed(numbers, counted), amended=False)


# Channels c, width b, groups g: one to begin with, then each doubled alone.
SETTINGS = {"c, b, g": (256, 128, 8), "2c": (512, 128, 8), "2b": (256, 256, 8), "2g": (256, 128, 16)}


def _parts(channels: int, width: int, groups: int) -> tuple[int, int, int, int]:
    """Multiply-adds per position of a block's 1×1, grouped 3×3, 1×1 and of a 1×1 shortcut."""
    block = Bottleneck(channels, channels, 1, width=width, groups=groups, shortcut="C")
    assert isinstance(block.downsample, nn.Sequential)
    first, grouped, last = (
        cost(layer, (layer.in_channels, 4, 4))[1] // 16 for layer in (block.conv1, block.conv2, block.conv3)
    )
    return first, grouped, last, cost(block.downsample[0], (channels, 4, 4))[1] // 16


def measure_block_cost() -> Measurement:
    numbers, rows = {}, []
    for name, (channels, width, groups) in SETTINGS.items():
        first, grouped, last, shortcut = _parts(channels, width, groups)
        numbers[f"{name}: 1×1 to b/g channels, g times"] = Number(first, channels * width)
        numbers[f"{name}: 3×3 in g groups"] = Number(grouped, 9 * width**2 // groups)
        numbers[f"{name}: 1×1 back to c"] = Number(last, width * channels)
        numbers[f"{name}: 1×1 shortcut"] = Number(shortcut, channels**2)
        label = f"c = {channels}, b = {width}, g = {groups}"
        parts = ((float(first + last), "ResNet"), (float(grouped), "ResNeXt"), (float(shortcut), "muted"))
        rows.append(Bar(label, parts, f"{(first + grouped + last + shortcut) / 1000:.0f} k", bold=name == "c, b, g"))
    return Measurement(
        numbers=numbers,
        drawing=bars(
            rows,
            title="Multiply-adds per position, in thousands",
            keys=[("ResNet", "1×1 in and out, c·b"), ("ResNeXt", "grouped 3×3, b²/g"), ("muted", "1×1 shortcut, c²")],
        ),
    )


def measure_groups_isolate() -> Measurement:
    groups, width = 4, 32
    block = awake(Bottleneck(64, 64, 1, width=width, groups=groups))
    assert isinstance(block, Bottleneck)
    alone = dependence(block.conv2, width)
    whole = dependence(nn.Sequential(block.conv1, block.conv2, block.conv3), 64)
    own = width // groups
    group = torch.arange(width) // own
    across = group[:, None] != group
    return Measurement(
        numbers={
            "groups": Number(groups),
            "pairs of channels that a 3×3 in four groups connects": Number(int(alone.sum()), width * own),
            "pairs connected across groups": Number(int((alone & across).sum()), 0, 0),
            "pairs connected by 1×1, grouped 3×3 and 1×1": Number(int(whole.sum()), 64 * 64),
            "pairs that there are": Number(whole.numel(), 64 * 64),
        },
        words={
            "width": width,
            "groups": groups,
            "pairs": width * width,
            "connected": int(alone.sum()),
            "across": int(across.sum()),
            "connected_across": int((alone & across).sum()),
        },
        drawing=grids(
            [
                Grid(alone.double().tolist(), ("grouped 3×3", f"{groups} groups"), tone="ResNeXt"),
                Grid(shares(whole, rows=32, columns=32), ("1×1, grouped 3×3, 1×1", "all of them"), tone="ResNet"),
            ],
            says=(
                "Which output channels (rows) depend on which input channels (columns): four separate blocks along the "
                "diagonal for the grouped convolution alone, everything with 1×1 convolutions before and after it."
            ),
        ),
    )


RESNET_50 = {
    "resnet50": ("ResNet-50", "ResNet", 25_557_032, 3_857_973_248),
    "resnet50_v1_5": ("ResNet-50 v1.5", "ResNet", 25_557_032, 4_089_184_256),
    "resnext50_32x4d": ("ResNeXt-50 32×4d", "ResNeXt", 25_028_904, 4_230_479_872),
}
NEARLY = 0.05  # what “the same cost” may differ by


def measure_resnext_cost() -> Measurement:
    found = {name: anatomy(name) for name in RESNET_50}
    numbers: dict[str, Number] = {}
    rows: list[Bar] = []
    for name, (label, family, parameters, _) in RESNET_50.items():
        numbers[f"parameters of {label}"] = Number(found[name].parameters, parameters)
        heading = "" if rows else "parameters"
        rows.append(bar(label, found[name].parameters, millions(found[name].parameters), tone=family, heading=heading))
    for name, (label, family, _, multiply_adds) in RESNET_50.items():
        numbers[f"multiply-adds of {label}"] = Number(found[name].multiply_adds, multiply_adds)
        heading = "multiply-adds" if name == "resnet50" else ""
        rows.append(
            bar(label, found[name].multiply_adds, billions(found[name].multiply_adds, 2), tone=family, heading=heading)
        )
    own, twin, published = found["resnext50_32x4d"], found["resnet50_v1_5"], found["resnet50"]
    return Measurement(
        numbers=numbers,
        words={
            "more_parameters": change(own.parameters / twin.parameters),
            "more_multiply_adds": change(own.multiply_adds / twin.multiply_adds),
            "parameters": own.parameters,
            "multiply_adds": own.multiply_adds,
            "more_than_published": change(own.multiply_adds / published.multiply_adds),
            "nearly": percent(NEARLY, 0),
        },
        drawing=bars(rows, title="Parameters and multiply-adds", own_scales=True),
    )


def judge_resnext_cost(numbers: Numbers) -> Verdict:
    near = all(
        abs(numbers[f"{quantity} of ResNeXt-50 32×4d"].value / numbers[f"{quantity} of ResNet-50 v1.5"].value - 1)
        <= NEARLY
        for quantity in ("parameters", "multiply-adds")
    )
    return judge(stated=near and all_confirmed(numbers), amended=False)
