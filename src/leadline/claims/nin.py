"""Network in Network, 2013: away with the fully connected layers."""

import torch
from torch import nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, all_confirmed, judge
from leadline.claims.networks import anatomy, cost, unfilled
from leadline.drawing.bars import bar, bars
from leadline.drawing.grids import Frame, Grid, grids
from leadline.wording import millions, percent
from leadline.zoo import build_model

MEBIBYTE = 2**20


def measure_fc_dominates() -> Measurement:
    model = unfilled("vgg_a")
    layer = model.get_submodule("classifier.0")
    assert isinstance(layer, nn.Linear)
    weights = layer.weight.numel()
    size = weights * torch.float32.itemsize
    network = anatomy("vgg_a")
    groups = {
        "convolutions": sum(convolution.parameters for convolution in network.layers if convolution.type == "Conv2d"),
        "first fully connected": weights + layer.out_features,
        "second fully connected": 4097 * 4096,
        "third fully connected": 4097 * 1000,
    }
    return Measurement(
        numbers={
            "inputs of the layer": Number(layer.in_features, 512 * 7 * 7, 25088),
            "outputs of the layer": Number(layer.out_features, 4096, 4096),
            "its weights in FP32": Number(size / 1e6, 25088 * 4096 * 4 / 1e6, 400, unit="MB"),
            "the same in mebibytes": Number(size / MEBIBYTE, 392, unit="MiB"),
            "share of the network's parameters": Number(weights / network.parameters, 102_760_448 / 132_863_336),
        },
        words={
            "layer": layer,
            "weights": weights,
            "megabytes": size / 1e6,
            "mebibytes": size / MEBIBYTE,
            "share": percent(weights / network.parameters, 0),
        },
        drawing=bars(
            [
                bar(
                    name,
                    count,
                    millions(count),
                    tone=("VGG", "wrong", "muted", "muted")[number],
                    bold=name.startswith("first"),
                )
                for number, (name, count) in enumerate(groups.items())
            ],
            title="Where the parameters of VGG-11 are",
        ),
    )


def judge_fc_dominates(numbers: Numbers) -> Verdict:
    """“Almost 400 MB” is what lies at most a twentieth below 400, and not above."""
    most = numbers["share of the network's parameters"].value > 0.5
    matrix = all(numbers[f"{side} of the layer"].as_stated for side in ("inputs", "outputs"))

    def almost(name: str) -> bool:
        return 380 <= numbers[name].value < 400

    in_megabytes, in_mebibytes = almost("its weights in FP32"), almost("the same in mebibytes")
    return judge(stated=matrix and most and in_megabytes, amended=matrix and most and in_mebibytes)


def measure_nin_parameters() -> Measurement:
    networks = {name: anatomy(name) for name in ("alexnet", "vgg_a", "nin_imagenet")}
    full = sum(layer.type == "Linear" for layer in networks["nin_imagenet"].layers)
    totals = {name: one.parameters for name, one in networks.items()}
    # (inputs + 1) · maps of each convolution
    formula = sum(
        (inputs + 1) * maps
        for inputs, maps in (
            (363, 96),
            (96, 96),
            (96, 96),
            (2400, 256),
            (256, 256),
            (256, 256),
            (2304, 384),
            (384, 384),
            (384, 384),
            (3456, 1024),
            (1024, 1024),
            (1024, 1000),
        )
    )
    return Measurement(
        numbers={
            "fully connected layers": Number(full, 0, 0),
            "parameters of Network in Network": Number(totals["nin_imagenet"], formula),
            "parameters of AlexNet": Number(totals["alexnet"], 60_965_224),
            "parameters of VGG-11": Number(totals["vgg_a"], 132_863_336),
        },
        words={
            "vgg_times": totals["vgg_a"] / totals["nin_imagenet"],
            "convolutions": len([one for one in networks["nin_imagenet"].layers if one.type == "Conv2d"]),
            "parameters": totals["nin_imagenet"],
            "alexnet_times": totals["alexnet"] / totals["nin_imagenet"],
        },
        drawing=bars(
            [
                bar(
                    "Network in Network",
                    totals["nin_imagenet"],
                    millions(totals["nin_imagenet"]),
                    tone="Network in Network",
                    bold=True,
                ),
                bar("AlexNet", totals["alexnet"], millions(totals["alexnet"]), tone="AlexNet"),
                bar("VGG-11", totals["vgg_a"], millions(totals["vgg_a"]), tone="VGG"),
            ],
            title="Parameters",
        ),
    )


