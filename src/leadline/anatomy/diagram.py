"""An anatomy drawn as the papers draw their networks: an SVG with a column per map size, blocks from top to bottom."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leadline.anatomy.layout import Block, Box, Stage, stages_of
from leadline.anatomy.trace import Anatomy
from leadline.drawing.figure import text_width
from leadline.drawing.shapes import Canvas

# Light fills under dark text; each outline can be told from the others without the fill.
COLOURS = {
    "convolution": ("#dbe8f8", "#2c5a94"),
    "pooling": ("#f8dcd7", "#9c3d2c"),
    "full": ("#dcefd9", "#3b7332"),
    "normalisation": ("#eeeeee", "#666666"),
    "join": ("#ffffff", "#444444"),
    "shortcut": ("#fdf1cf", "#8a6a00"),
}
BOX, GAP, BETWEEN_BRANCHES, FRAME, BETWEEN_COLUMNS, MARGIN = 26, 18, 12, 12, 44, 20
BODIES, WAY, COLUMNS = 150.0, 186.0, 200.0  # from the top: the drawn maps, the way to a column, the columns of layers


@dataclass(frozen=True)
class Piece:
    """Something of this size to be drawn below a point of the way: `paint(canvas, centre, top)`."""

    width: float
    height: float
    paint: Callable[[Canvas, float, float], None]


def draw(anatomy: Anatomy) -> str:
    """The drawing as SVG text, with a title and a description for those who do not see it."""
    stages = stages_of(anatomy)
    channels, *sides = anatomy.input
    title = f"{anatomy.name}: {anatomy.depth} layers deep, {anatomy.parameters:,} parameters"
    cost = f"{anatomy.multiply_adds:,} multiply-adds for one image of {channels}×{'×'.join(map(str, sides))}"
    note = f"{cost}. Activations, batch normalisation and dropout are not drawn."
    canvas = Canvas()
    canvas.text(MARGIN, 34, title, size=18, anchor="start", bold=True)
    canvas.text(MARGIN, 56, note, anchor="start")
    _body(canvas, 70, anatomy.input, "image, ")
    right, end, bottom = 120.0, (70.0, WAY), COLUMNS
    for stage in stages:
        column = _chain([_block(block) for block in stage.blocks])
        width = max(column.width, text_width(_size(stage.shape), 12))
        centre, turn = right + BETWEEN_COLUMNS + width / 2, right + BETWEEN_COLUMNS / 2
        back = [(end[0], end[1] + 12), (turn, end[1] + 12), (turn, WAY)] if end[1] > WAY else []
        canvas.line(end, *back, (centre, WAY), (centre, COLUMNS))
        _body(canvas, centre, stage.shape)
        column.paint(canvas, centre, COLUMNS)
        end, right = (centre, COLUMNS + column.height), centre + width / 2
        bottom = max(bottom, end[1] + 12)
    return canvas.svg(
        width=MARGIN + max(right, MARGIN + text_width(note, 12), MARGIN + text_width(title, 18)),
        height=MARGIN + bottom,
        title=title,
        description=f"{title}; {cost}. {_in_words(stages)}",
    )


def _block(block: Block) -> Piece:
    pieces = [_layer(_counted(box, block)) for box in block.after]
    if block.branches:
        pieces.insert(0, _branches([_chain([_layer(box) for box in chain]) for chain in block.branches]))
    piece = _chain(pieces)
    if len(pieces) > 1 or block.times > 1:
        piece = _framed(piece, _caption(block), block.times, arrow=not block.branches)
    return _with_head(piece, block.head) if block.head else piece


def _layer(box: Box) -> Piece:
    fill, outline = COLOURS[box.kind]
    width = max(32.0, text_width(box.label, 12) + 14)

    def paint(canvas: Canvas, centre: float, top: float) -> None:
        canvas.rectangle(centre - width / 2, top, width, BOX, fill=fill, outline=outline)
        canvas.text(centre, top + 17, box.label)

    return Piece(width, BOX, paint)


def _chain(pieces: Sequence[Piece]) -> Piece:
    """One below the other; without any, a way for the input itself."""

    def paint(canvas: Canvas, centre: float, top: float) -> None:
        for number, piece in enumerate(pieces):
            if number:
                canvas.line((centre, top), (centre, top + GAP))
                top += GAP
            piece.paint(canvas, centre, top)
            top += piece.height

    height = sum(piece.height for piece in pieces) + GAP * max(len(pieces) - 1, 0)
    return Piece(max((piece.width for piece in pieces), default=14.0), height, paint)


def _branches(chains: Sequence[Piece]) -> Piece:
    """Side by side, between where they part and where they meet again."""
    width = sum(chain.width for chain in chains) + BETWEEN_BRANCHES * (len(chains) - 1)
    height = 2 * GAP + max(chain.height for chain in chains)

    def paint(canvas: Canvas, centre: float, top: float) -> None:
        left, bottom = centre - width / 2, top + height
        for chain in chains:
            middle, start = left + chain.width / 2, top + GAP
            canvas.line((centre, top), (middle, top), (middle, start), arrow=chain.height > 0)
            chain.paint(canvas, middle, start)
            canvas.line((middle, start + chain.height), (middle, bottom), (centre, bottom), arrow=False)
            left += chain.width + BETWEEN_BRANCHES

    return Piece(width, height, paint)


def _framed(inner: Piece, caption: str, times: int, *, arrow: bool) -> Piece:
    # The way in passes between the caption at the left and the count at the right.
    width = max(inner.width + 2 * FRAME, 2 * text_width(caption, 11) + 24)
    height = inner.height + 2 * FRAME + 16

    def paint(canvas: Canvas, centre: float, top: float) -> None:
        left, right, start = centre - width / 2, centre + width / 2, top + FRAME + 16
        canvas.rectangle(left, top, width, height, fill="#fafafa", outline="#aaaaaa")
        canvas.text(left + 8, top + 15, caption, size=11, anchor="start")
        if times > 1:
            canvas.text(right - 8, top + 16, f"× {times}", size=14, anchor="end", bold=True)
        canvas.line((centre, top), (centre, start), arrow=arrow)
        inner.paint(canvas, centre, start)

    return Piece(width, height, paint)


def _with_head(block: Piece, head: Sequence[Box]) -> Piece:
    """A head that speaks in training only, hung beside the way below the block."""
    label, layers = "training only", [_layer(box) for box in head]
    width = max(*(layer.width for layer in layers), text_width(label, 11)) + 2 * FRAME
    height = len(layers) * (BOX + 6) + FRAME + 18

    def paint(canvas: Canvas, centre: float, top: float) -> None:
        block.paint(canvas, centre, top)
        y, left = top + block.height + GAP, centre + 24
        canvas.line((centre, y - GAP), (centre, y + height), arrow=False)
        canvas.line((centre, y + height / 2), (left, y + height / 2), dashed=True)
        canvas.rectangle(left, y, width, height, fill="#ffffff", outline="#aaaaaa", dashed=True)
        canvas.text(left + FRAME, y + 15, label, size=11, anchor="start")
        for number, layer in enumerate(layers):
            layer.paint(canvas, left + width / 2, y + 22 + number * (BOX + 6))

    return Piece(max(block.width, 2 * (24 + width)), block.height + GAP + height, paint)


def _body(canvas: Canvas, centre: float, shape: tuple[int, ...], what: str = "") -> None:
    """The maps as LeNet's and AlexNet's figures draw them: a body, its sides growing with the logarithms of theirs."""
    depth = 3 + 3.0 * math.log2(shape[0])
    sides = shape[1:] if shape[1:] != (1, 1) else ()
    height, width = (6 + 5.0 * math.log2(side + 1) for side in sides) if sides else (5.0, 5.0)
    near, floor = centre - (width + depth) / 2, BODIES
    far, top, rise = near + width, floor - height, depth * 0.35
    canvas.line((near, floor), (far, floor), (far, top), (near, top), fill="#dbe8f8")
    canvas.line((near, top), (far, top), (far + depth, top - rise), (near + depth, top - rise), fill="#eef4fc")
    canvas.line((far, floor), (far, top), (far + depth, top - rise), (far + depth, floor - rise), fill="#c3d7f0")
    canvas.text(centre, floor + 20, what + "×".join(map(str, sides)) if what else _size(shape))


def _size(shape: tuple[int, ...]) -> str:
    sides = "×".join(map(str, shape[1:]))
    return f"{shape[0]} values" if sides in ("", "1×1") else f"{shape[0]} of {sides}"


def _caption(block: Block) -> str:
    """The module that the block is, or the one that all of the collapsed blocks are parts of."""
    name = block.name.rpartition(".")[0] if block.times > 1 and "." in block.name else block.name
    return name.removeprefix("features.")


def _counted(box: Box, block: Block) -> Box:
    """A concatenation says how many maps it makes, unless it stands for several that make different numbers."""
    if box.label == "concatenate" and block.times == 1:
        return Box(f"concatenate, {block.shape[0]}", box.kind)
    return box


def _in_words(stages: list[Stage]) -> str:
    """The drawing read out, from the image to the logits."""
    told = []
    for stage in stages:
        blocks = []
        for block in stage.blocks:
            chains = [", ".join(box.label for box in chain) or "the input itself" for chain in block.branches]
            after = ", ".join(_counted(box, block).label for box in block.after)
            text = f"branches ({' | '.join(chains)}) joined by {after}" if chains else after
            blocks.append(f"{text} ({block.times} times)" if block.times > 1 else text)
        told.append(f"{'×'.join(map(str, stage.shape))}: {'; '.join(blocks)}.")
    return " ".join(told)
