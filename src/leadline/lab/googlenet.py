"""GoogLeNet, 2014: filters of several sizes side by side, and what makes that affordable."""

import torch
from torch import nn

from leadline.lab.claim import Chapter, Claim, Measurement, Number, Numbers, Verdict, all_confirmed, as_computed, judge
from leadline.lab.clock import training_seconds
from leadline.lab.gradients import awake, gradient_map, side_seen
from leadline.lab.networks import anatomy, billions, cost, millions, quickly_filled, unfilled
from leadline.lab.painting.arcs import Row, arcs
from leadline.lab.painting.bars import Bar, bar, bars
from leadline.zoo import WithAuxiliary
from leadline.zoo.googlenet import TABLE_1

PAPER = "Szegedy, Liu, Jia et al., “Going deeper with convolutions”, 2014, arXiv 1409.4842"
BRANCHES = {"1×1": 1, "3×3": 3, "5×5": 5, "pooling": 3}  # and the side that each sees of the module's input
TONES = ("GoogLeNet", "Network in Network", "VGG", "muted")
# What the modules are given, and the side of their maps.
INPUTS = dict(zip(TABLE_1, (192, 256, 480, 512, 512, 512, 528, 832, 832), strict=True))
SIDES = {name: {"3": 28, "4": 14, "5": 7}[name[0]] for name in TABLE_1}


def _branches() -> Measurement:
    found, model = anatomy("googlenet"), unfilled("googlenet")
    rows, joined, wide = [], 0, 0
    for name, filters in TABLE_1.items():
        join = next(
            layer for layer in found.layers if layer.name == f"inception{name}" and layer.type == "Concatenation"
        )
        widths = [found.layers[place].output_shape[0] for place in join.inputs]
        joined += len(join.inputs) == len(BRANCHES)
        wide += (
            widths == [filters.one, filters.three, filters.five, filters.pool] and sum(widths) == join.output_shape[0]
        )
        parts = tuple((float(width), tone) for width, tone in zip(widths, TONES, strict=True))
        rows.append(Bar(name, parts, f"{join.output_shape[0]} maps"))
    module = awake(model.get_submodule("inception3a"))
    seen = [
        side_seen(gradient_map(module.get_submodule(f"branch{number}"), INPUTS["3a"], side=9, images=64))
        for number in range(1, 5)
    ]
    images = torch.rand(2, INPUTS["3a"], 9, 9, dtype=torch.float64)
    with torch.no_grad():
        alone = torch.cat([module.get_submodule(f"branch{number}")(images) for number in range(1, 5)], dim=1)
        differing = int((module(images) != alone).sum())
    return Measurement(
        numbers={
            "layers with weights, on the longest way": Number(found.depth, 22, 22),
            "modules": Number(len(rows), 9),
            "modules that join four branches": Number(joined, 9),
            "modules as wide as table 1 says": Number(wide, 9),
            "outputs of module 3a that differ from its branches side by side": Number(differing, 0),
            **{
                f"side seen by the {name} branch": Number(side, BRANCHES[name], unit="pixels")
                for name, side in zip(BRANCHES, seen, strict=True)
            },
        },
        result=f"{found.depth} layers, nine modules of four branches",
        explanation=(
            "Each of the nine modules passes its input through a 1×1, a 3×3 and a 5×5 filter and a 3×3 pooling, and lays the "
            "maps of all four on top of each other: running the branches by themselves gives the module's output bit for "
            f"bit, and gradients say that they see {', '.join(map(str, seen))} pixels along a side. On the longest way through "
            f"there are {found.depth} layers with weights."
        ),
        drawing=bars(
            rows,
            title="Maps of the nine modules, by the branch that makes them",
            keys=list(zip(TONES, BRANCHES, strict=True)),
        ),
    )


INCEPTION_BRANCHES = Claim(
    id="inception-branches",
    kind="exact",
    statement="Inception runs 1×1, 3×3, 5×5 and pooling side by side and concatenates them; GoogLeNet is 22 layers deep.",
    source=f"{PAPER}, figure 2 and table 1",
    measure=_branches,
    rule=as_computed,
)


def _module_cost(network: str, module: str) -> tuple[int, int]:
    """Multiply-adds, and channels put out."""
    layers = [layer for layer in anatomy(network).layers if layer.name.startswith(f"inception{module}")]
    return sum(layer.multiply_adds for layer in layers), layers[-1].output_shape[0]


