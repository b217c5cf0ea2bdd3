"""A deeper network that computes its shallower self: with shortcuts by doing nothing, without them by copying."""

import torch
from torch import Tensor, nn

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, judge
from leadline.drawing.grids import Grid, grids
from leadline.zoo import build_model
from leadline.zoo.resnet import BasicBlock, ResNet

SHALLOW, DEEP = 20, 56
SILENT, IDENTITY = "F = 0", "identity kernels"


def _blocks(model: ResNet) -> list[list[BasicBlock]]:
    return [
        [block for block in model.get_submodule(stage).children() if isinstance(block, BasicBlock)]
        for stage in model.stages
    ]


def deepened(kind: str, *, added: str) -> tuple[nn.Module, nn.Module]:
    """The 20-layer network, and the 56-layer one that is the same with blocks `added` to each stage.

    Added blocks compute F = 0, or have kernels that copy each channel and normalisation that changes nothing.
    """
    shallow, deep = (build_model(f"{kind}{depth}_cifar").double().eval() for depth in (SHALLOW, DEEP))
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


def measure_nested_functions() -> Measurement:
    images = torch.randn(8, 3, 32, 32, dtype=torch.float64)
    off, pictures = {}, []
    for kind, added in (("resnet", SILENT), ("plain", SILENT), ("plain", IDENTITY)):
        shallow, deep = deepened(kind, added=added)
        with torch.no_grad():
            expected, logits = shallow(images), deep(images)
        off[kind, added] = int(((logits - expected).abs() > 1e-9 * expected.abs().max()).sum())
        if added == SILENT:
            tone = "ResNet" if kind == "resnet" else "muted"
            pictures += [
                (expected, (f"{kind}-{SHALLOW}", "a row per image"), tone),
                (logits, (f"{kind}-{DEEP}, F = 0", "a row per image"), tone),
            ]
        if (kind, added) == ("plain", SILENT):
            alike = int((logits == logits[:1]).all(dim=1).sum())
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
        words={
            "deep": DEEP,
            "shallow": SHALLOW,
            "added_blocks": added_blocks,
            "off_resnet_silent": off["resnet", SILENT],
            "off_plain_identity": off["plain", IDENTITY],
        },
        drawing=grids(
            [Grid(_heat(values), caption, tone=tone) for values, caption, tone in pictures],
            says=(
                "Logits of eight images (rows) for ten classes (columns): those of the 56-layer residual network "
                "with F = 0 are those of the 20-layer one; those of the plain network with F = 0 are the same for "
                "all images."
            ),
        ),
    )


def _heat(logits: Tensor) -> list[list[float]]:
    """How far each image's logits lie from those of the average image, from 0 to 1; ½ where they do not differ."""
    off = logits - logits.mean(dim=0)
    scaled: list[list[float]] = (0.5 + 0.48 * off / off.abs().max().clamp(min=1e-6)).tolist()
    return scaled


def judge_nested_functions(numbers: Numbers) -> Verdict:
    """As it stands, no setting of a plain network may do what F = 0 does in a residual one."""
    contained = numbers["residual, F = 0: logits that differ from the shallower network's"].value == 0
    forgets = numbers["plain, F = 0: images of eight that get the same logits"].value == 8
    no_setting = numbers["plain, identity kernels: logits that differ"].value > 0
    return judge(stated=contained and forgets and no_setting, amended=contained and forgets)
