"""Figures: what is drawn where, in colours that everyone can tell apart."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from leadline.drawing.figure import draw
from leadline.drawing.labels import Box, place
from leadline.drawing.palette import FAMILIES, INK, MUTED, PAPER, of_family
from leadline.report.accuracy_against_cost import MULTIPLY_ADDS, TIME, accuracy_against_cost
from leadline.report.run_tables import Network, RunTables
from leadline.report.training_curves import learning_curve, shared_limits

from .conftest import MadeUp, made_up

# Machado, Oliveira and Fernandes, IEEE Transactions on Visualization and Computer Graphics 15, 2009: linear RGB as seen
# with none of a cone type.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b*, in which a distance of about 2 is just seen."""
    x, y, z = np.cbrt(TO_XYZ @ np.clip(light, 0, 1) / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    low, high = sorted(float(np.dot([0.2126, 0.7152, 0.0722], linear(colour))) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_no_two_families_look_alike_to_anyone(theme: str, vision: str) -> None:
    seen = {name: lab(VISION[vision] @ linear(getattr(colour, theme))) for name, (colour, _) in FAMILIES.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, f"{one} and {other}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_the_page(theme: str) -> None:
    paper = getattr(PAPER, theme)
    assert contrast(getattr(INK, theme), paper) >= 7
    assert contrast(getattr(MUTED, theme), paper) >= 4.5
    for colour, _ in FAMILIES.values():
        assert contrast(getattr(colour, theme), paper) >= 3, colour.name


def test_families_differ_without_any_colour_too() -> None:
    assert len({marker for _, marker in FAMILIES.values()}) == len(FAMILIES)
    assert of_family("a family of tomorrow") == of_family(None)


def texts(svg: str) -> dict[str, float]:
    """The texts of a figure, with how far from the left they stand."""
    root = ElementTree.fromstring(f"<div>{svg}</div>")
    return {"".join(text.itertext()): float(text.get("x", "nan")) for text in root.iter("text")}


def test_a_cheaper_network_stands_further_left_by_either_cost() -> None:
    """The one takes less time, the other fewer multiply-adds."""
    result = made_up(MadeUp("quick", seconds=1e-4, multiply_adds=10**9), MadeUp("slow", seconds=1e-2), named="slow")
    for cost, left, right in ((TIME, "quick", "slow"), (MULTIPLY_ADDS, "slow", "quick")):
        drawn = str(accuracy_against_cost(result, cost))
        found = texts(drawn)
        assert found[left] < found[right]
        assert cost.axis in found
        assert drawn.count("<svg") == 1, "drawn once, for every width"


def test_networks_that_cost_nearly_the_same_still_have_a_number_below_them() -> None:
    result = made_up(MadeUp("one", multiply_adds=50_000_000), MadeUp("other", multiply_adds=52_000_000))
    assert "50\u00a0M" in texts(str(accuracy_against_cost(result, MULTIPLY_ADDS)))


def test_a_network_far_below_the_others_keeps_its_accuracy_in_words() -> None:
    near = [MadeUp(f"net{k}", 0.95, seconds=1e-3 * (k + 1)) for k in range(3)]
    drawn = accuracy_against_cost(made_up(*near, MadeUp("poor", 0.4, seconds=1e-2)), TIME)
    assert "poor 40.0\u00a0%" in texts(str(drawn))


def test_every_network_has_its_bound_in_the_text_alternative_and_one_is_the_answer() -> None:
    result = made_up(MadeUp("cheap", 0.94, bound=0.019), MadeUp("dear", 0.95, seconds=0.1, bound=0.007))
    text = str(accuracy_against_cost(result, TIME)).replace("\u00a0", " ")
    assert "cheap: 1 ms, 94.0 %, at most 1.9 points below the best" in text
    assert "dear: 100 ms, 95.0 %, at most 0.7 points below the best" in text
    assert "The answer is cheap." in text


def lines_down(svg: str) -> list[float]:
    """How far the lines below the dots reach, in pixels from the top."""
    root = ElementTree.fromstring(f"<div>{svg}</div>")
    paths = [path.get("d", "") for path in root.iter("path") if "stroke-width: 1.75" in path.get("style", "")]
    ends = [[float(y) for y in re.findall(r"[ML] [\d.-]+ ([\d.-]+)", path)] for path in paths]
    return [max(one) for one in ends if len(one) == 2]


def test_a_wider_bound_reaches_further_down() -> None:
    def drawn(bound: float) -> str:
        result = made_up(MadeUp("net", 0.95, bound=bound), MadeUp("other", 0.95, seconds=1.0, bound=0.03))
        return str(accuracy_against_cost(result, TIME))

    narrow, wide = (sorted(lines_down(drawn(bound))) for bound in (0.01, 0.03))
    assert len(narrow) == len(wide) == 2
    assert narrow[0] < narrow[1]
    assert wide[0] == pytest.approx(wide[1])


def test_cost_cannot_be_drawn_of_one_network_or_of_unknown_costs_or_before_there_is_an_answer() -> None:
    one, unknown = MadeUp("one"), MadeUp("unknown", multiply_adds=0)
    assert accuracy_against_cost(made_up(one), TIME) is None
    assert accuracy_against_cost(made_up(one, unknown), MULTIPLY_ADDS) is None
    assert accuracy_against_cost(made_up(one, unknown), TIME) is not None
    assert accuracy_against_cost(made_up(one, unknown, answer=None), TIME) is None


def test_learning_curves_share_an_axis_that_shows_how_every_network_ended() -> None:
    def learnt(*accuracies: float) -> Network:
        history = [{"epoch": k + 1.0, "validation_accuracy": accuracy} for k, accuracy in enumerate(accuracies)]
        return Network("net", RunTables(history=history))

    slow, fast = learnt(0.1, 0.2, 0.5, 0.6), learnt(0.8, 0.9, 0.95, 0.97)
    limits = shared_limits([slow, fast])
    assert limits is not None
    assert limits[0] < 0.5
    assert limits[1] > 0.97
    assert "at the end 97.0\u00a0% on the validation images." in str(learning_curve(fast, "accuracy", limits=limits))
    assert learning_curve(fast, "loss", limits=None) is None
    assert shared_limits([fast, learnt(0.5, float("nan"))]) == (0.5 - 0.03, 1.0), "what is no number is passed over"
    assert shared_limits([Network("net", RunTables())]) is None


def test_labels_hide_neither_each_other_nor_the_points() -> None:
    points = [(100.0, 100.0), (104.0, 100.0), (100.0, 108.0), (180.0, 100.0), (290.0, 100.0)]
    boxes = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    within = Box(0, 0, 300, 200)
    labels = place([60] * len(points), boxes, within)
    for one, other in itertools.combinations([*labels, *boxes[3:]], 2):
        assert one.overlap(other) == 0
    assert all(label.overlap(within) == pytest.approx(60 * 15) for label in labels)


def test_figures_of_one_page_do_not_share_names() -> None:
    def paint(figure) -> str:
        figure.add_axes((0.1, 0.1, 0.8, 0.8)).plot([0, 1], marker="o")
        return "a line"

    first, second = (draw(paint, name=name, width=100, height=100) for name in ("first", "second"))
    names = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, second)]
    assert names[0]
    assert not names[0] & names[1]
    assert first == draw(paint, name="first", width=100, height=100)
