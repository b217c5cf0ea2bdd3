"""What a diagram shows: the layers of an anatomy gathered into blocks, and the blocks into stages of one map size."""

from dataclasses import dataclass, replace
from typing import Literal

from leadline.anatomy.trace import Anatomy, Layer

Kind = Literal["convolution", "pooling", "full", "normalisation", "join", "shortcut"]  # what a box is coloured by
POOLINGS = {"MaxPool2d": "max pool", "AvgPool2d": "avg pool", "AdaptiveAvgPool2d": "avg pool"}


@dataclass(frozen=True)
class Box:
    """One drawn layer. Activations, batch normalisation and dropout are not drawn, as in the papers' figures."""

    label: str
    kind: Kind


@dataclass(frozen=True)
class Block:
    """Branches side by side, each a chain of boxes, an empty one passing on its input; then `after` them, in a chain.

    A block without branches is a chain. `times` such blocks follow each other, of which one is drawn.
    """

    name: str
    branches: tuple[tuple[Box, ...], ...]
    after: tuple[Box, ...]
    shape: tuple[int, ...]
    head: tuple[Box, ...] = ()  # an auxiliary head that takes this block's output
    times: int = 1


@dataclass(frozen=True)
class Stage:
    """Blocks whose outputs have one height and width; `shape` is that of the last."""

    shape: tuple[int, ...]
    blocks: tuple[Block, ...]


def stages_of(anatomy: Anatomy) -> list[Stage]:
    """The whole network, from the image on; equal blocks in a row are collapsed."""
    drawn = _Drawn(anatomy)
    blocks: list[Block] = []
    for name, places in drawn.groups():
        block = drawn.block(name, places)
        same = blocks and replace(blocks[-1], name=name, times=1, shape=block.shape) == block
        if same and not blocks[-1].head:
            blocks[-1] = replace(blocks[-1], times=blocks[-1].times + 1, shape=block.shape)
        else:
            blocks.append(block)
    stages: list[Stage] = []
    for block in _apart(blocks):
        size = _side(block.shape)
        if stages and _side(stages[-1].shape) == size:
            stages[-1] = Stage(block.shape, (*stages[-1].blocks, block))
        else:
            stages.append(Stage(block.shape, (block,)))
    return stages


def _apart(blocks: list[Block]) -> list[Block]:
    """Up to four equal single layers in a row are drawn one by one, as VGG's are; more of them, and blocks, are not."""
    drawn: list[Block] = []
    for block in blocks:
        single = not block.branches and len(block.after) == 1 and block.times <= 4
        drawn += [replace(block, times=1)] * block.times if single else [block]
    return drawn


def _side(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if shape[1:] != (1, 1) else ()


class _Drawn:
    """The drawn layers of an anatomy, by place, and what each of them takes from."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.layers = anatomy.layers + anatomy.auxiliary
        self.main = len(anatomy.layers)
        self.boxes = {place: box for place, layer in enumerate(self.layers) if (box := _box(layer))}
        self.sources: dict[int, list[int]] = {}
        for place, layer in enumerate(self.layers):
            taken = [s for i in layer.inputs for s in ([i] if i in self.boxes else self.sources[i])]
            self.sources[place] = sorted(set(taken))
        self.owners = {layer.name for layer in self.layers if layer.type in ("Concatenation", "Addition")} - {""}

    def groups(self) -> list[tuple[str, list[int]]]:
        """The drawn layers of the main way by the innermost module that joins branches, else each alone; in order."""
        groups: list[tuple[str, list[int]]] = []
        for place in self.boxes:
            if place >= self.main:
                continue
            name = self.layers[place].name
            owners = [owner for owner in self.owners if name == owner or name.startswith(f"{owner}.")]
            owner = max(owners, key=len, default=name)
            if groups and owners and groups[-1][0] == owner:
                groups[-1][1].append(place)
            else:
                groups.append((owner, [place]))
        return groups

    def block(self, name: str, places: list[int]) -> Block:
        last = places[-1]
        joined = [source for source in self.sources[last] if len(self.sources[last]) > 1]
        inside = set(places)
        branches: list[tuple[Box, ...]] = []
        if any(source in inside for source in joined):
            for source in joined:
                chain: list[Box] = []
                while source in inside:
                    chain.insert(0, self.boxes[source])
                    source = self.sources[source][0] if self.sources[source] else -1
                branches.append(tuple(chain))
        after = (self.boxes[last],) if branches else tuple(self.boxes[place] for place in places)
        if len(after) > 1 and after[0].kind == "join":  # a dense layer, which begins with what others end with
            after = (Box(f"{after[0].label} all before", "join"), *after[1:])
        return Block(name, tuple(branches), after, self.layers[last].output_shape, head=self._head(last))

    def _head(self, source: int) -> tuple[Box, ...]:
        first = [place for place in self.boxes if place >= self.main and self.sources[place] == [source]]
        if not first:
            return ()
        name = self.layers[first[0]].name.split(".")[0]
        return tuple(box for place, box in self.boxes.items() if self.layers[place].name.split(".")[0] == name)


def _box(layer: Layer) -> Box | None:
    """How the layer is drawn and labelled, in the words of the ResNet paper's figure 3; None if it is not."""
    channels = layer.output_shape[0]
    if layer.type == "Linear":
        return Box(f"fc {channels}", "full")
    if layer.type in ("Concatenation", "Addition"):
        return Box("concatenate" if layer.type == "Concatenation" else "+", "join")
    if layer.type == "LocalResponseNorm":
        return Box("LRN", "normalisation")
    stride = f", /{layer.stride[0]}" if layer.stride and layer.stride[0] > 1 else ""
    if layer.type == "PadShortcut":
        return Box(f"zero-padded{stride}", "shortcut")
    if layer.kernel is None:
        return None
    size = "×".join(map(str, layer.kernel))
    if layer.type in POOLINGS:
        whole = layer.output_shape[1:] == (1, 1) and layer.type == "AdaptiveAvgPool2d"
        return Box("global avg pool" if whole else f"{size} {POOLINGS[layer.type]}{stride}", "pooling")
    groups = f", {layer.groups} groups" if layer.groups and layer.groups > 1 else ""
    return Box(f"{size} conv, {channels}{stride}{groups}", "convolution")
