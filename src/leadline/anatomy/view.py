"""How much of the image a value in a network sees, and through how many layers: carried along from layer to layer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor, nn

Pair = tuple[int, int]


class Window(NamedTuple):
    """The window a layer slides over its input, (height, width) each; all None for a layer without one."""

    kernel: Pair | None = None
    stride: Pair | None = None
    padding: Pair | None = None
    groups: int | None = None
    dilation: int = 1


@dataclass(frozen=True)
class View:
    """`receptive_field` pixels of the image along one side; neighbours lie `jump` pixels apart, `extent` of them."""

    receptive_field: float
    jump: float
    extent: int
    depth: int
    layers: frozenset[int]  # the places of the layers whose outputs these values are

    @staticmethod
    def of(views: Iterable["View"]) -> "View":
        """Of values made from several others, such as a concatenation: the widest, by the longest way."""
        first, *others = views
        for other in others:
            first = View(
                max(first.receptive_field, other.receptive_field),
                max(first.jump, other.jump),
                max(first.extent, other.extent),
                max(first.depth, other.depth),
                first.layers | other.layers,
            )
        return first

    def through(self, module: nn.Module, window: Window, output: Tensor, place: int) -> "View":
        """What the output of `module`, the network's layer at `place`, sees when this is its input.

        A window of k positions adds (k - 1) · jump pixels; a stride multiplies the jump; a fully connected layer sees
        every position of what it is given (Araujo, Norris, Sim, "Computing receptive fields", Distill 2019).
        """
        kernel = max(window.kernel or (1, 1))
        if isinstance(module, nn.Linear):
            kernel = self.extent
        stride = max(window.stride or (1, 1))
        return replace(
            self,
            receptive_field=self.receptive_field + (kernel - 1) * window.dilation * self.jump,
            jump=self.jump * stride,
            extent=max(output.shape[2:], default=1),
            depth=self.depth + isinstance(module, nn.Conv2d | nn.Linear),
            layers=frozenset({place}),
        )


def window_of(module: nn.Module, given: Tensor, output: Tensor) -> Window:
    """The window of a convolution, of a pooling, or of a shortcut that skips positions."""
    if isinstance(module, nn.AdaptiveAvgPool2d):
        sides = list(zip(given.shape[-2:], output.shape[-2:], strict=True))
        kernel = tuple(max(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in sides)
        stride = tuple(max(n // m, 1) for n, m in sides)
        return Window(_pair(kernel), _pair(stride), (0, 0))
    if not hasattr(module, "stride"):
        return Window()
    return Window(
        _pair(getattr(module, "kernel_size", 1)),
        _pair(module.stride),
        _pair(getattr(module, "padding", 0)),
        getattr(module, "groups", None),
        max(_pair(getattr(module, "dilation", 1))),
    )


def _pair(value: object) -> Pair:
    if isinstance(value, int):
        return value, value
    assert isinstance(value, tuple)
    return value[0], value[1]
