"""ResNeXt. Xie, Girshick, Dollár, Tu, He, "Aggregated residual transformations for deep neural networks", 2016.

arXiv 1611.05431. Of the three equivalent blocks of figure 3 the networks use form (c), a bottleneck with a grouped
convolution.
"""

from typing import NamedTuple

from leadline.zoo.resnet import Bottleneck, ResNet


class Row(NamedTuple):
    """Blocks per stage; cardinality C; path width d and channels put out in the first stage, which double per stage."""

    blocks: tuple[int, ...]
    cardinality: int
    path_width: int
    stem: int = 64
    out: int = 256


# Table 1 and section 5.
TABLE_1 = {
    "ResNeXt-50 (32×4d)": Row((3, 4, 6, 3), 32, 4),
    "ResNeXt-101 (32×4d)": Row((3, 4, 23, 3), 32, 4),
    "ResNeXt-101 (64×4d)": Row((3, 4, 23, 3), 64, 4),
    "ResNeXt-101 (32×8d)": Row((3, 4, 23, 3), 32, 8),
    "ResNeXt-29 (8×64d)": Row((3, 3, 3), 8, 64),
    "ResNeXt-29 (16×64d)": Row((3, 3, 3), 16, 64),
    "small": Row((2, 2, 2), 8, 4, stem=32, out=64),
} | {
    # For zoo.variations: table 3's cardinalities at equal cost, with half of their path widths.
    f"small, {cardinality}×{width}d": Row((1, 1, 1), cardinality, width, stem=32, out=128)
    for cardinality, width in ((1, 32), (2, 20), (4, 12), (8, 7), (32, 2))
}


class ResNeXt(ResNet):
    """Row `row` of Table 1; three stages are CIFAR's, with its stem. Input (batch, in_channels, height, width)."""

    def __init__(self, row: str, *, num_classes: int, in_channels: int = 3) -> None:
        blocks, cardinality, path_width, stem, out = TABLE_1[row]

        def block(in_channels: int, out_channels: int, stride: int) -> Bottleneck:
            width = cardinality * path_width * out_channels // out
            return Bottleneck(in_channels, out_channels, stride, width=width, groups=cardinality, stride_in="3x3")

        super().__init__(
            block,
            blocks,
            [out * 2**stage for stage in range(len(blocks))],
            cifar=len(blocks) == 3,
            stem_width=stem,
            num_classes=num_classes,
            in_channels=in_channels,
        )
