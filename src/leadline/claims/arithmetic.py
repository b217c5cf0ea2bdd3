"""Convolution arithmetic: how large a map comes out, what top-5 means, and what the competition was."""

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leadline.claims.claim import Measurement, Number, Numbers, Verdict, judge
from leadline.claims.networks import anatomy
from leadline.drawing.bars import Bar, bar, bars
from leadline.drawing.grids import Frame, Grid, grids
from leadline.wording import percent
from leadline.zoo.layers import CeilConv2d


def map_side(side: int, kernel: int, stride: int = 1, padding: int = 0, *, up: bool = False) -> int:
    """⌊(n + 2p − k) / s⌋ + 1, or rounded up."""
    room = side + 2 * padding - kernel
    return (-(-room // stride) if up else room // stride) + 1


def measure_padding() -> Measurement:
    padded = nn.Conv2d(1, 1, 2, padding=1)(torch.rand(1, 1, 3, 3)).shape[-1]
    tried = disagreeing = 0
    for side, kernel, stride, padding in product(range(3, 13), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2)):
        if side + 2 * padding < kernel:
            continue
        image, weight = torch.zeros(1, 1, side, side), torch.zeros(1, 1, kernel, kernel)
        down = F.conv2d(image, weight, stride=stride, padding=padding).shape[-1]
        up = CeilConv2d(1, 1, kernel, stride, padding)(image).shape[-1]
        tried += 2
        disagreeing += down != map_side(side, kernel, stride, padding)
        disagreeing += up != map_side(side, kernel, stride, padding, up=True)
    published = anatomy("alexnet").layers[0].output_shape[-1]
    floored = nn.Conv2d(3, 1, 11, 4)(torch.rand(1, 3, 224, 224)).shape[-1]
    ring = [[1.0 if 0 < row < 4 and 0 < column < 4 else 0.0 for column in range(5)] for row in range(5)]
    corner = [[1.0 if (row, column) == (0, 0) else 0.3 for column in range(padded)] for row in range(padded)]
    return Measurement(
        numbers={
            "side of the map from 3×3, padded by 1, under a 2×2 filter": Number(padded, map_side(3, 2, padding=1), 4),
            "settings tried, rounding down and up": Number(tried),
            "settings in which torch and the formula disagree": Number(disagreeing, 0),
            "AlexNet's first map of 224 pixels, rounding up as its code did": Number(
                published, map_side(224, 11, 4, up=True)
            ),
            "the same, rounding down": Number(floored, map_side(224, 11, 4)),
        },
        words={
            "padded": padded,
            "disagreeing": disagreeing,
            "tried": tried,
            "published": published,
            "floored": floored,
        },
        drawing=grids(
            [
                Grid(ring, ("5×5", "3×3 image in zeros"), frames=(Frame(0, 0, 2, 2, "wrong"), Frame(3, 3, 2, 2))),
                Grid(corner, (f"{padded}×{padded}", "map"), tone="wrong", frames=(Frame(3, 3, 1, 1),)),
            ],
            says=(
                f"A 3×3 image padded to 5×5, with the first and the last place of a 2×2 filter, and the "
                f"{padded}×{padded} map that it makes, with the cells that belong to them."
            ),
            same_cells=True,
        ),
    )


def measure_stride() -> Measurement:
    one, two = (nn.Conv2d(1, 1, 3, stride=stride)(torch.rand(1, 1, 7, 7)).shape[-1] for stride in (1, 2))
    places = [[0.75 if row % 2 == 0 and column % 2 == 0 else 0.12 for column in range(7)] for row in range(7)]
    return Measurement(
        numbers={
            "side of the map at stride 1": Number(one, map_side(7, 3), 5),
            "side of the map at stride 2": Number(two, map_side(7, 3, 2), 3),
        },
        words={"one": one, "two": two},
        drawing=grids(
            [
                Grid(
                    places,
                    ("7×7", "image"),
                    frames=(Frame(0, 0, 3, 3), Frame(0, 1, 3, 3, "right"), Frame(0, 2, 3, 3, "wrong")),
                ),
                Grid([[0.45] * one] * one, (f"{one}×{one}", "stride 1"), frames=(Frame(0, 1, 1, 1, "right"),)),
                Grid([[0.45] * two] * two, (f"{two}×{two}", "stride 2"), tone="wrong", frames=(Frame(0, 1, 1, 1),)),
            ],
            says=(
                "A 7×7 image with the first window of a 3×3 filter and the next one at stride 1 and at stride 2; the "
                f"map of stride 1 is {one}×{one}, that of stride 2 {two}×{two}."
            ),
            narrow=3,
            same_cells=True,
        ),
    )


def measure_top5() -> Measurement:
    images, classes = 2000, 1000
    scores = torch.randn(images, classes)
    labels = torch.randint(classes, (images,))
    scores[torch.arange(images), labels] += 2.5  # a classifier that has learnt something
    right = scores.gather(1, labels[:, None])
    among_five = (scores.topk(5).indices == labels[:, None]).any(dim=1)
    better = (scores > right).sum(dim=1)
    few = scores[:, :5].topk(5).indices.eq(labels[:, None] % 5).any(dim=1)

    def share(which: Tensor) -> str:
        return percent(float(which.double().mean()), 1)

    place = int((better == 2).nonzero()[0])
    guesses = scores[place].topk(8)
    return Measurement(
        numbers={
            "right among the five best guesses": Number(
                int(among_five.sum()), int((better < 5).sum()), unit="images of 2,000"
            ),
            "right as the best guess": Number(
                int((scores.argmax(dim=1) == labels).sum()), int((better == 0).sum()), unit="images of 2,000"
            ),
            "images on which the two ways of counting disagree": Number(int((among_five != (better < 5)).sum()), 0),
            "right among five when there are only five classes": Number(int(few.sum()), images, unit="images of 2,000"),
        },
        words={"top5": share(among_five), "top1": share(better == 0)},
        drawing=bars(
            [
                bar(
                    f"guess {number + 1}" + (": the right label" if index == labels[place] else ""),
                    float(score),
                    f"{float(score):.2f}",
                    tone="right" if index == labels[place] else "pale right" if number < 5 else "rule",
                    bold=bool(index == labels[place]),
                )
                for number, (score, index) in enumerate(zip(guesses.values, guesses.indices, strict=True))
            ],
            title="The eight highest scores of one image; the right label is third: wrong for top-1, right for top-5",
            keys=[("right", "the right label"), ("pale right", "counts as top-5"), ("rule", "does not")],
        ),
    )


# What the lecture says, and what is published; pictures and categories of all of ImageNet as of 2012.
IMAGENET = {
    "images in ImageNet": (16_000_000, 15_000_000, "over 15 million (Krizhevsky et al. 2012)"),
    "categories in ImageNet": (20_000, 22_000, "roughly 22,000 (Krizhevsky et al. 2012)"),
    "categories in ILSVRC": (1_000, 1_000, "Russakovsky et al. 2015"),
    "training images in ILSVRC-2012": (1_200_000, 1_281_167, "Russakovsky et al. 2015"),
    "validation images in ILSVRC-2012": (50_000, 50_000, "Russakovsky et al. 2015"),
    "test images in ILSVRC-2012": (150_000, 100_000, "Russakovsky et al. 2015; 150,000 in 2010"),
}
ROUGHLY = 0.1  # how far a rounded number may lie off


def measure_ilsvrc() -> Measurement:
    numbers = {name: Number(published, stated=stated) for name, (stated, published, _) in IMAGENET.items()}
    numbers["test images in ILSVRC-2010"] = Number(150_000, stated=150_000)
    return Measurement(
        numbers=numbers,
        drawing=bars(
            [
                Bar(
                    name,
                    ((min(number.value / (number.stated or 1), 1.0), "right"),)
                    + (
                        ((1 - number.value / (number.stated or 1), "wrong"),)
                        if number.value < (number.stated or 1)
                        else ()
                    ),
                    f"{number.value:,} of {number.stated:,}",
                )
                for name, number in numbers.items()
            ],
            title="Published numbers as shares of those that the lecture says",
            keys=[("right", "published"), ("wrong", "said in excess")],
        ),
    )


def judge_ilsvrc(numbers: Numbers) -> Verdict:
    """Roughly right will do, for all but the one number that belongs to another year."""
    near = {
        name: abs(number.value - (number.stated or 0)) <= ROUGHLY * number.value for name, number in numbers.items()
    }
    others = all(right for name, right in near.items() if name != "test images in ILSVRC-2012")
    return judge(stated=all(near.values()), amended=others)