def judge_nin_parameters(numbers: Numbers) -> Verdict:
    """“A small fraction” is at most a fifth."""
    own = numbers["parameters of Network in Network"].value
    small = all(5 * own <= numbers[f"parameters of {other}"].value for other in ("AlexNet", "VGG-11"))
    return judge(stated=numbers["fully connected layers"].as_stated and small and all_confirmed(numbers), amended=False)


def measure_1x1_is_mlp() -> Measurement:
    convolution = build_model("nin_cifar10").get_submodule("features.cccp1")
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    # Whole numbers: sums of them are exact in whatever order they are taken, so equal means equal.
    maps = torch.randint(-9, 10, (2, convolution.in_channels, 8, 8)).double()
    full = nn.Linear(convolution.in_channels, convolution.out_channels, dtype=torch.float64)
    full.weight.data = torch.randint(-9, 10, full.weight.shape).double()
    full.bias.data = torch.randint(-9, 10, full.bias.shape).double()
    convolution.double().weight.data = full.weight.data[:, :, None, None]
    convolution.bias.data = full.bias.data
    with torch.no_grad():
        together = convolution(maps)
        one_by_one = torch.stack(
            [torch.stack([full(maps[:, :, row, column]) for column in range(8)], dim=-1) for row in range(8)], dim=-2
        )
    differing = int((together != one_by_one).sum())
    counted = sum(values.numel() for values in convolution.parameters())
    return Measurement(
        numbers={
            "outputs compared": Number(together.numel(), 2 * convolution.out_channels * 8 * 8),
            "outputs that differ": Number(differing, 0, 0),
            "parameters of the convolution": Number(counted, sum(values.numel() for values in full.parameters())),
        },
        words={
            "differing": differing,
            "outputs": together.numel(),
            "channels_in": convolution.in_channels,
            "channels_out": convolution.out_channels,
        },
        drawing=grids(
            [
                Grid(
                    _heat(maps[0, 0]),
                    ("maps", f"{convolution.in_channels} channels"),
                    tone="muted",
                    frames=(Frame(2, 5, 1, 1, "wrong"),),
                ),
                Grid(_heat(together[0, 0]), ("1×1 convolution", "all positions at once"), tone="Network in Network"),
                Grid(
                    _heat(one_by_one[0, 0]),
                    ("fully connected", "position by position"),
                    tone="Network in Network",
                    frames=(Frame(2, 5, 1, 1, "wrong"),),
                ),
            ],
            says=(
                "One of the input maps, and one output map computed by the 1×1 convolution and by the fully "
                "connected layer position by position: the two outputs are the same."
            ),
        ),
    )


def _heat(values: torch.Tensor) -> list[list[float]]:
    low, high = values.min(), values.max()
    scaled: list[list[float]] = (0.02 + 0.98 * (values - low) / (high - low)).tolist()
    return scaled


def measure_gap_no_parameters() -> Measurement:
    pooling = unfilled("nin_cifar10").get_submodule("avgpool")
    own = sum(values.numel() for values in pooling.parameters())
    last = next(layer for layer in anatomy("nin_cifar10").layers if layer.name == "features.cccp5_relu")
    channels, side, _ = last.output_shape
    maps = channels, side, side
    averaged = cost(nn.Sequential(nn.Conv2d(channels, 10, 1), nn.AdaptiveAvgPool2d(1)), maps)[0]
    full = cost(nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, 10)), maps)[0]
    return Measurement(
        numbers={
            "parameters of global average pooling": Number(own, 0, 0),
            "parameters of a 1×1 layer to ten maps and their averages": Number(averaged, 193 * 10),
            "parameters of a fully connected layer on the same maps": Number(full, (192 * 8 * 8 + 1) * 10),
        },
        words={"channels": channels, "side": side, "averaged": averaged, "full": full, "times": full / averaged},
        drawing=bars(
            [
                bar("global average pooling", own, f"{own}", tone="Network in Network"),
                bar("1×1 layer, then averages", averaged, f"{averaged:,}", tone="Network in Network"),
                bar("fully connected", full, f"{full:,}", tone="muted"),
            ],
            title="Parameters from the last maps to ten classes",
        ),
    )
