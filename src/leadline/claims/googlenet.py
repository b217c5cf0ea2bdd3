"""GoogLeNet, 2014: filters of several sizes side by side, and what makes that affordable."""

import torch

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.clock import training_seconds
from leadline.claims.networks import anatomy, jumps, quickly_filled
from leadline.drawing.arcs import Row, arcs
from leadline.drawing.bars import Bar, bar, bars
from leadline.wording import millions, percent
from leadline.zoo import WithAuxiliary

# As far as the lecture goes: whether the network is a chain, and how many places take from more than one layer.
GRAPHS = {
    "alexnet": ("AlexNet", "AlexNet", 0),
    "vgg_d": ("VGG-16", "VGG", 0),
    "googlenet": ("GoogLeNet", "GoogLeNet", 9),
    "resnet34": ("ResNet-34", "ResNet", 16),
    "densenet_small": ("DenseNet (small)", "DenseNet", 3 + 6 + 9),
}


def measure_not_sequential() -> Measurement:
    numbers, rows = {}, []
    for name, (label, family, formula) in GRAPHS.items():
        layers = anatomy(name).layers
        joins = sum(len(layer.inputs) > 1 for layer in layers)
        numbers[f"layers of {label} that take from several"] = Number(joins, formula)
        says = f"{joins} places where ways meet" if joins else "a chain"
        rows.append(Row(label, len(layers), jumps(anatomy(name)), says, family))
    return Measurement(numbers=numbers, drawing=arcs(rows, title="Networks as graphs"))


def judge_not_sequential(numbers: Numbers) -> Verdict:
    """One trainable network with several ways is enough."""
    return judge(
        stated=numbers["layers of GoogLeNet that take from several"].value > 0 and all_confirmed(numbers), amended=False
    )


def measure_auxiliary_heads() -> Measurement:
    model, image = quickly_filled("googlenet"), torch.rand(1, 3, 224, 224)
    trained = model.train()(image)
    heads = len(trained.auxiliary) if isinstance(trained, WithAuxiliary) else 0
    with torch.no_grad():
        before = model.eval()(image)
        for name, values in model.named_parameters():
            if name.startswith("aux"):
                values.zero_()
        differing = int((model(image) != before).sum())
    network = anatomy("googlenet")
    extra, multiply_adds = (
        sum(getattr(head, key) for head in network.auxiliary) for key in ("parameters", "multiply_adds")
    )
    own = [(channels + 1) * 128 + (128 * 16 + 1) * 1024 + 1025 * 1000 for channels in (512, 528)]
    return Measurement(
        numbers={
            "heads that speak in training": Number(heads, 2, 2),
            "logits at test time that change with the heads' weights": Number(differing, 0, 0),
            "parameters of the heads": Number(extra, sum(own)),
            "parameters of the network without them": Number(network.parameters, 6_998_552),
            "multiply-adds of the heads": Number(
                multiply_adds, 16 * 128 * (512 + 528) + 2 * (2048 * 1024 + 1024 * 1000)
            ),
        },
        words={
            "heads": heads,
            "differing": differing,
            "extra": millions(extra),
            "parameters": millions(network.parameters),
            "share": percent(multiply_adds / network.multiply_adds, 1),
        },
        drawing=bars(
            [
                Bar(
                    "in training",
                    ((network.parameters, "GoogLeNet"), (extra, "pale GoogLeNet")),
                    millions(network.parameters + extra),
                ),
                Bar("at test time", ((network.parameters, "GoogLeNet"),), millions(network.parameters)),
            ],
            title="Parameters of GoogLeNet",
            keys=[("GoogLeNet", "the network"), ("pale GoogLeNet", "two auxiliary heads")],
        ),
    )


# Images seen in a full training: VGG's from its paper; GoogLeNet's was not published, BVLC's re-training has 60 epochs.
SEEN = {"vgg_d": 370_000 * 256, "googlenet": 2_400_000 * 32}
TRAINING = 3  # forward once, backward for the maps and for the weights
DAY = 86_400


def measure_training_weeks() -> Measurement:
    numbers, rows = {}, []
    schedule = {}
    for name, label, formula in (("vgg_d", "VGG-16", 15_470_264_320), ("googlenet", "GoogLeNet", 1_591_044_096)):
        found = anatomy(name)
        per_image = found.multiply_adds + sum(one.multiply_adds for one in found.auxiliary)
        schedule[label] = TRAINING * SEEN[name] * per_image
        days = SEEN[name] * training_seconds(name) / DAY
        numbers[f"multiply-adds of a full training of {label}"] = Number(
            schedule[label], TRAINING * SEEN[name] * formula
        )
        numbers[f"images in a full training of {label}"] = Number(SEEN[name])
        numbers[f"full training of {label} on this machine"] = Number(round(days), unit="days")
        rows.append(
            bar(
                label,
                schedule[label] / 1e15,
                f"{schedule[label] / 1e15:,.0f} · 10¹⁵",
                tone="VGG" if name == "vgg_d" else "GoogLeNet",
            )
        )
    numbers["weeks that the VGG paper reports, at most"] = Number(3, stated=3, unit="weeks, on four GPUs")
    numbers["weeks that the GoogLeNet paper estimates, at most"] = Number(1, stated=1, unit="weeks, on a few GPUs")
    numbers["of these two, how many were measured"] = Number(1)
    times = schedule["VGG-16"] / schedule["GoogLeNet"]
    return Measurement(
        numbers=numbers,
        words={
            "times": times,
            "vgg_images": SEEN["vgg_d"] / 1e6,
            "googlenet_images": SEEN["googlenet"] / 1e6,
            "vgg_years": SEEN["vgg_d"] * training_seconds("vgg_d") / DAY / 365,
            "googlenet_years": SEEN["googlenet"] * training_seconds("googlenet") / DAY / 365,
        },
        drawing=bars(rows, title="Multiply-adds of a full training"),
    )


def judge_training_weeks(numbers: Numbers) -> Verdict:
    """By counted work and by what the papers say, not by this machine's clock."""
    work = {name: numbers[f"multiply-adds of a full training of {name}"] for name in ("VGG-16", "GoogLeNet")}
    dearer = work["VGG-16"].value > work["GoogLeNet"].value and all(number.confirmed for number in work.values())
    published = all(number.as_stated for name, number in numbers.items() if name.startswith("weeks"))
    measured = numbers["of these two, how many were measured"].value == 2
    return judge(stated=dearer and published and measured, amended=dearer and published)
