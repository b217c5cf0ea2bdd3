"""An anatomy drawn as the papers draw their networks: an SVG with a column per map size, blocks from top to bottom."""

import math

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
BOX, GAP, BETWEEN_BRANCHES, FRAME, BETWEEN_COLUMNS = 26, 18, 12, 12, 44
BODIES, COLUMNS = 150, 200  # where the drawn maps stand and where the columns of layers begin, from the top


def draw(anatomy: Anatomy) -> str:
    """The drawing as SVG text, with a title and a description for those who do not see it."""
    stages = stages_of(anatomy)
    channels, height, width = anatomy.input
    title = f"{anatomy.name}: {anatomy.depth} layers deep, {anatomy.parameters:,} parameters"
    cost = f"{anatomy.multiply_adds:,} multiply-adds for one image of {channels}×{height}×{width}"
    canvas = Canvas()
    canvas.text(20, 34, title, size=18, anchor="start", bold=True)
    canvas.text(20, 56, f"{cost}. Activations, batch normalisation and dropout are not drawn.", anchor="start")
    _body(canvas, 70, anatomy.input, "image, ")
    left, end = 120.0, (70.0, COLUMNS - 14.0)
    for stage in stages:
        column = max(_width(block) for block in stage.blocks)
        centre, turn = left + BETWEEN_COLUMNS + column / 2, left + BETWEEN_COLUMNS / 2
        top = COLUMNS - 14.0
        if end[1] > top:
            canvas.line(end, (end[0], end[1] + 12), (turn, end[1] + 12), (turn, top), (centre, top), (centre, COLUMNS))
        else:
            canvas.line(end, (centre, top), (centre, COLUMNS))
        _body(canvas, centre, stage.shape)
        end = centre, _column(canvas, centre, stage)
        left += BETWEEN_COLUMNS + column
    return canvas.svg(title=title, description=f"{title}; {cost}. {_in_words(stages)}")


def _column(canvas: Canvas, centre: float, stage: Stage) -> float:
    """Draws the blocks of a stage below one another; where the last one ends."""
    y: float = COLUMNS
    for block in stage.blocks:
        if y > COLUMNS:
            canvas.line((centre, y), (centre, y + GAP))
            y += GAP
        y = _block(canvas, centre, y, block)
        if block.head:
            y = _auxiliary(canvas, centre, y, block)
    return y


def _block(canvas: Canvas, centre: float, y: float, block: Block) -> float:
    framed = _framed(block)
    top = y
    if framed:
        y += FRAME + 16
        height = _height(block)
        width = _width(block)
        canvas.rectangle(centre - width / 2, top, width, height, fill="#fafafa", outline="#aaaaaa")
        canvas.text(centre - width / 2 + 8, top + 15, _caption(block), size=11, anchor="start")
        if block.times > 1:
            canvas.text(centre + width / 2 - 8, top + 16, f"× {block.times}", size=14, anchor="end", bold=True)
        canvas.line((centre, top), (centre, y), arrow=not block.branches)
    if block.branches:
        y = _branches(canvas, centre, y, block.branches)
    for number, box in enumerate(block.after):
        if number:
            canvas.line((centre, y), (centre, y + GAP))
            y += GAP
        y = _box(canvas, centre, y, _counted(box, block))
    return top + _height(block) if framed else y


def _branches(canvas: Canvas, centre: float, y: float, branches: tuple[tuple[Box, ...], ...]) -> float:
    """Draws chains side by side, between where they part at `y` and where they meet again; the latter's y."""
    widths = [_chain_width(chain) for chain in branches]
    tallest = max(len(chain) for chain in branches)
    start, bottom = y + GAP, y + GAP + tallest * (BOX + GAP)
    x = centre - (sum(widths) + BETWEEN_BRANCHES * (len(widths) - 1)) / 2
    for chain, width in zip(branches, widths, strict=True):
        middle = x + width / 2
        canvas.line((centre, y), (middle, y), (middle, start if chain else bottom), arrow=bool(chain))
        below = start
        for number, box in enumerate(chain):
            if number:
                canvas.line((middle, below), (middle, below + GAP))
                below += GAP
            below = _box(canvas, middle, below, box)
        canvas.line((middle, below if chain else bottom), (middle, bottom), (centre, bottom), arrow=False)
        x += width + BETWEEN_BRANCHES
    canvas.line((centre, bottom), (centre, bottom + GAP))
    return bottom + GAP