def _formulas() -> tuple[dict[str, int], dict[str, int]]:
    """Multiply-adds of each module with reductions and without, from the columns of table 1."""
    reduced, naive, given = {}, {}, 192
    for name, filters in TABLE_1.items():
        one, three_reduce, three, five_reduce, five, pool = filters
        positions, taken = SIDES[name] ** 2, INPUTS[name]
        reductions = taken * (one + three_reduce + five_reduce + pool)
        reduced[name] = (reductions + 9 * three_reduce * three + 25 * five_reduce * five) * positions
        naive[name] = given * (one + 9 * three + 25 * five) * positions
        given += one + three + five  # the pooling branch passes on all it was given
    return reduced, naive


def _cost() -> Measurement:
    reduced, naive = _formulas()
    numbers, rows = {}, []
    for name in TABLE_1:
        (with_them, _), (without, _) = _module_cost("googlenet", name), _module_cost("googlenet_naive", name)
        numbers[f"multiply-adds of {name}"] = Number(with_them, reduced[name])
        numbers[f"multiply-adds of {name}, naive"] = Number(without, naive[name])
        rows.append(bar(f"{name}, naive", without, millions(without, 0), tone="wrong"))
        rows.append(bar(name, with_them, millions(with_them, 0), tone="GoogLeNet"))
    (_, channels), (_, naive_channels) = _module_cost("googlenet", "5b"), _module_cost("googlenet_naive", "5b")
    numbers["channels after 5b"] = Number(channels, 1024)
    numbers["channels after 5b, naive"] = Number(
        naive_channels, 192 + sum(one.one + one.three + one.five for one in TABLE_1.values())
    )
    plain, cut = anatomy("googlenet_naive"), anatomy("googlenet")
    times = plain.multiply_adds / cut.multiply_adds
    return Measurement(
        numbers=numbers,
        result=f"without reductions {times:.0f} times the multiply-adds and {naive_channels:,} channels at the end",
        explanation=(
            "The same nine modules were built without the 1×1 reductions. Their pooling branch cannot but pass on every map "
            f"it is given, so channels pile up to {naive_channels:,} instead of {channels:,}, and every 3×3 and 5×5 filter has to "
            f"look at all of them: {billions(plain.multiply_adds)} multiply-adds for the network instead of "
            f"{billions(cut.multiply_adds)}, and {millions(plain.parameters, 0)} parameters instead of {millions(cut.parameters, 0)}."
        ),
        drawing=bars(
            rows,
            title="Multiply-adds of each module",
            keys=[("wrong", "naive (figure 2a)"), ("GoogLeNet", "with 1×1 reductions (2b)")],
        ),
    )


def _cost_rule(numbers: Numbers) -> Verdict:
    """Every module, and the channels at the end, must be dearer without reductions."""
    dearer = all(
        number.value > numbers[name.removesuffix(", naive")].value
        for name, number in numbers.items()
        if name.endswith("naive")
    )
    return judge(stated=dearer and all_confirmed(numbers), amended=False)


INCEPTION_COST = Claim(
    id="inception-cost",
    kind="exact",
    statement="The naive module blows up channels and cost; 1×1 reductions cut both.",
    source=f"{PAPER}, section 4",
    measure=_cost,
    rule=_cost_rule,
)


def _reduction() -> Measurement:
    layer = nn.Conv2d(60, 20, 1, bias=False)
    channels, height, width = layer(torch.rand(1, 60, 100, 100)).shape[1:]
    weights, multiply_adds = cost(layer, (60, 100, 100))
    direct = cost(nn.Conv2d(60, 60, 5, padding=2, bias=False), (60, 100, 100))[1]
    after = cost(nn.Conv2d(20, 60, 5, padding=2, bias=False), (20, 100, 100))[1]
    return Measurement(
        numbers={
            "channels that come out": Number(channels, 20, 20),
            "height that comes out": Number(height, 100, 100),
            "width that comes out": Number(width, 100, 100),
            "weights": Number(weights, 60 * 20, 1200),
            "multiply-adds": Number(multiply_adds, 60 * 20 * 100 * 100),
            "multiply-adds of a 5×5 layer to 60 maps after it": Number(after, 25 * 20 * 60 * 100**2),
            "multiply-adds of the 5×5 layer without it": Number(direct, 25 * 60 * 60 * 100**2),
        },
        result=f"{channels}×{height}×{width} with {weights:,} weights",
        explanation=(
            "Height and width stay, channels go from 60 to 20. Each of the twenty filters has a weight for each of the 60 "
            f"channels: {weights:,} in all (and 20 biases, if there are any), not 20 and not 60. They cost "
            f"{millions(multiply_adds, 0)} multiply-adds, and pay for themselves at once: a 5×5 layer to 60 maps takes "
            f"{millions(after, 0)} on the reduced maps and {millions(direct, 0)} on the full ones."
        ),
        drawing=bars(
            [
                bar("5×5 on 60 channels", direct, millions(direct, 0), tone="wrong"),
                Bar(
                    "1×1 to 20 channels, then 5×5",
                    ((multiply_adds, "right"), (after, "GoogLeNet")),
                    millions(multiply_adds + after, 0),
                ),
            ],
            title="Multiply-adds to 60 maps of 100×100",
            keys=[("right", "the 1×1 layer"), ("GoogLeNet", "5×5 after it"), ("wrong", "5×5 without it")],
        ),
    )


