"""The few shapes a diagram is made of, written as SVG."""

from dataclasses import dataclass, field
from html import escape

from leadline.drawing.figure import text_width

INK = "#333333"


@dataclass
class Canvas:
    """Shapes in the order they are drawn, and how far to the right and down they reach, in pixels."""

    shapes: list[str] = field(default_factory=list)
    width: float = 0
    height: float = 0

    def text(
        self, x: float, y: float, text: str, *, size: int = 12, anchor: str = "middle", bold: bool = False
    ) -> None:
        weight = ' font-weight="600"' if bold else ""
        self._add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(text)}</text>',
            right=x + text_width(text, size) * {"start": 1, "middle": 0.5, "end": 0}[anchor],
            bottom=y + 4,
        )

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, fill: str, outline: str, dashed: bool = False
    ) -> None:
        self._add(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" fill="{fill}" '
            f'stroke="{outline}"{DASHES if dashed else ""}/>',
            right=x + width,
            bottom=y + height,
        )

    def line(self, *points: tuple[float, float], arrow: bool = True, dashed: bool = False) -> None:
        path = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        head = ' marker-end="url(#arrow)"' if arrow else ""
        self._add(
            f'<path d="M{path}" fill="none" stroke="{INK}"{head}{DASHES if dashed else ""}/>',
            right=max(x for x, _ in points),
            bottom=max(y for _, y in points),
        )

    def polygon(self, *points: tuple[float, float], fill: str) -> None:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add(
            f'<polygon points="{corners}" fill="{fill}" stroke="{INK}" stroke-linejoin="round"/>',
            right=max(x for x, _ in points),
            bottom=max(y for _, y in points),
        )

    def svg(self, *, title: str, description: str, margin: int = 20) -> str:
        """The whole file; title and description are what a screen reader says."""
        width, height = round(self.width + margin), round(self.height + margin)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                f'height="{height}" role="img" aria-labelledby="title description" '
                'font-family="system-ui, Helvetica, Arial, sans-serif" fill="#1a1a1a">',
                f'<title id="title">{escape(title)}</title>',
                f'<desc id="description">{escape(description)}</desc>',
                "<!-- made by Leadline -->",
                '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
                f'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>',
                '<rect width="100%" height="100%" fill="#ffffff"/>',
                *self.shapes,
                "</svg>\n",
            ]
        )

    def _add(self, shape: str, *, right: float, bottom: float) -> None:
        self.shapes.append(shape)
        self.width, self.height = max(self.width, right), max(self.height, bottom)


DASHES = ' stroke-dasharray="4 3"'
