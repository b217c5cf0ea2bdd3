"""VGG, 2014: small filters in deep stacks, and what they cost."""

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.clock import training_seconds
from leadline.claims.networks import anatomy
from leadline.drawing.bars import Bar, bar, bars
from leadline.wording import billions, millions

DEPTHS = {"A": 11, "A-LRN": 11, "B": 13, "C": 16, "D": 16, "E": 19}  # Table 1


def name_of(configuration: str) -> str:
    return f"vgg_{configuration.lower().replace('-', '_')}"


def measure_vgg_block() -> Measurement:
    depths, rows = {}, []
    kept = convolutions = halved = pools = 0
    for configuration in DEPTHS:
        found = anatomy(name_of(configuration))
        depths[configuration] = found.depth
        side, per_stack = found.input[1], [0]
        for layer in found.layers:
            if layer.type == "Conv2d":
                convolutions, kept = convolutions + 1, kept + (layer.output_shape[-1] == side)
                per_stack[-1] += 1
            elif layer.type == "MaxPool2d":
                pools, halved = pools + 1, halved + (2 * layer.output_shape[-1] == side)
                per_stack.append(0)
            side = layer.output_shape[-1]
        tones = ("VGG", "pale VGG")
        parts = [(float(count), tones[number % 2]) for number, count in enumerate(per_stack) if count]
        stacks = " + ".join(str(count) for count in per_stack if count)
        rows.append(Bar(f"{configuration}: {stacks} + 3", (*parts, (3.0, "muted")), f"{depths[configuration]} layers"))
    numbers = {
        f"weight layers of {configuration}": Number(depths[configuration], depth, depth)
        for configuration, depth in DEPTHS.items()
    }
    return Measurement(
        numbers={
            **numbers,
            "convolutions that keep the size": Number(kept, convolutions),
            "poolings that halve it": Number(halved, pools),
        },
        words={
            "layers": ", ".join(str(depth) for depth in depths.values()),
            "convolutions": convolutions,
            "pools": pools,
        },
        drawing=bars(
            rows,
            title="Weight layers of VGG's configurations, stack by stack",
            keys=[("VGG", "convolutions, a shade per stack"), ("muted", "fully connected")],
        ),
    )


TOTALS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}
ALEXNET = 60_965_224


def measure_vgg_fewer_parameters() -> Measurement:
    old = anatomy("alexnet")
    numbers = {"parameters of AlexNet": Number(old.parameters, ALEXNET)}
    rows = [_split("AlexNet", "alexnet")]
    for configuration, total in TOTALS.items():
        found = anatomy(name_of(configuration))
        numbers[f"parameters of VGG {configuration}"] = Number(found.parameters, total)
        if configuration != "A-LRN":
            rows.append(_split(f"VGG {configuration}", name_of(configuration)))
    ratios = [anatomy(name_of(one)).parameters / old.parameters for one in TOTALS]
    return Measurement(
        numbers=numbers,
        words={
            "least": min(ratios),
            "most": max(ratios),
            "alexnet": millions(old.parameters),
            "vgg_a": millions(TOTALS["A"]),
            "vgg_e": millions(TOTALS["E"]),
            "alexnet_convolutions": _in_convolutions("alexnet") / 1e6,
            "vgg_a_convolutions": _in_convolutions("vgg_a") / 1e6,
            "vgg_e_convolutions": _in_convolutions("vgg_e") / 1e6,
        },
        drawing=bars(rows, title="Parameters", keys=[("VGG", "convolutions"), ("muted", "fully connected")]),
    )


def _in_convolutions(name: str) -> int:
    return sum(layer.parameters for layer in anatomy(name).layers if layer.type == "Conv2d")


def _split(label: str, name: str) -> Bar:
    total, convolutions = anatomy(name).parameters, _in_convolutions(name)
    tone = "AlexNet" if name == "alexnet" else "VGG"
    parts = ((float(convolutions), tone), (float(total - convolutions), "muted"))
    return Bar(label, parts, millions(total), bold=name == "alexnet")


def judge_vgg_fewer_parameters(numbers: Numbers) -> Verdict:
    old = numbers["parameters of AlexNet"].value
    fewer = [number.value < old for name, number in numbers.items() if "VGG" in name]
    return judge(stated=all(fewer), amended=any(fewer))


# One network of each kind in the lecture: multiply-adds as computed from the definitions.
LINEUP = {
    "alexnet": ("AlexNet", "AlexNet", 724_406_816),
    "vgg_d": ("VGG-16", "VGG", 15_470_264_320),
    "nin_imagenet": ("Network in Network", "Network in Network", 1_100_188_800),
    "googlenet": ("GoogLeNet", "GoogLeNet", 1_582_671_872),
    "resnet50": ("ResNet-50", "ResNet", 3_857_973_248),
    "resnext50_32x4d": ("ResNeXt-50", "ResNeXt", 4_230_479_872),
    "densenet121": ("DenseNet-121", "DenseNet", 2_834_161_664),
}


def measure_vgg_slow() -> Measurement:
    taken = {name: training_seconds(name) for name in LINEUP}
    numbers, rows = {}, []
    for name, (label, family, formula) in LINEUP.items():
        found, rate = anatomy(name).multiply_adds, 1 / taken[name]
        numbers[f"multiply-adds of {label}"] = Number(found, formula)
        rows.append(bar(label, found, f"{billions(found)}, {rate:.2g} images/s here", tone=family))
    for name, (label, _, _) in LINEUP.items():
        numbers[f"training of {label} here"] = Number(round(1 / taken[name], 2), unit="images per second")
    times = anatomy("vgg_d").multiply_adds / anatomy("alexnet").multiply_adds
    rest = sorted((1 / seconds for name, seconds in taken.items() if name != "vgg_d"))
    return Measurement(
        numbers=numbers,
        words={
            "work": billions(anatomy("vgg_d").multiply_adds),
            "times": times,
            "rate": 1 / taken["vgg_d"],
            "slowest": rest[0],
            "fastest": rest[-1],
        },
        drawing=bars(rows, title="Multiply-adds for one image, and images per second in training on this machine"),
    )


def judge_vgg_slow(numbers: Numbers) -> Verdict:
    """By what is counted; a clock decides nothing."""
    costs = {name: number.value for name, number in numbers.items() if name.startswith("multiply-adds")}
    dearest = max(costs, key=lambda name: costs[name])
    return judge(stated=dearest == "multiply-adds of VGG-16" and all_confirmed(numbers), amended=False)