REDUCTION = Claim(
    id="1x1-reduction",
    kind="exact",
    statement="Twenty 60×1×1 filters turn 60×100×100 into 20×100×100, with 1,200 weights.",
    source="Lecture, GoogLeNet",
    measure=_reduction,
    rule=as_computed,
)
# As far as the lecture goes: whether the network is a chain, and how many places take from more than one layer.
GRAPHS = {
    "alexnet": ("AlexNet", "AlexNet", 0),
    "vgg_d": ("VGG-16", "VGG", 0),
    "googlenet": ("GoogLeNet", "GoogLeNet", 9),
    "resnet34": ("ResNet-34", "ResNet", 16),
    "densenet_small": ("DenseNet (small)", "DenseNet", 3 + 6 + 9),
}


def _not_sequential() -> Measurement:
    numbers, rows = {}, []
    for name, (label, family, formula) in GRAPHS.items():
        layers = anatomy(name).layers
        joins = sum(len(layer.inputs) > 1 for layer in layers)
        jumps = tuple((start, end) for end, layer in enumerate(layers) for start in layer.inputs if end - start > 1)
        numbers[f"layers of {label} that take from several"] = Number(joins, formula)
        says = f"{joins} places where ways meet" if joins else "a chain"
        rows.append(Row(label, len(layers), jumps, says, family))
    return Measurement(
        numbers=numbers,
        result="AlexNet and VGG are chains; GoogLeNet has nine places where ways meet, ResNet-34 sixteen",
        explanation=(
            "What each layer takes its input from was recorded while an image ran through: a dot per layer, in the order of "
            "execution, and an arc where something jumps ahead. AlexNet and VGG have none: every layer takes what the one "
            "before it made. GoogLeNet splits and joins nine times, ResNet-34 adds what it had sixteen times, and a DenseNet "
            "gathers everything so far again and again. None of this keeps a network from being trained by the chain rule: it "
            "only has to be free of loops."
        ),
        drawing=arcs(rows, title="Networks as graphs"),
    )


def _not_sequential_rule(numbers: Numbers) -> Verdict:
    """One trainable network with several ways is enough."""
    return judge(
        stated=numbers["layers of GoogLeNet that take from several"].value > 0 and all_confirmed(numbers), amended=False
    )


NOT_SEQUENTIAL = Claim(
    id="not-sequential",
    kind="exact",
    statement="A network need not be a chain of layers.",
    source=f"{PAPER}, figure 3",
    measure=_not_sequential,
    rule=_not_sequential_rule,
)


def _heads() -> Measurement:
    model, image = quickly_filled("googlenet"), torch.rand(1, 3, 224, 224)
    trained = model.train()(image)
    heads = len(trained.auxiliary) if isinstance(trained, WithAuxiliary) else 0
    with torch.no_grad():
        before = model.eval()(image)
        for name, values in model.named_parameters():
            if name.startswith("aux"):
                values.zero_()
        differing = int((model(image) != before).sum())
    found = anatomy("googlenet")
    extra, multiply_adds = (
        sum(getattr(one, key) for one in found.auxiliary) for key in ("parameters", "multiply_adds")
    )
    own = [(channels + 1) * 128 + (128 * 16 + 1) * 1024 + 1025 * 1000 for channels in (512, 528)]
    return Measurement(
        numbers={
            "heads that speak in training": Number(heads, 2, 2),
            "logits at test time that change with the heads' weights": Number(differing, 0, 0),
            "parameters of the heads": Number(extra, sum(own)),
            "parameters of the network without them": Number(found.parameters, 6_998_552),
            "multiply-adds of the heads": Number(
                multiply_adds, 16 * 128 * (512 + 528) + 2 * (2048 * 1024 + 1024 * 1000)
            ),
        },
        result=f"{heads} heads of {millions(extra)} parameters, gone at test time",
        explanation=(
            f"In training the network returns three sets of logits, at test time one. Setting all weights of the heads to zero "
            f"changes {differing} of the 1,000 logits at test time: they are gone. In training they nearly double the parameters "
            f"({millions(extra)} beside {millions(found.parameters)}) for {multiply_adds / found.multiply_adds:.1%} more "
            "multiply-adds. What they add to the accuracy is for a training to show."
        ),
        drawing=bars(
            [
                Bar(
                    "in training",
                    ((found.parameters, "GoogLeNet"), (extra, "band")),
                    millions(found.parameters + extra),
                ),
                Bar("at test time", ((found.parameters, "GoogLeNet"),), millions(found.parameters)),
            ],
            title="Parameters of GoogLeNet",
            keys=[("GoogLeNet", "the network"), ("band", "two auxiliary heads")],
        ),
    )


