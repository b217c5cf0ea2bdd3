"""What functions networks of rectifiers can draw: by width alone, and by depth."""

import torch

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.regions import (
    folding_network,
    interpolating_network,
    linear_pieces,
    one_hidden_layer,
    pieces_at_random,
    values_of,
)
from leadline.drawing.curves import Curve, curves
from leadline.drawing.plots import Axis, Series, plot


def measure_universal() -> Measurement:
    units = (4, 8, 16, 32, 64)
    x = torch.linspace(0, 1, 4097, dtype=torch.float64)[:, None]
    wanted = torch.sin(2 * torch.pi * x)
    errors = [float((interpolating_network(count)(x) - wanted).abs().max().detach()) for count in units]
    pieces = [linear_pieces(folding_network(depth)) for depth in range(1, 9)]
    return Measurement(
        numbers={
            "worst error of one hidden layer with 4 units": Number(errors[0]),
            "worst error of one hidden layer with 64 units": Number(errors[-1]),
            "linear pieces with 1 layer of two units": Number(pieces[0], 2),
            "linear pieces with 8 layers of two units": Number(pieces[-1], 2**8),
        },
        words={
            "first_error": errors[0],
            "last_error": errors[-1],
            "first_pieces": pieces[0],
            "last_pieces": pieces[-1],
        },
        drawing=curves(
            [
                Curve(
                    [0.0, *x[::16, 0].tolist()],
                    [0.0, *values_of(folding_network(depth), x[::16]).tolist()],
                    (f"{depth} layer{'s' * (depth > 1)}", f"{pieces[depth - 1]} pieces"),
                    "right",
                )
                for depth in (1, 2, 3, 4, 5, 6)
            ],
            says="Functions drawn by one to six layers of two units: zigzags of "
            + ", ".join(map(str, pieces[:6]))
            + " straight pieces.",
            across=3,
        ),
    )


def judge_universal(numbers: Numbers) -> Verdict:
    """Were depth what brings accuracy, one hidden layer would stay far off however wide it is."""
    few, many = (numbers[f"worst error of one hidden layer with {units} units"].value for units in (4, 64))
    one, eight = (numbers[f"linear pieces with {layers} of two units"] for layers in ("1 layer", "8 layers"))
    doubling = one.confirmed and eight.confirmed and eight.value == one.value * 2**7
    return judge(stated=many > few / 2, amended=doubling)


LAYERS = tuple(range(1, 11))
AT_RANDOM = {1: (24,), 2: (12, 12), 4: (6, 6, 6, 6), 8: (3,) * 8}  # the same number of units


def parameters(network_units: int, layers: int) -> int:
    """Of `layers` hidden layers of `network_units` each, one input and one output."""
    return 2 * network_units + (layers - 1) * (network_units + 1) * network_units + network_units + 1


def measure_depth_regions() -> Measurement:
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
        words={"deep": deep[-1], "shallow": shallow[-1], "random_shallow": random[0], "random_deep": random[-1]},
        drawing=plot(
            [
                Series(
                    "layers of two units, one on the other",
                    LAYERS,
                    deep,
                    "right",
                    labels=[f"{one:,}" if one > 10 else "" for one in deep],
                ),
                Series(
                    "one layer with as many parameters",
                    LAYERS,
                    shallow,
                    "muted",
                    dashed=True,
                    labels=[f"{one}" if one > 8 else "" for one in shallow],
                    beside=["below"] * len(LAYERS),
                ),
            ],
            across=Axis("hidden layers, or pairs of units in the one", LAYERS, (0.6, 10.6)),
            up=Axis("linear pieces", (1, 10, 100, 1000), (0.9, 2400), log=True, words=lambda value: f"{value:,.0f}"),
            says="Linear pieces against depth at equal parameters: "
            + "; ".join(
                f"{layers} layers {one:,}, one layer {other}"
                for layers, one, other in zip(LAYERS, deep, shallow, strict=True)
            )
            + ".",
            tall=300,
        ),
    )


def judge_depth_regions(numbers: Numbers) -> Verdict:
    """The deep network must have more pieces at equal parameters, and doubling must be what brings them."""
    counted = [name for name in numbers if name.startswith("pieces,")]
    fair = all(number.as_stated for name, number in numbers.items() if name.startswith("parameters"))
    more = numbers["pieces, 10 layers of two units"].value > numbers["pieces, one layer of 20 units"].value
    return judge(stated=fair and more and all_confirmed(numbers, counted), amended=False)
