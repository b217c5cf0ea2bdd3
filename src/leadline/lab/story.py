"""The whole story: deeper and better, as published, and what depth buys in principle."""

from dataclasses import dataclass

from leadline.lab.claim import Chapter, Claim, Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.lab.networks import anatomy
from leadline.lab.painting.plots import Axis, Series, plot
from leadline.lab.regions import folding_network, linear_pieces, one_hidden_layer, pieces_at_random


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
    family: str


ENTRIES = (
    Entry("AlexNet", 2012, 8, 84.7, 15.3, "7 networks, 10 crops; two saw further data", 7, 19.8, "AlexNet"),
    Entry("VGG", 2014, 19, 92.7, 7.3, "7 networks, several scales", 7, 9.9, "VGG"),
    Entry("GoogLeNet", 2014, 22, 93.4, 6.67, "7 networks, 144 crops", 7, 10.07, "GoogLeNet"),
    Entry("ResNet", 2015, 152, 96.4, 3.57, "6 networks, several scales", 6, 6.7, "ResNet"),
)


def _deeper() -> Measurement:
    numbers = {}
    for entry in ENTRIES:
        numbers[f"top-5 of {entry.network}’s entry"] = Number(round(100 - entry.error, 1), stated=entry.said, unit="%")
        numbers[f"networks in {entry.network}’s entry"] = Number(entry.models, stated=1)
        numbers[f"top-5 of one {entry.network}, one crop"] = Number(round(100 - entry.alone, 1), unit="%")
    depths = [entry.depth for entry in ENTRIES]
    said = [100 - entry.error for entry in ENTRIES]
    alone = [100 - entry.alone for entry in ENTRIES]
    return Measurement(
        numbers=numbers,
        result="the entries are ensembles; one network on one crop: 80.2, 90.1, 89.9, 93.3 %",
        explanation=(
            "As published, the entries reached 84.7, 92.7, 93.3 (6.67 % error, not 93.4) and 96.4 % on the test images, and deeper "
            "did win. But each is an average of six or seven networks over many crops or scales, each under rules of its own: "
            + "; ".join(f"{entry.network}: {entry.how}" for entry in ENTRIES)
            + ". So they are not accuracies of architectures. One network on one centre crop of the validation images has 80.2, 90.1, "
            "89.9 and 93.3 %: the order of VGG and GoogLeNet turns round, and ResNet-152 alone is as good as GoogLeNet's seven. "
            "(AlexNet's is BVLC's re-training.)"
        ),
        drawing=plot(
            [
                Series("the entry: ensemble, test images", depths, said, "ink", labels=[entry.network for entry in ENTRIES],
                       beside=["right", "left", "right", "above"]),
                Series("one network, one crop, validation images", depths, alone, "right", dashed=True,
                       labels=[f"{entry.year}" for entry in ENTRIES], beside=["right", "below", "right", "below"]),
            ],
            across=Axis("layers with weights, on a logarithmic scale", (8, 19, 50, 152), (7, 190), log=True),
            up=Axis("top-5 accuracy, %", (80, 85, 90, 95), (78.5, 98.5)),
            says="Top-5 accuracy against depth. " + "; ".join(
                f"{entry.network} ({entry.year}, {entry.depth} layers): entry {100 - entry.error:.1f} %, one network on one crop "
                f"{100 - entry.alone:.1f} %" for entry in ENTRIES
            ) + ".",
            tall=320,
        ),
    )  # fmt: skip


def _deeper_rule(numbers: Numbers) -> Verdict:
    """As it stands these are accuracies of single networks; put right, the entries' order and numbers to half a point."""
    entries = [numbers[f"top-5 of {entry.network}’s entry"] for entry in ENTRIES]
    alone = all(numbers[f"networks in {entry.network}’s entry"].as_stated for entry in ENTRIES)
    near = all(abs(number.value - (number.stated or 0)) < 0.5 for number in entries)
    rising = [number.value for number in entries] == sorted(number.value for number in entries)
    return judge(stated=alone and rising and all(number.as_stated for number in entries), amended=near and rising)


