"""A drawing is sound XML that says what it shows, keeps its boxes apart and collapses what repeats."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from leadline.anatomy import measure
from leadline.anatomy.diagram import draw
from leadline.anatomy.layout import stages_of

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["lenet5", "alexnet", "vgg_e", "nin_imagenet", "googlenet", "resnet18", "resnext50_32x4d", "densenet121"]
Rectangle = tuple[float, float, float, float]


def parse(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(draw(measure(name)))


def rectangles(root: ElementTree.Element) -> list[Rectangle]:
    """Left, top, right and bottom of every rectangle but the background."""
    found = []
    for shape in root.iter(f"{SVG}rect"):
        if shape.get("width") != "100%":
            x, y, width, height = (float(shape.attrib[key]) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def inside(a: Rectangle, b: Rectangle) -> bool:
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


@pytest.mark.parametrize("name", NAMES)
def test_boxes_lie_apart_or_one_within_the_other_and_all_within_the_picture(name: str) -> None:
    root = parse(name)
    page = (0.0, 0.0, float(root.attrib["width"]), float(root.attrib["height"]))
    boxes = rectangles(root)
    assert len(boxes) > 5
    assert all(inside(box, page) for box in boxes)
    for one, other in combinations(boxes, 2):
        assert not overlap(one, other) or inside(one, other) or inside(other, one)


@pytest.mark.parametrize("name", NAMES)
def test_a_label_fits_its_box(name: str) -> None:
    root = parse(name)
    texts = {(t.text, float(t.attrib["x"]), float(t.attrib["y"])) for t in root.iter(f"{SVG}text")}
    for left, top, right, bottom in rectangles(root):
        if bottom - top == 26:  # a layer, not the frame of a block
            (label,) = [text for text, x, y in texts if left < x < right and top < y < bottom]
            assert label
            assert len(label) * 6 <= right - left


def test_it_can_be_read_out() -> None:
    root = parse("resnet18")
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "resnet18: 18 layers deep, 11,689,512 parameters"
    assert "the input itself | 3×3 conv, 64, 3×3 conv, 64" in description.text


def test_equal_blocks_are_drawn_once_and_counted() -> None:
    counts = re.findall(r"× (\d+)<", draw(measure("densenet121")))
    assert counts == ["6", "12", "24", "16"]
    assert re.findall(r"× (\d+)<", draw(measure("resnet110_cifar"))) == ["18", "17", "17"]
    assert not re.findall(r"× (\d+)<", draw(measure("vgg_e")))  # up to four equal layers stand in full


def test_every_layer_of_weights_is_drawn_or_counted() -> None:
    for name in ("lenet5", "vgg_e", "resnet34_a", "densenet121", "googlenet", "plain20_cifar"):
        anatomy = measure(name)
        drawn = sum(
            block.times
            * sum(box.kind in ("convolution", "full") for chain in (*block.branches, block.after) for box in chain)
            for stage in stages_of(anatomy)
            for block in stage.blocks
        )
        assert drawn == sum(layer.multiply_adds > 0 for layer in anatomy.layers)


def test_stages_are_the_map_sizes_of_the_paper() -> None:
    sizes = [stage.shape for stage in stages_of(measure("densenet121"))]
    assert sizes == [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (1024, 7, 7), (1000,)]


def test_training_only_heads_hang_dashed_beside_the_way() -> None:
    drawing = draw(measure("googlenet"))
    assert drawing.count("training only") == 2
    assert draw(measure("resnet18")).count("training only") == 0
