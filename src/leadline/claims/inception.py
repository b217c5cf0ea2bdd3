"""GoogLeNet's module: filters of several sizes side by side, and the 1×1 reductions that make them affordable."""

import torch
from torch import nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.gradients import awake, gradient_map, side_seen
from leadline.claims.networks import anatomy, cost, unfilled
from leadline.drawing.bars import Bar, bar, bars
from leadline.wording import billions, millions
from leadline.zoo.googlenet import TABLE_1

BRANCHES = {"1×1": 1, "3×3": 3, "5×5": 5, "pooling": 3}  # and the side that each sees of the module's input
TONES = ("GoogLeNet", "Network in Network", "VGG", "muted")
# What the modules are given, and the side of their maps.
INPUTS = dict(zip(TABLE_1, (192, 256, 480, 512, 512, 512, 528, 832, 832), strict=True))
SIDES = {name: {"3": 28, "4": 14, "5": 7}[name[0]] for name in TABLE_1}


def measure_inception_branches() -> Measurement:
    network, model = anatomy("googlenet"), unfilled("googlenet")
    rows, joined, wide = [], 0, 0
    for name, filters in TABLE_1.items():
        join = next(
            layer for layer in network.layers if layer.name == f"inception{name}" and layer.type == "Concatenation"
        )
        widths = [network.layers[place].output_shape[0] for place in join.inputs]
        joined += len(join.inputs) == len(BRANCHES)
        wide += (
            widths == [filters.one, filters.three, filters.five, filters.pool] and sum(widths) == join.output_shape[0]
        )
        parts = tuple((float(width), tone) for width, tone in zip(widths, TONES, strict=True))
        rows.append(Bar(name, parts, f"{join.output_shape[0]} maps"))
    module = awake(model.get_submodule("inception3a"))
    seen = [
        side_seen(gradient_map(module.get_submodule(f"branch{number}"), INPUTS["3a"], side=9, images=64))
        for number in range(1, 5)
    ]
    images = torch.rand(2, INPUTS["3a"], 9, 9, dtype=torch.float64)
    with torch.no_grad():
        alone = torch.cat([module.get_submodule(f"branch{number}")(images) for number in range(1, 5)], dim=1)
        differing = int((module(images) != alone).sum())
    return Measurement(
        numbers={
            "layers with weights, on the longest way": Number(network.depth, 22, 22),
            "modules": Number(len(rows), 9),
            "modules that join four branches": Number(joined, 9),
            "modules as wide as table 1 says": Number(wide, 9),
            "outputs of module 3a that differ from its branches side by side": Number(differing, 0),
            **{
                f"side seen by the {name} branch": Number(side, BRANCHES[name], unit="pixels")
                for name, side in zip(BRANCHES, seen, strict=True)
            },
        },
        words={"depth": network.depth, "sides": ", ".join(map(str, seen))},
        drawing=bars(
            rows,
            title="Maps of the nine modules, by the branch that makes them",
            keys=list(zip(TONES, BRANCHES, strict=True)),
        ),
    )


def _module_cost(network: str, module: str) -> tuple[int, int]:
    """Multiply-adds, and channels put out."""
    layers = [layer for layer in anatomy(network).layers if layer.name.startswith(f"inception{module}")]
    return sum(layer.multiply_adds for layer in layers), layers[-1].output_shape[0]


def _formulas() -> tuple[dict[str, int], dict[str, int]]:
    """Multiply-adds of each module with reductions and without, from the columns of table 1."""
    reduced, naive, given = {}, {}, 192
    for name, filters in TABLE_1.items():
        one, three_reduce, three, five_reduce, five, pool = filters
        positions, taken = SIDES[name] ** 2, INPUTS[name]
        reductions = taken * (one + three_reduce + five_reduce + pool)
        reduced[name] = (reductions + 9 * three_reduce * three + 25 * five_reduce * five) * positions
        naive[name] = given * (one + 9 * three + 25 * five) * positions
        given += one + three + five  # the pooling branch passes on all it was given
    return reduced, naive


