"""AlexNet, 2012: eight layers on two GPUs, and what they reached."""

from torch import nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.gradients import awake, dependence, shares
from leadline.claims.networks import anatomy, unfilled
from leadline.drawing.bodies import Body, bodies
from leadline.drawing.grids import Grid, grids
from leadline.drawing.squares import Pair, squares


def measure_alexnet_shape() -> Measurement:
    network = anatomy("alexnet")
    maps = [layer for layer in network.layers if layer.type == "Conv2d"]
    pools = [layer for layer in network.layers if layer.type == "MaxPool2d"]
    units = [layer.output_shape[0] for layer in network.layers if layer.type == "Linear"]
    first = maps[0]
    assert first.kernel
    assert first.stride
    numbers = {
        "layers with weights": Number(network.depth, 8, 8),
        "channels of the image": Number(network.input[0], 3, 3),
        "side of the image": Number(network.input[1], 224, 224),
        "side of the filters of conv1": Number(first.kernel[0], 11, 11),
        "stride of conv1": Number(first.stride[0], 4, 4),
    }
    numbers |= {
        f"maps of conv{number}": Number(layer.output_shape[0], maps_said, maps_said)
        for number, (layer, maps_said) in enumerate(zip(maps, (96, 256, 384, 384, 256), strict=True), 1)
    }
    numbers |= {
        f"units of fc{number}": Number(count, said, said)
        for number, (count, said) in enumerate(zip(units, (4096, 4096, 1000), strict=True), 6)
    }
    overlapping = sum(pool.kernel == (3, 3) and pool.stride == (2, 2) for pool in pools)
    numbers["poolings of 3×3 with stride 2"] = Number(overlapping, len(pools), 3)
    drawn = [Body(3, 224, "muted")]
    drawn += [Body(layer.output_shape[0], layer.output_shape[1], "AlexNet") for layer in maps]
    drawn += [Body(256, pools[-1].output_shape[1], "AlexNet")]
    drawn += [Body(count, 1, "right") for count in units]
    sides = " → ".join(str(body.side) for body in drawn if body.side > 1)
    return Measurement(
        numbers=numbers,
        words={"network": network, "sides": sides},
        drawing=bodies(
            drawn,
            says="AlexNet from image to classes, channels and side: "
            + ", ".join(
                f"{body.channels} of {body.side}×{body.side}" if body.side > 1 else f"{body.channels}" for body in drawn
            )
            + ".",
        ),
    )


# Which convolutions of the two towers do not talk: the layer, how many maps one tower has in it, and sees in it.
TOWERS = {"conv1": (48, 3), "conv2": (128, 48), "conv3": (192, 256), "conv4": (192, 192), "conv5": (128, 192)}


def measure_alexnet_two_gpus() -> Measurement:
    features = unfilled("alexnet").get_submodule("features")
    numbers: dict[str, Number] = {}
    panels = []
    for name, (own, seen) in TOWERS.items():
        layer = features.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        depends = dependence(awake(layer), layer.in_channels, side=11 if name == "conv1" else 3)
        fewest, most = int(depends.sum(dim=1).min()), int(depends.sum(dim=1).max())
        numbers[f"{name}: maps that a map depends on, at least"] = Number(fewest, seen, seen)
        numbers[f"{name}: maps that a map depends on, at most"] = Number(most, seen, seen)
        numbers[f"{name}: maps of one tower"] = Number(len(depends) // 2, own, own)
        if name != "conv1":
            panels.append(
                Grid(shares(depends, rows=16, columns=16), (name, f"{most} of {layer.in_channels}"), tone="AlexNet")
            )
    return Measurement(
        numbers=numbers,
        drawing=grids(
            panels,
            says=(
                "Which output maps (rows) depend on which input maps (columns): conv2, conv4 and conv5 are two "
                "separate blocks along the diagonal, conv3 is full."
            ),
            keys=[("AlexNet", "depends"), ("rule", "gradient is zero")],
        ),
    )


def measure_alexnet_vs_lenet() -> Measurement:
    old, new = anatomy("lenet5"), anatomy("alexnet")
    # Closed formulas, layer by layer: (inputs of a unit + its bias) × units; without biases × positions.
    lenet = [(25, 6, 784), (150, 16, 100), (400, 120, 1), (120, 84, 1), (84, 10, 1)]
    alex = [(363, 96, 3025), (1200, 256, 729), (2304, 384, 169), (1728, 384, 169), (1728, 256, 169), (9216, 4096, 1)]
    alex += [(4096, 4096, 1), (4096, 1000, 1)]
    values = {
        "layers with weights": (old.depth, new.depth, len(lenet), len(alex)),
        "numbers in the image": (32 * 32, 3 * 224 * 224, old.input[1] ** 2, new.input[0] * new.input[1] ** 2),
        "parameters": (old.parameters, new.parameters, _sum(lenet, bias=True), _sum(alex, bias=True)),
        "multiply-adds": (old.multiply_adds, new.multiply_adds, _sum(lenet), _sum(alex)),
    }
    numbers = {}
    for name, (before, after, formula_before, formula_after) in values.items():
        numbers[f"{name}, LeNet-5"] = Number(before, formula_before)
        numbers[f"{name}, AlexNet"] = Number(after, formula_after)
    ratio = {name: pair[1] / pair[0] for name, pair in values.items()}
    return Measurement(
        numbers=numbers,
        words={"ratio": ratio, "lenet": old, "alexnet": new},
        drawing=squares(
            [
                Pair(name, (before, "LeNet", f"LeNet-5 {before:,}"), (after, "AlexNet", f"AlexNet {after:,}"))
                for name, (before, after, *_) in values.items()
                if name in ("parameters", "multiply-adds")
            ],
            title="LeNet-5 and AlexNet as squares whose areas are in proportion",
        ),
    )


def _sum(layers: list[tuple[int, int, int]], *, bias: bool = False) -> int:
    return sum((inputs + 1) * units if bias else inputs * units * positions for inputs, units, positions in layers)


def judge_alexnet_vs_lenet(numbers: Numbers) -> Verdict:
    names = {name.partition(",")[0] for name in numbers}
    larger = all(numbers[f"{name}, AlexNet"].value > numbers[f"{name}, LeNet-5"].value for name in names)
    return judge(stated=larger and all_confirmed(numbers), amended=False)