GOING_DEEPER = Claim(
    id="going-deeper",
    kind="published table",
    statement="Deeper is better: 84.7 % top-5 with AlexNet, 92.7 % with VGG, 93.4 % with GoogLeNet, 96.4 % with ResNet.",
    source="The four papers' tables and the competition's results; BVLC's re-training for AlexNet's centre crop",
    measure=_deeper,
    rule=_deeper_rule,
)
LAYERS = tuple(range(1, 11))
AT_RANDOM = {1: (24,), 2: (12, 12), 4: (6, 6, 6, 6), 8: (3,) * 8}  # the same number of units


def parameters(network_units: int, layers: int) -> int:
    """Of `layers` hidden layers of `network_units` each, one input and one output."""
    return 2 * network_units + (layers - 1) * (network_units + 1) * network_units + network_units + 1


def _regions() -> Measurement:
    numbers: dict[str, Number] = {}
    deep, shallow = [], []
    for layers in LAYERS:
        network, other = folding_network(layers), one_hidden_layer(2 * layers)
        size, other_size = (sum(values.numel() for values in one.parameters()) for one in (network, other))
        deep.append(linear_pieces(network))
        shallow.append(linear_pieces(other))
        if layers in (1, 2, 4, 8, 10):
            numbers[f"pieces, {layers} layers of two units"] = Number(deep[-1], 2**layers)
            numbers[f"pieces, one layer of {2 * layers} units"] = Number(shallow[-1], 2 * layers + 1)
            numbers[f"parameters, {layers} layers of two units"] = Number(size, parameters(2, layers), other_size)
    for layers, hidden in AT_RANDOM.items():
        numbers[f"pieces at random, 24 units in {layers} layers"] = Number(round(pieces_at_random(hidden), 1))
    random = [numbers[f"pieces at random, 24 units in {layers} layers"].value for layers in AT_RANDOM]
    return Measurement(
        numbers=numbers,
        result=f"{deep[-1]:,} pieces with ten layers of two units, {shallow[-1]} with one layer of twenty",
        explanation=(
            "A network of rectifiers draws a function of straight pieces. With layers of two units that fold their input in half, "
            f"each layer doubles the pieces: {deep[-1]:,} after ten, counted on the network itself. One hidden layer with as many "
            f"units, and as many parameters, gets one piece per unit more: {shallow[-1]}. So depth buys expressiveness exponentially, "
            "in principle. It does not come by itself: 24 units with random weights make "
            f"{random[0]:.0f} pieces in one layer and {random[-1]:.0f} in eight."
        ),
        drawing=plot(
            [
                Series("layers of two units, one on the other", LAYERS, deep, "right", labels=[f"{one:,}" for one in deep]),
                Series("one layer with as many parameters", LAYERS, shallow, "muted", dashed=True,
                       labels=[f"{one}" for one in shallow], beside=["below"] * len(LAYERS)),
            ],
            across=Axis("hidden layers, or pairs of units in the one", LAYERS, (0.6, 10.6)),
            up=Axis("linear pieces", (1, 10, 100, 1000), (0.9, 2400), log=True, words=lambda value: f"{value:,.0f}"),
            says="Linear pieces against depth at equal parameters: "
            + "; ".join(f"{layers} layers {one:,}, one layer {other}" for layers, one, other in zip(LAYERS, deep, shallow, strict=True))
            + ".",
            tall=300,
        ),
    )  # fmt: skip


def _regions_rule(numbers: Numbers) -> Verdict:
    """At ten layers the deep network must have more pieces at equal parameters, and doubling must be what brings them."""
    counted = [name for name in numbers if name.startswith("pieces,")]
    fair = all(number.as_stated for name, number in numbers.items() if name.startswith("parameters"))
    more = numbers["pieces, 10 layers of two units"].value > numbers["pieces, one layer of 20 units"].value
    return judge(stated=fair and more and all_confirmed(numbers, counted), amended=False)


DEPTH_REGIONS = Claim(
    id="depth-regions",
    kind="exact",
    statement="Depth buys expressiveness: at equal parameters the number of linear regions grows exponentially with depth.",
    source="Montúfar, Pascanu, Cho, Bengio 2014, arXiv 1402.1869; Hanin and Rolnick 2019 for random weights",
    measure=_regions,
    rule=_regions_rule,
)

CHAPTER = Chapter(
    name="story",
    title="The whole story",
    introduction="Eight to 152 layers in four years: what the numbers were, and what depth is good for.",
    claims=(GOING_DEEPER, DEPTH_REGIONS),
)
