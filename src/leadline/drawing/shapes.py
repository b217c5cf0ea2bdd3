"""The few shapes a diagram is made of, as SVG. All lengths are CSS pixels, from the upper left corner."""

from html import escape

INK = "#333333"
ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>'
)
DASHES = ' stroke-dasharray="4 3"'


class Canvas:
    """Shapes in the order in which they are drawn."""

    def __init__(self) -> None:
        self.shapes: list[str] = []

    def text(
        self, x: float, y: float, text: str, *, size: int = 12, anchor: str = "middle", bold: bool = False
    ) -> None:
        weight = ' font-weight="600"' if bold else ""
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
        )

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, fill: str, outline: str, dashed: bool = False
    ) -> None:
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" fill="{fill}" '
            f'stroke="{outline}"{DASHES if dashed else ""}/>'
        )

    def line(self, *points: tuple[float, float], fill: str = "none", arrow: bool = True, dashed: bool = False) -> None:
        """From point to point; with a `fill`, the outline of a face."""
        path = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        closed = f'Z" fill="{fill}" stroke-linejoin="round"' if fill != "none" else '" fill="none"'
        head = ' marker-end="url(#arrow)"' if arrow and fill == "none" else ""
        self.shapes.append(f'<path d="M{path}{closed} stroke="{INK}"{head}{DASHES if dashed else ""}/>')

    def svg(self, *, width: float, height: float, title: str, description: str) -> str:
        """The whole file, on white; title and description are what a screen reader says."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
                f'height="{height:.0f}" role="img" aria-labelledby="title description" '
                'font-family="system-ui, Helvetica, Arial, sans-serif" fill="#1a1a1a">',
                f'<title id="title">{escape(title)}</title>',
                f'<desc id="description">{escape(description)}</desc>',
                "<!-- made by Leadline -->",
                ARROW,
                '<rect width="100%" height="100%" fill="#ffffff"/>',
                *self.shapes,
                "</svg>\n",
            ]
        )
