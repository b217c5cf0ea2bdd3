"""Figures: on a wide screen and on a phone all of their text can be read, and they say what they show."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from leadline.claims.claim import Finding
from leadline.claims.experiment import EXPERIMENTS
from leadline.claims.known import shipped
from leadline.claims.ledger import CLAIMS
from leadline.claims.page import NARROW, WIDE
from leadline.claims.pictures import picture
from leadline.drawing.sheet import Drawing

COMPUTED = [name for name, claim in CLAIMS.items() if claim.measure]
TRAINED = [result.id for result in shipped().results]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", COMPUTED)
def test_no_text_leaves_the_figure_or_lies_on_another(findings: dict[str, Finding], name: str, width: int) -> None:
    measurement = findings[name].measurement
    assert measurement is not None
    can_be_read(measurement.drawing, width)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", TRAINED)
def test_pictures_of_trainings_can_be_read(name: str, width: int) -> None:
    result = next(one for one in shipped().results if one.id == name)
    can_be_read(picture(EXPERIMENTS[name], result), width)


def can_be_read(drawing: Drawing, width: int) -> None:
    figure = Figure(figsize=(width / 72, drawing.height(width) / 72), dpi=72)
    described = drawing.paint(figure)
    assert len(described) > 40
    assert described.endswith(".")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        (text.get_text(), text.get_window_extent(canvas.get_renderer()))
        for text in figure.findobj(Text)
        if text.get_text() and text.get_visible()
    ]
    assert boxes
    # matplotlib measures in a font that is a tenth wider than those of the page.
    for text, box in boxes:
        slack = 0.1 * box.width + 2
        assert box.x0 >= -slack, text
        assert box.x1 <= width + slack, text
        assert box.y0 >= -2, text
        assert box.y1 <= figure.bbox.height + 2, text
    for number, (text, box) in enumerate(boxes):
        for other, beside in boxes[number + 1 :]:
            across = min(box.x1 - 0.05 * box.width, beside.x1 - 0.05 * beside.width) - max(
                box.x0 + 0.05 * box.width, beside.x0 + 0.05 * beside.width
            )
            along = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert across <= 0 or along <= 3, f"{text!r} on {other!r}"
