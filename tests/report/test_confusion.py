"""Confusion: a table of counts for few classes, a picture and the worst pairs for many."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from leadline.drawing.palette import BEYOND, WITHIN
from leadline.evaluation.records import Estimate, SplitMetrics
from leadline.report.confusion_figure import READABLE, confusion_of


def metrics_of(matrix: np.ndarray) -> SplitMetrics:
    classes = tuple(f"class {k}" for k in range(len(matrix)))
    return SplitMetrics(accuracy=Estimate(None), confusion_matrix=tuple(map(tuple, matrix.tolist())), classes=classes)


def test_few_classes_are_a_table_of_counts_with_their_share_of_the_row() -> None:
    confusion = confusion_of(metrics_of(np.array([[8, 2], [0, 5]])))
    assert confusion is not None
    assert [[cell.images for cell in row] for row in confusion.rows] == [[8, 2], [0, 5]]
    assert [[cell.share for cell in row] for row in confusion.rows] == [[0.8, 0.2], [0, 1]]
    assert [[cell.right for cell in row] for row in confusion.rows] == [[True, False], [False, True]]
    assert (confusion.images, confusion.mistakes) == (15, 2)
    assert not confusion.picture
    assert not confusion.worst


def test_a_class_without_images_does_not_divide_by_nothing() -> None:
    confusion = confusion_of(metrics_of(np.array([[3, 0], [0, 0]])))
    assert confusion is not None
    assert [cell.share for cell in confusion.rows[1]] == [0, 0]


@pytest.fixture
def many() -> np.ndarray:
    matrix = np.diag(np.full(READABLE + 1, 10))
    matrix[4, 7], matrix[2, 0], matrix[9, 8] = 5, 30, 1
    return matrix


def test_many_classes_name_the_worst_pairs_worst_first(many: np.ndarray) -> None:
    confusion = confusion_of(metrics_of(many))
    assert confusion is not None
    assert not confusion.rows
    found = [(pair.label, pair.predicted, pair.images, round(pair.share, 3)) for pair in confusion.worst]
    assert found == [
        ("class 2", "class 0", 30, 0.75),
        ("class 4", "class 7", 5, 0.333),
        ("class 9", "class 8", 1, 0.091),
    ]


def test_the_picture_has_a_pixel_per_cell_in_the_colours_of_right_and_wrong(many: np.ndarray) -> None:
    confusion = confusion_of(metrics_of(many))
    assert confusion is not None
    pixels = np.array(Image.open(BytesIO(b64decode(confusion.picture.split(",")[1]))))
    assert pixels.shape == (READABLE + 1, READABLE + 1, 4)
    assert f"#{pixels[1, 1, :3].tobytes().hex()}" == WITHIN.light
    assert f"#{pixels[2, 0, :3].tobytes().hex()}" == BEYOND.light
    assert pixels[1, 1, 3] == 255, "a class without mistakes is fully coloured"
    assert pixels[2, 2, 3] == round(255 * 0.25)
    assert pixels[0, 1, 3] == 0, "what was never confused is left to the page"