def _auxiliary(canvas: Canvas, centre: float, y: float, block: Block) -> float:
    """A head that speaks in training only, hung beside the way; where it ends."""
    label = "training only"
    width = max(_chain_width(block.head), text_width(label, size=11)) + 2 * FRAME
    left = centre + 24
    height = len(block.head) * (BOX + 6) + FRAME + 18
    canvas.line((centre, y), (centre, y + GAP + height), arrow=False)
    canvas.line((centre, y + GAP + height / 2), (left, y + GAP + height / 2), dashed=True)
    canvas.rectangle(left, y + GAP, width, height, fill="#ffffff", outline="#aaaaaa", dashed=True)
    canvas.text(left + FRAME, y + GAP + 15, label, size=11, anchor="start")
    for number, box in enumerate(block.head):
        _box(canvas, left + width / 2, y + GAP + 22 + number * (BOX + 6), box)
    return y + GAP + height


def _box(canvas: Canvas, centre: float, y: float, box: Box) -> float:
    fill, outline = COLOURS[box.kind]
    width = _box_width(box)
    canvas.rectangle(centre - width / 2, y, width, BOX, fill=fill, outline=outline)
    canvas.text(centre, y + 17, box.label)
    return y + BOX


def _body(canvas: Canvas, centre: float, shape: tuple[int, ...], what: str = "") -> None:
    """The maps as LeNet's and AlexNet's figures draw them: a body, its sides growing with the logarithms of theirs."""
    channels, *sides = shape
    depth = 3 + 3.0 * math.log2(channels)
    if sides and sides != [1, 1]:
        height, width = (6 + 5.0 * math.log2(side + 1) for side in sides)
        label = (what or f"{channels} of ") + "×".join(map(str, sides))
    else:
        height, width, label = 5.0, 5.0, f"{channels} values"
    slant = depth * 0.35
    x, y = centre - (width + depth) / 2, BODIES
    front = (x, y), (x + width, y), (x + width, y - height), (x, y - height)
    canvas.polygon(*front, fill="#dbe8f8")
    canvas.polygon(
        front[3],
        front[2],
        (x + width + depth, y - height - slant),
        (x + depth, y - height - slant),
        fill="#eef4fc",
    )
    canvas.polygon(
        front[1],
        front[2],
        (x + width + depth, y - height - slant),
        (x + width + depth, y - slant),
        fill="#c3d7f0",
    )
    canvas.text(centre, BODIES + 20, label)


def _framed(block: Block) -> bool:
    return bool(block.branches) or len(block.after) > 1 or block.times > 1


def _caption(block: Block) -> str:
    """The module that the block is, or the one that all of the collapsed blocks are parts of."""
    name = block.name.rpartition(".")[0] if block.times > 1 and "." in block.name else block.name
    return name.removeprefix("features.")


def _counted(box: Box, block: Block) -> Box:
    """A concatenation says how many maps it makes, unless it stands for several that make different numbers."""
    if box.label == "concatenate" and block.times == 1:
        return Box(f"concatenate, {block.shape[0]}", box.kind)
    return box


def _box_width(box: Box) -> float:
    return max(32.0, text_width(box.label) + 14)


def _chain_width(chain: tuple[Box, ...]) -> float:
    return max((_box_width(box) for box in chain), default=14.0)


def _width(block: Block) -> float:
    width = max(_chain_width(block.after), text_width(f"{block.shape[0]} of 999×999"))
    if block.branches:
        branches = sum(map(_chain_width, block.branches)) + BETWEEN_BRANCHES * (len(block.branches) - 1)
        width = max(width, branches)
    # The way in passes between the caption at the left and the count at the right.
    return max(width + 2 * FRAME, 2 * text_width(_caption(block), size=11) + 24) if _framed(block) else width


def _height(block: Block) -> float:
    """Of a framed block."""
    after = len(block.after) * (BOX + GAP) - GAP
    tallest = max((len(chain) for chain in block.branches), default=0)
    return 2 * FRAME + 16 + after + (tallest * (BOX + GAP) + 2 * GAP if block.branches else 0)


def _in_words(stages: list[Stage]) -> str:
    """The drawing read out, from the image to the logits."""
    said = []
    for stage in stages:
        blocks = []
        for block in stage.blocks:
            chains = [", ".join(box.label for box in chain) or "the input itself" for chain in block.branches]
            after = ", ".join(_counted(box, block).label for box in block.after)
            text = f"branches ({' | '.join(chains)}) joined by {after}" if chains else after
            blocks.append(f"{text} ({block.times} times)" if block.times > 1 else text)
        said.append(f"{'×'.join(map(str, stage.shape))}: {'; '.join(blocks)}.")
    return " ".join(said)
