"""The axes of a TIFF: which of them are channels, which is depth, and whether an image can be made of them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leadline.data.formats.header import ImageError

Projection = Literal["max", "mean"]

# tifffile's letters: Z is depth, I and Q are pages of which the file does not say what they are.
DEPTH = {"Z": "planes in depth", "I": "pages", "Q": "pages"}
# C are channels in pages, S are samples within a page.
CHANNELS = "CS"


@dataclass(frozen=True)
class Axes:
    """How stored values become (depth, samples, height, width)."""

    stored: tuple[tuple[str, int], ...]  # axis and length, in stored order, without those of length 1
    depth_axis: str  # "" where there is none
    sample_axis: str

    def length(self, axis: str) -> int:
        return dict(self.stored).get(axis, 1)

    @property
    def depth(self) -> int:
        return self.length(self.depth_axis)

    @property
    def samples(self) -> int:
        return self.length(self.sample_axis)

    def arrange(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` of a series as (depth, samples, height, width), a view where that is possible."""
        letters = [axis for axis, _ in self.stored]
        order = [letters.index(axis) for axis in (self.depth_axis, self.sample_axis, "Y", "X") if axis]
        planes = values.reshape([length for _, length in self.stored]).transpose(order)
        return planes.reshape(self.depth, self.samples, self.length("Y"), self.length("X"))


def understand(letters: str, shape: tuple[int, ...], *, project: Projection | None) -> Axes:
    """The axes of a series that tifffile describes with `letters` and `shape`; ImageError where it is not one image."""
    stored = tuple(
        (letter, length) for letter, length in zip(letters, shape, strict=True) if length != 1 or letter in "YX"
    )
    found = [letter for letter, _ in stored]
    if "T" in found:
        raise ImageError(f"is a series of {dict(stored)['T']} time points; save those that count in files of their own")
    depth_axis = next((letter for letter in found if letter in DEPTH), "")
    sample_axis = next((letter for letter in found if letter in CHANNELS), "")
    if sorted(found) != sorted(f"YX{depth_axis}{sample_axis}"):
        shown = ", ".join(f"{letter} = {length}" for letter, length in stored)
        raise ImageError(f"has the axes {shown}, of which no single image can be made; save it with axes C, Y and X")
    axes = Axes(stored, depth_axis, sample_axis)
    if depth_axis and project is None:
        if depth_axis == "Z":
            raise ImageError(
                f"is a stack of {axes.depth} planes in depth; say how to project it: --project max or mean"
            )
        raise ImageError(
            f"holds {axes.depth} pages and does not say whether they are channels, depth or time; save it "
            'with named axes (tifffile: metadata={"axes": "CYX"}), or, if they are depth, use --project max or mean'
        )
    return axes


def projected(planes: NDArray[Any], project: Projection | None) -> NDArray[Any]:
    """(…) from (depth, …): its maximum, or its mean rounded to the type of `planes`."""
    if project == "mean" and len(planes) > 1:
        mean = planes.mean(axis=0, dtype=np.float64)
        plane: NDArray[Any] = (mean if planes.dtype.kind == "f" else np.rint(mean)).astype(planes.dtype)
    else:
        plane = planes[0] if len(planes) == 1 else planes.max(axis=0)
    return plane
