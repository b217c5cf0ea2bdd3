"""ResNet, 2015: shortcuts that make depth harmless."""

import torch
from torch import nn

from leadline.lab.claim import Chapter, Claim, Measurement, Number, Numbers, Verdict, all_confirmed, as_computed, judge
from leadline.lab.networks import anatomy, billions, millions, unfilled
from leadline.lab.painting.bars import bar, bars
from leadline.lab.painting.plots import Axis, Series, plot
from leadline.zoo import create_model
from leadline.zoo.resnet import Pair, ResNet, make_shortcut

PAPER = "He, Zhang, Ren, Sun, “Deep residual learning for image recognition”, 2015, arXiv 1512.03385"
SHALLOW, DEEP = 20, 56
SILENT, IDENTITY = "F = 0", "identity kernels"


def _blocks(model: ResNet) -> list[list[Pair]]:
    return [[block for block in model.get_submodule(stage) if isinstance(block, Pair)] for stage in model.stages]  # type: ignore[union-attr]


def deepened(kind: str, *, added: str) -> tuple[nn.Module, nn.Module]:
    """The 20-layer network, and the 56-layer one that is the same with blocks `added` to each stage.

    Added blocks compute F = 0, or have kernels that copy each channel and normalisation that changes nothing.
    """
    shallow, deep = (create_model(f"{kind}{depth}_cifar").double().eval() for depth in (SHALLOW, DEEP))
    assert isinstance(shallow, ResNet)
    assert isinstance(deep, ResNet)
    for part in ("conv1", "bn1", "fc"):
        deep.get_submodule(part).load_state_dict(shallow.get_submodule(part).state_dict())
    for old, new in zip(_blocks(shallow), _blocks(deep), strict=True):
        for number, block in enumerate(new):
            if number < len(old):
                block.load_state_dict(old[number].state_dict())
            elif added == SILENT:
                nn.init.zeros_(block.bn2.weight)
            else:
                for convolution, norm in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
                    nn.init.dirac_(convolution.weight)
                    assert norm.running_var is not None
                    norm.running_var.fill_(1 - norm.eps)  # so that the normalisation divides by one
    return shallow, deep