HEADS = Claim(
    id="auxiliary-heads",
    kind="exact + trained",
    statement="Two auxiliary classifiers help in training, and are gone at test time.",
    source=f"{PAPER}, section 5",
    measure=_heads,
    rule=as_computed,
    experiment="the small network with and without its heads, several seeds: test accuracy",
)

# Images seen in a full training: VGG's from its paper; GoogLeNet's was not published, BVLC's re-training has 60 epochs.
SEEN = {"vgg_d": 370_000 * 256, "googlenet": 2_400_000 * 32}
TRAINING = 3  # forward once, backward for the maps and for the weights
DAY = 86_400


def _weeks() -> Measurement:
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
    numbers["of these two, how many were measured"] = Number(1, stated=2)
    times = schedule["VGG-16"] / schedule["GoogLeNet"]
    return Measurement(
        numbers=numbers,
        result=f"{times:.0f} times the multiply-adds; but GoogLeNet's week was an estimate",
        explanation=(
            "VGG's two to three weeks are what its paper reports, on four GPUs. GoogLeNet's week is not a report: it was "
            "trained on a cluster of CPUs, and its paper roughly estimates that a few GPUs would need at most a week. What can "
            f"be counted: VGG-16 saw {SEEN['vgg_d'] / 1e6:.0f} million images, BVLC's published re-training of GoogLeNet "
            f"{SEEN['googlenet'] / 1e6:.0f} million, so VGG takes {times:.0f} times the multiply-adds. At the speed measured on "
            f"this machine, {SEEN['vgg_d'] * training_seconds('vgg_d') / DAY / 365:.1f} years against "
            f"{SEEN['googlenet'] * training_seconds('googlenet') / DAY / 365:.2f}."
        ),
        drawing=bars(rows, title="Multiply-adds of a full training"),
    )


def _weeks_rule(numbers: Numbers) -> Verdict:
    """By counted work and by what the papers say, not by this machine's clock."""
    work = {name: numbers[f"multiply-adds of a full training of {name}"] for name in ("VGG-16", "GoogLeNet")}
    dearer = work["VGG-16"].value > work["GoogLeNet"].value and all(number.confirmed for number in work.values())
    published = all(number.as_stated for name, number in numbers.items() if name.startswith("weeks"))
    measured = numbers["of these two, how many were measured"].as_stated
    return judge(stated=dearer and published and measured, amended=dearer and published)


WEEKS = Claim(
    id="training-weeks",
    kind="exact + measured",
    statement="VGG trains for two to three weeks, GoogLeNet for one.",
    source=f"Simonyan and Zisserman 2014, section 3.3; {PAPER}, section 6; BVLC's re-training for GoogLeNet's schedule",
    measure=_weeks,
    rule=_weeks_rule,
)
FILTER_SIZE = Claim(
    id="choose-filter-size",
    kind="trained",
    statement="Offered filters of all sizes, training chooses: it uses them unevenly.",
    source="Lecture, GoogLeNet",
    experiment="the weight that each branch gets in the small network, module by module, several seeds",
)

CHAPTER = Chapter(
    name="googlenet",
    title="GoogLeNet",
    year=2014,
    introduction="All filter sizes at once, made affordable by 1×1 reductions.",
    claims=(INCEPTION_BRANCHES, INCEPTION_COST, REDUCTION, FILTER_SIZE, NOT_SEQUENTIAL, HEADS, WEEKS),
)
