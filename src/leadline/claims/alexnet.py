"""AlexNet, 2012: eight layers on two GPUs, and what they reached."""

from torch import nn

from leadline.claims.claim import (
    Chapter,
    Claim,
    Measurement,
    Number,
    Numbers,
    Verdict,
    all_confirmed,
    as_computed,
    judge,
)
from leadline.claims.entries import ALEXNET_PAPER as PAPER
from leadline.claims.entries import RESULT
from leadline.claims.gradients import awake, dependence, shares
from leadline.claims.networks import anatomy, unfilled
from leadline.claims.painting.bodies import Body, bodies
from leadline.claims.painting.grids import Grid, grids
from leadline.claims.painting.squares import Pair, squares


def _shape() -> Measurement:
    found = anatomy("alexnet")
    maps = [layer for layer in found.layers if layer.type == "Conv2d"]
    pools = [layer for layer in found.layers if layer.type == "MaxPool2d"]
    units = [layer.output_shape[0] for layer in found.layers if layer.type == "Linear"]
    first = maps[0]
    assert first.kernel
    assert first.stride
    numbers = {
        "layers with weights": Number(found.depth, 8, 8),
        "channels of the image": Number(found.input[0], 3, 3),
        "side of the image": Number(found.input[1], 224, 224),
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
        result=f"{found.depth} layers, {found.parameters:,} parameters",
        explanation=(
            "The network of this package was taken apart layer by layer: five convolutions and three fully connected "
            f"layers, whose maps shrink as {sides} pixels along a side. It has {found.parameters:,} parameters and "
            f"takes {found.multiply_adds:,} multiply-adds for one image; the paper says 60 million parameters."
        ),
        drawing=bodies(
            drawn,
            says="AlexNet from image to classes, channels and side: "
            + ", ".join(
                f"{body.channels} of {body.side}×{body.side}" if body.side > 1 else f"{body.channels}" for body in drawn
            )
            + ".",
        ),
    )


SHAPE = Claim(
    id="alexnet-shape",
    kind="exact",
    statement=(
        "AlexNet has 8 layers: from 3×224×224, 96 maps by 11×11 filters of stride 4, overlapping 3×3 pooling of "
        "stride 2, then 256, 384, 384 and 256 maps, and 4096, 4096 and 1000 units."
    ),
    source=f"{PAPER}, section 3.5",
    measure=_shape,
    rule=as_computed,
)

# Which convolutions of the two towers do not talk: the layer, how many maps one tower has in it, and sees in it.
TOWERS = {"conv1": (48, 3), "conv2": (128, 48), "conv3": (192, 256), "conv4": (192, 192), "conv5": (128, 192)}


def _two_gpus() -> Measurement:
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
                Grid(
                    shares(depends, rows=16, columns=16),
                    (name, f"{most} of {layer.in_channels}"),
                    tone="AlexNet",
                )
            )
    return Measurement(
        numbers=numbers,
        result="conv2, conv4 and conv5 see one tower's maps, conv3 sees both",
        explanation=(
            "For every output map of every convolution, the gradient says on which input maps it depends. In conv2, "
            "conv4 and conv5 it is zero for all maps of the other tower: each GPU works alone. Only conv3, and later "
            "the fully connected layers, see what both have found. In today's words these are convolutions with two "
            "groups."
        ),
        drawing=grids(
            panels,
            says=(
                "Which output maps (rows) depend on which input maps (columns): conv2, conv4 and conv5 are two "
                "separate blocks along the diagonal, conv3 is full."
            ),
            keys=[("AlexNet", "depends"), ("rule", "gradient is zero")],
        ),
    )


TWO_GPUS = Claim(
    id="alexnet-two-gpus",
    kind="exact",
    statement=(
        "AlexNet is two towers, of 48 and 128 maps each in the first two layers; conv2, conv4 and conv5 see only "
        "their own tower's 48, 192 and 192 maps, conv3 sees all 256."
    ),
    source=f"{PAPER}, figure 2",
    measure=_two_gpus,
    rule=as_computed,
)


def _against_lenet() -> Measurement:
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
        result=f"{ratio['parameters']:,.0f} times the parameters, {ratio['multiply-adds']:,.0f} the multiply-adds",
        explanation=(
            f"Depth grew from {old.depth} to {new.depth} layers, but everything else by orders of magnitude: the "
            f"image holds {ratio['numbers in the image']:.0f} times as many numbers, the network has "
            f"{ratio['parameters']:,.0f} times as many parameters and takes {ratio['multiply-adds']:,.0f} times as "
            "many multiply-adds. LeNet-5 is the form in common use with 61,706 parameters; that of 1998, whose third "
            "layer saw only parts of the maps, had 60,000."
        ),
        drawing=squares(
            [
                Pair(
                    name,
                    (before, "LeNet", f"LeNet-5 {before:,}"),
                    (after, "AlexNet", f"AlexNet {after:,}"),
                )
                for name, (before, after, *_) in values.items()
                if name in ("parameters", "multiply-adds")
            ],
            title="LeNet-5 and AlexNet as squares whose areas are in proportion",
        ),
    )


def _sum(layers: list[tuple[int, int, int]], *, bias: bool = False) -> int:
    return sum((inputs + 1) * units if bias else inputs * units * positions for inputs, units, positions in layers)


def _against_lenet_rule(numbers: Numbers) -> Verdict:
    names = {name.partition(",")[0] for name in numbers}
    larger = all(numbers[f"{name}, AlexNet"].value > numbers[f"{name}, LeNet-5"].value for name in names)
    return judge(stated=larger and all_confirmed(numbers), amended=False)


AGAINST_LENET = Claim(
    id="alexnet-vs-lenet",
    kind="exact",
    statement="AlexNet is much larger than LeNet: in depth, input, parameters and multiply-adds.",
    source=f"{PAPER}; LeCun, Bottou, Bengio, Haffner 1998",
    measure=_against_lenet,
    rule=_against_lenet_rule,
)

RELU = Claim(
    id="relu",
    kind="trained",
    statement="Rectified units train faster than the sigmoid units of LeNet.",
    source=f"{PAPER}, section 3.1: several times fewer epochs to 25 % training error on CIFAR-10",
    experiment="the same small network with ReLU, tanh and sigmoid, several seeds: epochs to 25 % training error",
)
REGULARISATION = Claim(
    id="regularisation",
    kind="trained",
    statement="L2 and dropout close the gap between training and test accuracy.",
    source=f"{PAPER}, sections 4.2 and 5",
    experiment="one network with neither, either and both, several seeds: the gap after equal training",
)
OVERLAPPING_POOLING = Claim(
    id="overlapping-pooling",
    kind="trained",
    statement="Overlapping 3×3 pooling of stride 2 beats 2×2 pooling of stride 2.",
    source=f"{PAPER}, section 3.4: by 0.4 and 0.3 points of top-1 and top-5 error",
    experiment="the small AlexNet with either pooling, several seeds: test accuracy",
)
LRN = Claim(
    id="lrn",
    kind="trained",
    statement="Local response normalisation helps.",
    source=f"{PAPER}, section 3.3: by 1.4 and 1.2 points; Simonyan and Zisserman 2014 found nothing (A against A-LRN)",
    experiment="the small AlexNet with and without it, several seeds: test accuracy",
)

CHAPTER = Chapter(
    name="alexnet",
    title="AlexNet",
    year=2012,
    introduction="The network that ended a decade of hand-made features.",
    claims=(SHAPE, TWO_GPUS, RESULT, AGAINST_LENET, RELU, REGULARISATION, OVERLAPPING_POOLING, LRN),
)