def _nested() -> Measurement:
    images = torch.randn(8, 3, 32, 32, dtype=torch.float64)
    off = {}
    for kind, added in (("resnet", SILENT), ("plain", SILENT), ("plain", IDENTITY)):
        shallow, deep = deepened(kind, added=added)
        with torch.no_grad():
            expected, found = shallow(images), deep(images)
        off[kind, added] = int(((found - expected).abs() > 1e-9 * expected.abs().max()).sum())
        if (kind, added) == ("plain", SILENT):
            alike = int((found == found[:1]).all(dim=1).sum())
    added_blocks = 3 * ((DEEP - SHALLOW) // 6)
    return Measurement(
        numbers={
            "layers of the shallower network": Number(SHALLOW),
            "layers of the deeper network": Number(DEEP),
            "blocks added": Number(added_blocks, 18),
            "logits compared": Number(images.shape[0] * 10, 80),
            "residual, F = 0: logits that differ from the shallower network's": Number(off["resnet", SILENT], 0, 0),
            "plain, F = 0: logits that differ": Number(off["plain", SILENT], 80),
            "plain, F = 0: images of eight that get the same logits": Number(alike, 8),
            "plain, identity kernels: logits that differ": Number(off["plain", IDENTITY], 0, 80),
        },
        result="with F = 0 a residual network is its shallower self; a plain one forgets its image",
        explanation=(
            f"A {DEEP}-layer network was given the weights of a {SHALLOW}-layer one, and {added_blocks} blocks more. Where the added "
            f"blocks compute F = 0, the residual network's logits equal the shallower one's: {off['resnet', SILENT]} of 80 differ. "
            "The plain network with F = 0 gives every image the same answer: zero times anything is zero. One correction: a "
            "plain network does contain its shallower self too, with kernels that copy each channel "
            f"({off['plain', IDENTITY]} of 80 logits differ), as the paper's own introduction argues. But those kernels are one "
            "exact setting far from zero that training has to find; a residual network only has to leave its new weights small."
        ),
        drawing=bars(
            [
                bar(
                    "residual, F = 0", 80 - off["resnet", SILENT], f"{80 - off['resnet', SILENT]} of 80", tone="ResNet"
                ),
                bar("plain, F = 0", 80 - off["plain", SILENT], f"{80 - off['plain', SILENT]} of 80", tone="wrong"),
                bar(
                    "plain, identity kernels",
                    80 - off["plain", IDENTITY],
                    f"{80 - off['plain', IDENTITY]} of 80",
                    tone="muted",
                ),
            ],
            title=f"Logits of the {DEEP}-layer network that equal the {SHALLOW}-layer network's",
        ),
    )


def _nested_rule(numbers: Numbers) -> Verdict:
    """As it stands, no setting of a plain network may do what F = 0 does in a residual one."""
    contained = numbers["residual, F = 0: logits that differ from the shallower network's"].value == 0
    forgets = numbers["plain, F = 0: images of eight that get the same logits"].value == 8
    no_setting = numbers["plain, identity kernels: logits that differ"].value > 0
    return judge(stated=contained and forgets and no_setting, amended=contained and forgets)


NESTED = Claim(
    id="nested-functions",
    kind="exact",
    statement=(
        "With F = 0 a residual network computes exactly its shallower self, so the deeper contains the shallower; a plain "
        "network has no such setting."
    ),
    source=f"{PAPER}, sections 1 and 3.1",
    measure=_nested,
    rule=_nested_rule,
)
OPTIONS = ("A", "B", "C")
SHORTCUTS = {"A": (0, 21_623_848), "B": (3, 21_797_672), "C": (16, 22_716_840)}  # projections, parameters


def _shortcut() -> Measurement:
    halved = Pair(64, 128, 2, shortcut=None)
    image = torch.rand(1, 64, 56, 56)
    found = halved(image)
    fits = 0
    try:
        found + image
    except RuntimeError:
        refused = 1
    else:
        refused = 0
    names = {"A": "resnet34_a", "B": "resnet34", "C": "resnet34_c"}
    numbers = {"sums of 64×56×56 and 128×28×28 that torch refuses": Number(refused, 1, 1)}
    rows = []
    plain = anatomy("plain34").parameters
    for option in OPTIONS:
        shortcut = make_shortcut(option, 64, 128, 2)  # type: ignore[arg-type]
        assert shortcut is not None
        fits += (found + shortcut(image)).shape == found.shape
        projections = sum(
            isinstance(module, nn.Conv2d) and "downsample" in name
            for name, module in unfilled(names[option]).named_modules()
        )
        total = anatomy(names[option]).parameters
        numbers[f"projections in ResNet-34 {option}"] = Number(projections, SHORTCUTS[option][0])
        numbers[f"parameters of ResNet-34 {option}"] = Number(total, SHORTCUTS[option][1])
        rows.append(
            bar(f"{option}: {projections} projections" if projections else "A: padded with zeros", total - plain, f"+{total - plain:,}",
                tone="ResNet")
        )  # fmt: skip
    numbers["options that make the shapes fit"] = Number(fits, 3, 3)
    return Measurement(
        numbers=numbers,
        result="without one torch refuses the sum; option A is free, B has 3 projections, C has 16",
        explanation=(
            "Where a stage begins, 64 maps of 56×56 become 128 maps of 28×28, and the two cannot be added. Option A takes every "
            "second pixel and appends channels of zeros, at no cost; B puts a 1×1 convolution of stride 2 in these three "
            "places of ResNet-34; C puts one into all sixteen shortcuts. The first block of the first stage needs none: its "
            "shape does not change."
        ),
        drawing=bars(rows, title="Parameters that shortcuts add to plain-34"),
    )


SHORTCUT = Claim(
    id="shortcut-1x1",
    kind="exact",
    statement=(
        "Where channels or size change, the shortcut needs a 1×1 convolution, or padding with zeros (options A, B and C)."
    ),
    source=f"{PAPER}, section 3.3 and table 3",
    measure=_shortcut,
    rule=as_computed,
)
TWINS = {"plain18": "resnet18_a", "plain34": "resnet34_a"} | {
    f"plain{depth}_cifar": f"resnet{depth}_cifar" for depth in (20, 32, 44, 56, 110)
}


def _no_extra() -> Measurement:
    numbers = {}
    for plain, residual in TWINS.items():
        without, with_them = anatomy(plain), anatomy(residual)
        numbers[f"parameters of {residual}"] = Number(with_them.parameters, without.parameters, without.parameters)
        numbers[f"multiply-adds of {residual}"] = Number(
            with_them.multiply_adds, without.multiply_adds, without.multiply_adds
        )
    thirty_four = anatomy("resnet34_a")
    additions = sum(
        layer.output_shape[0] * layer.output_shape[1] * layer.output_shape[2]
        for layer in thirty_four.layers
        if layer.type == "Addition"
    )
    numbers["additions at the shortcuts of resnet34_a"] = Number(
        additions, sum(blocks * (64 << stage) * (56 >> stage) ** 2 for stage, blocks in enumerate((3, 4, 6, 3)))
    )
    return Measurement(
        numbers=numbers,
        result=f"equal in {len(TWINS)} of {len(TWINS)} pairs, to the last parameter and multiply-add",
        explanation=(
            f"{len(TWINS)} plain networks were taken apart beside their residual twins with option A. Parameters and "
            f"multiply-adds are equal to the last digit: {millions(thirty_four.parameters)} and "
            f"{billions(thirty_four.multiply_adds)} for 34 layers. What shortcuts do cost are additions, {millions(additions)} of "
            f"them in ResNet-34, {additions / thirty_four.multiply_adds:.2%} of the multiply-adds, and memory: a block's input has "
            "to be kept until it is added."
        ),
        drawing=bars(
            [
                bar(label, count / 1e6, f"{count:,}", tone=tone, heading=heading)
                for heading, label, count, tone in (
                    ("parameters", "plain-34", anatomy("plain34").parameters, "muted"),
                    ("", "ResNet-34 A", thirty_four.parameters, "ResNet"),
                )
            ],
            title="Parameters of plain-34 and of ResNet-34 with option A",
        ),
    )


NO_EXTRA = Claim(
    id="no-extra-cost",
    kind="exact",
    statement="Identity shortcuts add no parameters and no multiply-adds: plain-34 and ResNet-34 (option A) are equal.",
    source=f"{PAPER}, section 3.2",
    measure=_no_extra,
    rule=as_computed,
)
DEPTHS = {
    "alexnet": ("AlexNet", "AlexNet", 8, 724_406_816),
    "vgg_d": ("VGG-16", "VGG", 16, 15_470_264_320),
    "vgg_e": ("VGG-19", "VGG", 19, 19_632_062_464),
    "googlenet": ("GoogLeNet", "GoogLeNet", 22, 1_582_671_872),
    "resnet34": ("ResNet-34", "ResNet", 34, 3_663_761_408),
    "resnet50": ("ResNet-50", "ResNet", 50, 3_857_973_248),
    "resnet101": ("ResNet-101", "ResNet", 101, 7_570_194_432),
    "resnet152": ("ResNet-152", "ResNet", 152, 11_282_415_616),
}


def _ultra() -> Measurement:
    numbers = {}
    points: dict[str, list[tuple[int, float, str]]] = {}
    for name, (label, family, depth, formula) in DEPTHS.items():
        found = anatomy(name)
        numbers[f"layers of {label}"] = Number(found.depth, depth, 152 if name == "resnet152" else None)
        numbers[f"multiply-adds of {label}"] = Number(found.multiply_adds, formula)
        points.setdefault(family, []).append((found.depth, found.multiply_adds / 1e9, label))
    share = anatomy("resnet152").multiply_adds / anatomy("vgg_d").multiply_adds
    beside = {"VGG-16": "left", "VGG-19": "right", "ResNet-152": "left", "ResNet-101": "left", "GoogLeNet": "below",
              "ResNet-34": "above", "ResNet-50": "right", "AlexNet": "above"}  # fmt: skip
    return Measurement(
        numbers=numbers,
        result=f"{anatomy('resnet152').depth} layers for {share:.0%} of VGG-16's multiply-adds",
        explanation=(
            f"ResNet-152 is more than nine times as deep as VGG-16 and takes {billions(anatomy('resnet152').multiply_adds)} "
            f"multiply-adds for an image where VGG-16 takes {billions(anatomy('vgg_d').multiply_adds)}: it halves its maps early, "
            "and squeezes them to a quarter of the channels before every 3×3 filter. It also has fewer than half the parameters "
            f"({millions(anatomy('resnet152').parameters, 0)} against {millions(anatomy('vgg_d').parameters, 0)})."
        ),
        drawing=plot(
            [
                Series(family, [p[0] for p in several], [p[1] for p in several], family, joined=len(several) > 1,
                       labels=[p[2].rpartition("-")[2] if "-" in p[2] else "" for p in several],
                       beside=[beside[p[2]] for p in several])
                for family, several in points.items()
            ],
            across=Axis("layers with weights", (8, 19, 34, 50, 101, 152), (0, 162)),
            up=Axis("multiply-adds per image, billions", (0, 5, 10, 15, 20), (0, 21.5)),
            says="Multiply-adds against depth: " + "; ".join(
                f"{p[2]}: {p[0]} layers, {p[1]:.1f} billion" for several in points.values() for p in several
            ) + ".",
        ),
    )  # fmt: skip


def _ultra_rule(numbers: Numbers) -> Verdict:
    deep = numbers["layers of ResNet-152"].as_stated
    cheaper = numbers["multiply-adds of ResNet-152"].value < numbers["multiply-adds of VGG-16"].value
    return judge(stated=deep and cheaper and all_confirmed(numbers), amended=False)


ULTRA_DEEP = Claim(
    id="ultra-deep",
    kind="exact",
    statement="ResNet has 152 layers, and still takes fewer multiply-adds than VGG-16.",
    source=f"{PAPER}, table 1",
    measure=_ultra,
    rule=_ultra_rule,
)
DEGRADATION = Claim(
    id="degradation",
    kind="trained",
    statement="Past some depth a plain network gets worse on the training images, too.",
    source=f"{PAPER}, figure 1: plain-56 against plain-20 on CIFAR-10",
    experiment="plain networks of 20 to 56 layers, several seeds: error on the training images",
)
FIXES = Claim(
    id="residual-fixes-it",
    kind="trained",
    statement="Residual networks of the same depth do not.",
    source=f"{PAPER}, figure 6",
    experiment="the residual twins of the same depths, trained the same way",
)
IDENTITY_IS_HARD = Claim(
    id="identity-is-hard",
    kind="trained",
    statement="A plain stack has trouble learning the identity; a residual one starts there.",
    source=f"{PAPER}, section 3.1",
    experiment="small plain and residual stacks that are to give back their input: error against steps, several seeds",
)
NO_UPGRADES = Claim(
    id="no-upgrades",
    kind="trained",
    statement="Stacking residual units needs no further tricks, while a plain network does.",
    source="Lecture, ResNet",
    experiment="together with degradation: which depths train with the same recipe",
)

CHAPTER = Chapter(
    name="resnet",
    title="ResNet",
    year=2015,
    introduction="Learn what to add: x + F(x).",
    claims=(DEGRADATION, FIXES, NESTED, IDENTITY_IS_HARD, SHORTCUT, NO_EXTRA, ULTRA_DEEP, NO_UPGRADES),
)
