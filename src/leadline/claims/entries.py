"""What the competition's entries reached, as published, and what that says of one network."""

from dataclasses import dataclass

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, judge
from leadline.drawing.bars import bar, bars
from leadline.drawing.plots import Axis, Series, plot

# Errors in per cent, as printed in tables 1 and 2 and in the competition's result; * pre-trained on Fall 2011.
ERRORS = {
    "top-1, seven networks*, validation 2012": 36.7,
    "top-5, seven networks*, validation 2012": 15.4,
    "top-5, seven networks*, test 2012": 15.3,
    "top-5, five networks, validation 2012": 16.4,
    "top-1, one network, ten crops, validation 2012": 40.7,
    "top-5, one network, ten crops, validation 2012": 18.2,
    "top-1, one network, ten crops, test 2010": 37.5,
    "top-5, one network, ten crops, test 2010": 17.0,
    "top-5, the second best entry, test 2012": 26.2,
}
STATED = {
    "top-1, seven networks*, validation 2012": 63.3,
    "top-5, seven networks*, test 2012": 84.7,
    "top-5, the second best entry, test 2012": 73.8,
}
VGG_SLIDE = 83.7  # what the slide on VGG says of AlexNet


def measure_alexnet_result() -> Measurement:
    accuracies = {name: round(100 - error, 1) for name, error in ERRORS.items()}
    numbers = {name: Number(value, stated=STATED.get(name), unit="%") for name, value in accuracies.items()}
    top5 = [value for name, value in accuracies.items() if name.startswith("top-5") and "second" not in name]
    nearest = min(top5, key=lambda value: abs(value - VGG_SLIDE))
    numbers["nearest published top-5 to the 83.7 of the VGG slide"] = Number(nearest, stated=VGG_SLIDE, unit="%")
    return Measurement(
        numbers=numbers,
        words={"nearest": nearest},
        drawing=bars(
            [
                bar(
                    name.partition(", ")[2],
                    value,
                    f"{value:.1f} %",
                    tone="AlexNet" if "one" in name else "muted",
                    heading=heading,
                    bold=name in STATED,
                )
                for heading, name, value in _by_measure(accuracies)
            ],
            title="AlexNet's published accuracies",
            keys=[("AlexNet", "one network"), ("muted", "several together, or another entry")],
        ),
    )


def _by_measure(accuracies: dict[str, float]) -> list[tuple[str, str, float]]:
    """Top-1 first, and a heading where each kind begins."""
    ordered = sorted(accuracies.items(), key=lambda pair: (pair[0][:5], -pair[1]))
    kinds = [name[:5] for name, _ in ordered]
    return [
        (f"{name[:5]} accuracy" if number == kinds.index(name[:5]) else "", name, value)
        for number, (name, value) in enumerate(ordered)
    ]


def judge_alexnet_result(numbers: Numbers) -> Verdict:
    """As it stands it would be one network's, and AlexNet would have one top-5 accuracy on both slides."""
    published = all(numbers[name].as_stated for name in STATED)
    alone = (
        numbers["top-5, one network, ten crops, validation 2012"].value == STATED["top-5, seven networks*, test 2012"]
    )
    slide = numbers["nearest published top-5 to the 83.7 of the VGG slide"].as_stated
    return judge(stated=published and alone and slide, amended=published)


@dataclass(frozen=True)
class Entry:
    """A result of the competition, and what the same network reaches alone on one centre crop (validation images)."""

    network: str
    year: int
    depth: int
    said: float  # top-5 accuracy in the lecture
    error: float  # top-5 error on the test images, as published
    how: str
    models: int
    alone: float  # top-5 error


ENTRIES = (
    Entry("AlexNet", 2012, 8, 84.7, 15.3, "7 networks, 10 crops; two saw further data", 7, 19.8),
    Entry("VGG", 2014, 16, 92.7, 7.3, "7 networks of 16 and 19 layers, several scales", 7, 9.9),
    Entry("GoogLeNet", 2014, 22, 93.4, 6.67, "7 networks, 144 crops", 7, 10.07),
    Entry("ResNet", 2015, 152, 96.4, 3.57, "6 networks, several scales", 6, 6.7),
)


def measure_going_deeper() -> Measurement:
    numbers = {}
    for entry in ENTRIES:
        numbers[f"top-5 of {entry.network}’s entry"] = Number(round(100 - entry.error, 1), stated=entry.said, unit="%")
        numbers[f"networks averaged in {entry.network}’s entry"] = Number(entry.models)
        numbers[f"top-5 of one {entry.network}, one crop"] = Number(round(100 - entry.alone, 1), unit="%")
    depths = [entry.depth for entry in ENTRIES]
    said = [100 - entry.error for entry in ENTRIES]
    alone = [100 - entry.alone for entry in ENTRIES]
    return Measurement(
        numbers=numbers,
        words={"rules": "; ".join(f"{entry.network}: {entry.how}" for entry in ENTRIES)},
        drawing=plot(
            [
                Series(
                    "the entry: six or seven networks, test images",
                    depths,
                    said,
                    "ink",
                    labels=[f"{entry.network} {entry.year}" for entry in ENTRIES],
                    beside=["below", "left", "below right", "above"],
                ),
                Series(
                    "one network, one centre crop, validation images",
                    depths,
                    alone,
                    "right",
                    dashed=True,
                    labels=[f"{value:.1f}" for value in alone],
                    beside=["below right", "below right", "below right", "below"],
                ),
            ],
            across=Axis("layers with weights, on a logarithmic scale", (8, 16, 22, 50, 152), (6.4, 215), log=True),
            up=Axis("top-5 accuracy, %", (80, 85, 90, 95), (78.5, 98.5)),
            says="Top-5 accuracy against depth. "
            + "; ".join(
                f"{entry.network} ({entry.year}, {entry.depth} layers): entry {100 - entry.error:.1f} %, one network "
                f"on one crop {100 - entry.alone:.1f} %"
                for entry in ENTRIES
            )
            + ".",
            tall=320,
        ),
    )


def judge_going_deeper(numbers: Numbers) -> Verdict:
    """As it stands these are accuracies of single networks; put right, the entries rise, and are near what is said."""
    entries = [numbers[f"top-5 of {entry.network}’s entry"] for entry in ENTRIES]
    alone = all(numbers[f"networks averaged in {entry.network}’s entry"].value == 1 for entry in ENTRIES)
    near = all(abs(number.value - (number.stated or 0)) < 0.5 for number in entries)
    rising = [number.value for number in entries] == sorted(number.value for number in entries)
    return judge(stated=alone and rising and all(number.as_stated for number in entries), amended=near and rising)
