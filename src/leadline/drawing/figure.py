"""A figure as SVG inside the page: its text is text in the page's own font, its colours are the page's properties."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leadline.drawing.palette import COLOURS, INK, MUTED, PAPER, RULE
from leadline.errors import LeadlineError
from leadline.wording import visible

FONT_SIZE = 13
SVG = "{http://www.w3.org/2000/svg}"

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold dollar signs
    "font.size": FONT_SIZE,
    "text.color": INK.light,
    "axes.labelcolor": MUTED.light,
    "axes.labelsize": FONT_SIZE,
    "axes.edgecolor": RULE.light,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": RULE.light,
    "grid.linewidth": 0.75,
    "lines.solid_capstyle": "round",
    "xtick.color": RULE.light,
    "ytick.color": RULE.light,
    "xtick.labelcolor": MUTED.light,
    "ytick.labelcolor": MUTED.light,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "xtick.minor.visible": False,
    "ytick.major.size": 0,
}


def draw(paint: Callable[[Figure], str], *, name: str, width: int, height: int, css_class: str = "") -> Markup:
    """An inline `<svg>` of what `paint` draws on a figure of `width` × `height` CSS pixels.

    `paint` returns the figure's text alternative. `name` must be unique within a page: what one SVG refers to by its
    name (clip paths, markers) would otherwise be looked up in another.
    """
    buffer = BytesIO()
    with rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, frameon=False)  # so all lengths are CSS pixels
        description = paint(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = visible(buffer.getvalue().decode("utf-8"), keep="\n")  # XML forbids some of what a name may hold
    return Markup(_for_the_page(drawn, description, width, height, css_class))


def save(paint: Callable[[Figure], str], file: Path, *, width: int, height: int) -> None:
    """The same drawing as a file of its own, SVG or PNG by its name, on paper; its description goes into the file."""
    with rc_context({**SETTINGS, "svg.fonttype": "path", "svg.hashsalt": file.stem}):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER.light)
        description = paint(figure)
        kind = file.suffix.lower().removeprefix(".")
        made_by = {"Date": None, "Creator": "Leadline"} if kind == "svg" else {"Software": "Leadline"}
        metadata = {"Description": description} | made_by
        try:
            figure.savefig(
                file,
                format=kind,
                dpi=72 if kind == "svg" else 144,
                bbox_inches="tight",
                pad_inches=0.25,
                metadata=metadata,
            )
        except OSError as error:
            raise LeadlineError(f"{file}: could not be written ({error.strerror or error})") from error


def axes_within(figure: Figure, *, left: float, right: float, top: float, bottom: float) -> Axes:
    """Axes that leave these margins, in CSS pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes: Axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    return axes


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """About how wide `text` is in CSS pixels, in whatever font the reader has."""
    return 0.58 * size * len(text)


def _for_the_page(svg: str, description: str, width: int, height: int, css_class: str) -> str:
    """The same drawing as part of an HTML page, without what only a file of its own needs."""
    root = ElementTree.fromstring(svg)
    _prune(root)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        for key in [key for key in element.attrib if key.startswith("{")]:  # xlink:href, now plain href
            element.set(key.split("}")[-1], element.attrib.pop(key))
        if "style" in element.attrib:
            element.set("style", re.sub(r"font-family: [^;]*(; |$)", "", element.get("style", "")))
        if element.tag != "text":
            element.text = None
        element.tail = None
    referred = set(re.findall(r'(?:url\(#|"#)([^)"]+)', ElementTree.tostring(root, encoding="unicode")))
    for element in root.iter():
        if element.get("id") not in referred:
            element.attrib.pop("id", None)
    root.attrib = {
        "class": f"figure {css_class}".strip(),
        "role": "img",
        "aria-label": description,
        "viewBox": f"0 0 {width} {height}",
        "style": f"max-width: {width}px",
    }
    text = ElementTree.tostring(root, encoding="unicode")
    for colour in COLOURS:
        text = text.replace(colour.light, colour.css)
    return text


def _prune(element: ElementTree.Element) -> None:
    """Drop the metadata, the style sheet, which would rule the whole page, and groups with nothing in them."""
    for child in list(element):
        _prune(child)
        if child.tag in (f"{SVG}metadata", f"{SVG}style") or (child.tag == f"{SVG}g" and not len(child)):
            element.remove(child)