def measure_inception_cost() -> Measurement:
    reduced, naive = _formulas()
    numbers, rows = {}, []
    for name in TABLE_1:
        (with_them, _), (without, _) = _module_cost("googlenet", name), _module_cost("googlenet_naive", name)
        numbers[f"multiply-adds of {name}"] = Number(with_them, reduced[name])
        numbers[f"multiply-adds of {name}, naive"] = Number(without, naive[name])
        parts = ((float(with_them), "GoogLeNet"), (float(without - with_them), "pale wrong"))
        rows.append(Bar(name, parts, f"{millions(with_them, 0)} instead of {millions(without, 0)}"))
    (_, channels), (_, naive_channels) = _module_cost("googlenet", "5b"), _module_cost("googlenet_naive", "5b")
    numbers["channels after 5b"] = Number(channels, 1024)
    numbers["channels after 5b, naive"] = Number(
        naive_channels, 192 + sum(one.one + one.three + one.five for one in TABLE_1.values())
    )
    plain, cut = anatomy("googlenet_naive"), anatomy("googlenet")
    times = plain.multiply_adds / cut.multiply_adds
    return Measurement(
        numbers=numbers,
        words={
            "times": times,
            "channels": channels,
            "naive_channels": naive_channels,
            "work": billions(cut.multiply_adds),
            "naive_work": billions(plain.multiply_adds),
            "parameters": millions(cut.parameters, 0),
            "naive_parameters": millions(plain.parameters, 0),
        },
        drawing=bars(
            rows,
            title="Multiply-adds of each module",
            keys=[("GoogLeNet", "with 1×1 reductions"), ("pale wrong", "what they save")],
        ),
    )


def judge_inception_cost(numbers: Numbers) -> Verdict:
    """Every module, and the channels at the end, must be dearer without reductions."""
    dearer = all(
        number.value > numbers[name.removesuffix(", naive")].value
        for name, number in numbers.items()
        if name.endswith("naive")
    )
    return judge(stated=dearer and all_confirmed(numbers), amended=False)


def measure_1x1_reduction() -> Measurement:
    layer = nn.Conv2d(60, 20, 1, bias=False)
    channels, height, width = layer(torch.rand(1, 60, 100, 100)).shape[1:]
    weights, multiply_adds = cost(layer, (60, 100, 100))
    direct = cost(nn.Conv2d(60, 60, 5, padding=2, bias=False), (60, 100, 100))[1]
    after = cost(nn.Conv2d(20, 60, 5, padding=2, bias=False), (20, 100, 100))[1]
    return Measurement(
        numbers={
            "channels that come out": Number(channels, 20, 20),
            "height that comes out": Number(height, 100, 100),
            "width that comes out": Number(width, 100, 100),
            "weights": Number(weights, 60 * 20, 1200),
            "multiply-adds": Number(multiply_adds, 60 * 20 * 100 * 100),
            "multiply-adds of a 5×5 layer to 60 maps after it": Number(after, 25 * 20 * 60 * 100**2),
            "multiply-adds of the 5×5 layer without it": Number(direct, 25 * 60 * 60 * 100**2),
        },
        words={
            "channels": channels,
            "height": height,
            "width": width,
            "weights": weights,
            "work": millions(multiply_adds, 0),
            "after": millions(after, 0),
            "direct": millions(direct, 0),
        },
        drawing=bars(
            [
                bar("5×5 on 60 channels", direct, millions(direct, 0), tone="wrong"),
                Bar(
                    "1×1 to 20 channels, then 5×5",
                    ((multiply_adds, "right"), (after, "GoogLeNet")),
                    millions(multiply_adds + after, 0),
                ),
            ],
            title="Multiply-adds to 60 maps of 100×100",
            keys=[("right", "the 1×1 layer"), ("GoogLeNet", "5×5 after it"), ("wrong", "5×5 without it")],
        ),
    )
