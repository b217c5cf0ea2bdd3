"""DenseNet, 2016: every layer sees all before it."""

import torch
from torch import Tensor, nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, judge
from leadline.claims.gradients import awake
from leadline.claims.networks import anatomy, unfilled
from leadline.drawing.grids import Grid, grids
from leadline.drawing.plots import Axis, Series, plot
from leadline.wording import millions
from leadline.zoo import architecture
from leadline.zoo.densenet import TABLE_1, DenseBlock


def measure_concatenation() -> Measurement:
    block = awake(unfilled("densenet121").get_submodule("features.denseblock1"))
    assert isinstance(block, DenseBlock)
    features = [torch.rand(1, 64, 5, 5, dtype=torch.float64, requires_grad=True)]
    seen = []
    for layer in block.children():
        output: Tensor = layer(features)
        gradients = torch.autograd.grad(output.sum(), features)
        seen.append([float(gradient.abs().mean()) for gradient in gradients])
        features.append(output.detach().requires_grad_())
    layers = len(seen)
    with torch.no_grad():
        differing = int((block(features[0]) != torch.cat(features, dim=1)).sum())
    pairs = sum(value > 0 for row in seen for value in row)
    chain = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(layers)))
    labels = ["input", *(f"f{number}" for number in range(1, layers))]
    cells = [[min(1.0, (value / max(row)) ** 0.5) for value in row] + [0.0] * (layers - len(row)) for row in seen]
    along = [[1.0 if column == row else 0.0 for column in range(layers)] for row in range(layers)]
    return Measurement(
        numbers={
            "layers of the first block of DenseNet-121": Number(layers, 6),
            "inputs that the last layer sees directly": Number(sum(value > 0 for value in seen[-1]), layers, layers),
            "connections in the block": Number(pairs, layers * (layers + 1) // 2),
            "connections in a chain of as many layers": Number(len(chain), layers),
            "outputs that differ from [x, f1, f2, …]": Number(differing, 0, 0),
        },
        words={"pairs": pairs, "layers": layers, "earlier": layers - 1},
        drawing=grids(
            [
                Grid(cells, ("DenseNet", f"{pairs} connections"), tone="DenseNet"),
                Grid(along, ("a chain", f"{layers} connections"), tone="muted"),
            ],
            says=(
                f"Which layer (rows, 1 to {layers}) sees which earlier maps (columns: {', '.join(labels)}): in the "
                "dense block everything up to the diagonal, in a chain only the diagonal."
            ),
        ),
    )


def measure_growth() -> Measurement:
    row = TABLE_1["DenseNet-121"]
    layers = anatomy("densenet121").layers
    channels, numbers = row.first, {}
    joins = [layer for layer in layers if layer.type == "Concatenation"]
    steps = [joins[number + 1].output_shape[0] - joins[number].output_shape[0] for number in range(len(joins) - 1)]
    growing = sum(step == row.growth_rate for step in steps)
    numbers["layers that add 32 channels"] = Number(growing, sum(row.blocks), sum(row.blocks))
    for number, count in enumerate(row.blocks, 1):
        channels += count * row.growth_rate
        end = next(layer for layer in reversed(layers) if layer.name == f"features.denseblock{number}")
        numbers[f"channels after block {number}"] = Number(end.output_shape[0], channels)
        if number < len(row.blocks):
            convolution, pool = (
                next(layer for layer in layers if layer.name == f"features.transition{number}.{part}")
                for part in ("conv", "pool")
            )
            numbers[f"channels after transition {number}"] = Number(
                convolution.output_shape[0], channels // 2, channels // 2
            )
            numbers[f"side after transition {number}"] = Number(pool.output_shape[1], 56 >> number, 56 >> number)
            channels //= 2
    xs = list(range(len(joins)))
    return Measurement(
        numbers=numbers,
        words={"layers": sum(row.blocks), "growth_rate": row.growth_rate},
        drawing=plot(
            [
                Series(
                    "channels that a layer is given",
                    xs,
                    [join.output_shape[0] for join in joins],
                    "DenseNet",
                    marked=False,
                )
            ],
            across=Axis("layers of the dense blocks, in order", (0, 6, 19, 44, 61), (0, 62)),
            up=Axis("channels", (0, 256, 512, 768, 1024), (0, 1100), words=lambda value: f"{value:,.0f}"),
            says=(
                "Channels of DenseNet-121, layer by layer: from 64 to 256, halved to 128, to 512, halved to 256, to "
                "1,024, halved to 512, to 1,024."
            ),
        ),
    )


DENSE = ("densenet121", "densenet169", "densenet201", "densenet264")
RESIDUAL = ("resnet50", "resnet101", "resnet152")
LEVEL = 0.5  # points of top-1 error that count as the same accuracy


def measure_dense_parameters() -> Measurement:
    # ResNets as re-trained by fb.resnet.torch with the recipe that DenseNet's paper took over; same centre crop.
    errors = {name: _centre(name) for name in DENSE} | {name: _centre(f"{name}_v1_5") for name in RESIDUAL}
    numbers = {}
    for name, error in errors.items():
        numbers[f"top-1 error of {name}"] = Number(error, unit="%, centre crop")
        numbers[f"parameters of {name}"] = Number(anatomy(name).parameters)
    return Measurement(
        numbers=numbers,
        words={
            "densenet201": millions(anatomy("densenet201").parameters),
            "level": LEVEL,
            "resnet101": millions(anatomy("resnet101").parameters),
            "densenet169": millions(anatomy("densenet169").parameters),
            "resnet50": millions(anatomy("resnet50").parameters),
        },
        drawing=plot(
            [
                Series(
                    label,
                    [anatomy(name).parameters / 1e6 for name in names],
                    [errors[name] for name in names],
                    label,
                    labels=[name.removeprefix("densenet").removeprefix("resnet") for name in names],
                    beside=places,
                )
                for label, names, places in (
                    ("DenseNet", DENSE, ["left", "below", "below", "below"]),
                    ("ResNet", RESIDUAL, ["above", "above", "above"]),
                )
            ],
            across=Axis("parameters, millions", (0, 20, 40, 60), (0, 66)),
            up=Axis("top-1 error, %", (22, 23, 24, 25), (21.6, 25.5)),
            says="Top-1 error on centre crops against parameters: "
            + "; ".join(f"{name} {error} % with {millions(anatomy(name).parameters)}" for name, error in errors.items())
            + ".",
        ),
    )


def _centre(name: str) -> float:
    published = next(error for error in architecture(name).errors if error.protocol.startswith("centre crop"))
    assert published.top1 is not None
    return published.top1


def judge_dense_parameters(numbers: Numbers) -> Verdict:
    """Every ResNet up to 101 layers must have a DenseNet with fewer parameters and at most LEVEL points more error."""

    def matched(residual: str) -> bool:
        return any(
            numbers[f"parameters of {dense}"].value < numbers[f"parameters of {residual}"].value
            and numbers[f"top-1 error of {dense}"].value <= numbers[f"top-1 error of {residual}"].value + LEVEL
            for dense in DENSE
        )

    return judge(stated=all(map(matched, RESIDUAL)), amended=any(map(matched, RESIDUAL)))
