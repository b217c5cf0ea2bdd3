"""VGG's stacks of 3×3 filters beside large filters: what they see, and what they weigh."""

from torch import Tensor, nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.gradients import awake, gradient_map, side_seen
from leadline.claims.networks import cost, unfilled
from leadline.drawing.bars import bar, bars
from leadline.drawing.grids import Grid, grids

# VGG-16's own layers: the first three-layer stack begins at features.10, each convolution followed by its ReLU.
FIRST, CHANNELS = 10, 128


def stack(depth: int) -> nn.Sequential:
    """The first `depth` convolutions of VGG-16's third stack, with all paths open."""
    features = unfilled("vgg_d").get_submodule("features")
    assert isinstance(features, nn.Sequential)
    layers = awake(features[FIRST : FIRST + 2 * depth])
    assert isinstance(layers, nn.Sequential)
    return layers


def single(kernel: int) -> nn.Module:
    """One large filter that keeps the size."""
    return awake(nn.Conv2d(CHANNELS, 256, kernel, padding=kernel // 2, device="meta"))


def measure_stacked_3x3() -> Measurement:
    seen = {
        f"{number} 3×3": gradient_map(stack(depth), CHANNELS, side=11)
        for number, depth in (("one", 1), ("two", 2), ("three", 3))
    }
    seen |= {f"one {kernel}×{kernel}": gradient_map(single(kernel), CHANNELS, side=11) for kernel in (5, 7)}
    sides = {name: side_seen(gradient) for name, gradient in seen.items()}
    formulas = {"one 3×3": 3, "two 3×3": 5, "three 3×3": 7, "one 5×5": 5, "one 7×7": 7}  # 1 + n · (k - 1)
    stated = {"two 3×3": 5, "three 3×3": 7}
    return Measurement(
        numbers={
            f"side seen by {name}": Number(sides[name], formula, stated.get(name), unit="pixels")
            for name, formula in formulas.items()
        },
        words={"two": sides["two 3×3"], "three": sides["three 3×3"]},
        drawing=grids(
            [_seen(seen[name], name, sides[name]) for name in ("two 3×3", "one 5×5", "three 3×3", "one 7×7")],
            says=(
                "Gradient of the middle output with respect to each of 11×11 pixels. Two stacked 3×3 layers and one "
                "5×5 both reach 5×5 pixels, three stacked 3×3 layers and one 7×7 both reach 7×7; in the stacks the "
                "strength falls off towards the edge."
            ),
        ),
    )


def _seen(gradient: Tensor, name: str, side: int) -> Grid:
    """Square roots, so that the weak rim can be seen too."""
    return Grid(gradient.sqrt().tolist(), (name, f"sees {side}×{side}"), tone="VGG" if "3×3" in name else "muted")


def measure_25_vs_27() -> Measurement:
    counted = {}
    for layers, kernel in ((1, 5), (3, 3), (2, 3), (1, 7)):
        network = nn.Sequential(*(nn.Conv2d(1, 1, kernel, padding=kernel // 2, bias=False) for _ in range(layers)))
        name = f"{('one', 'two', 'three')[layers - 1]} {kernel}×{kernel}"
        counted[name] = cost(network, (1, 11, 11))[0], side_seen(gradient_map(awake(network), 1, side=11))
    formulas = {"one 5×5": (25, 5), "three 3×3": (27, 7), "two 3×3": (18, 5), "one 7×7": (49, 7)}
    stated = {"one 5×5": 25, "three 3×3": 27}
    numbers = {}
    for name, (weights, side) in formulas.items():
        numbers[f"weights of {name}"] = Number(counted[name][0], weights, stated.get(name))
        numbers[f"side seen by {name}"] = Number(counted[name][1], side, unit="pixels")
    return Measurement(
        numbers=numbers,
        words={
            "one_5x5": counted["one 5×5"][0],
            "three_3x3": counted["three 3×3"][0],
            "two_3x3": counted["two 3×3"][0],
            "one_7x7": counted["one 7×7"][0],
        },
        drawing=bars(
            [
                bar(
                    name,
                    counted[name][0],
                    f"{counted[name][0]} weights",
                    tone="VGG" if "3×3" in name else "muted",
                    heading=heading,
                )
                for heading, name in (
                    ("see 5×5 pixels", "one 5×5"),
                    ("", "two 3×3"),
                    ("see 7×7 pixels", "one 7×7"),
                    ("", "three 3×3"),
                )
            ],
            title="Weights of filters that see the same, per pair of channels",
        ),
    )


def judge_25_vs_27(numbers: Numbers) -> Verdict:
    """A comparison is fair between filters that see the same."""
    fair = numbers["side seen by one 5×5"].value == numbers["side seen by three 3×3"].value
    arithmetic = numbers["weights of one 5×5"].as_stated and numbers["weights of three 3×3"].as_stated
    return judge(stated=arithmetic and fair, amended=arithmetic and all_confirmed(numbers))
