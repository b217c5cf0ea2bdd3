"""The papers' test protocols as a table: at which scales an image is looked at, through which crops, how averaged."""

from dataclasses import dataclass, replace
from typing import Literal

from leadline.errors import UsageError

# For the networks that these protocols were published with; another size scales with it (256 of 224 pixels is 8/7).
PUBLISHED_SIZE = 224

Cut = Literal["centre", "corners and centre", "three squares", "whole image"]


@dataclass(frozen=True)
class Protocol:
    """How one prediction is made of several views of an image."""

    name: str
    paper: str
    cut: Cut  # data.views
    scales: tuple[int, ...]  # pixels of the short side to which the image is resized; all views of all scales count
    mirrored: bool  # whether each view is also seen in a mirror
    averaged: Literal["probabilities", "logits"]
    size: int = PUBLISHED_SIZE  # pixels, height and width of a crop

    @property
    def whole(self) -> bool:
        """Whether the network slides over the whole image, for which it must be fully convolutional."""
        return self.cut == "whole image"

    @property
    def views(self) -> int:
        """Views per image."""
        per_scale = {"centre": 1, "corners and centre": 5, "three squares": 18, "whole image": 1}[self.cut]
        return per_scale * len(self.scales) * (1 + self.mirrored)


TABLE = (
    # Xie et al. 2016, Huang et al. 2016, and common since: a 224 × 224 crop of the middle, the short side being 256.
    Protocol("center", "arXiv 1611.05431, 1608.06993", "centre", (256,), mirrored=False, averaged="probabilities"),
    # "five 224 × 224 patches (the four corner patches and the center patch) as well as their horizontal reflections",
    # of the central 256 × 256, "averaging the predictions made by the network's softmax layer".
    Protocol("ten-crop", "NeurIPS 25, section 4.1", "corners and centre", (256,), mirrored=True,
             averaged="probabilities"),
    # Three squares of each scale; of each the corners, the centre and the square itself resized; softmax averaged.
    Protocol("googlenet-144", "arXiv 1409.4842, section 7", "three squares", (256, 288, 320, 352), mirrored=True,
             averaged="probabilities"),
    # The score map is averaged over positions, "the soft-max class posteriors" over the mirror image and the scales.
    Protocol("dense", "arXiv 1409.1556, section 3.2", "whole image", (256, 384, 512), mirrored=True,
             averaged="probabilities"),
    # "we adopt the fully-convolutional form [...] and average the scores at multiple scales": scores, in the words of
    # the paper whose form it is, are what goes into the softmax. Mirrored images are not mentioned.
    Protocol("fully-convolutional", "arXiv 1512.03385, section 3.4", "whole image", (224, 256, 384, 480, 640),
             mirrored=False, averaged="logits"),
)  # fmt: skip
OWN = "own"  # the classifier's own preprocessing, one view: what training validates with and predict uses
NAMES = (OWN, *(protocol.name for protocol in TABLE))


def find_protocol(name: str, *, size: int, scales: tuple[int, ...] = ()) -> Protocol | None:
    """The protocol `name` for a classifier that works at `size` pixels; None for "own".

    Its scales are the published ones times `size` / 224, rounded, or `scales` in pixels where they are given.
    UsageError for a name that there is not, or a scale at which no crop of `size` fits.
    """
    found = next((row for row in TABLE if row.name == name), None)
    if found is None and name != OWN:
        raise UsageError(f"--protocol {name}: expected one of {', '.join(NAMES)}")
    if found is None:
        if scales:
            raise UsageError(f"--scales {_listed(scales)}: the classifier's own protocol has none; choose a --protocol")
        return None
    chosen = tuple(scales) or tuple(int(scale * size / PUBLISHED_SIZE + 0.5) for scale in found.scales)
    if min(chosen) < size:
        raise UsageError(
            f"--scales {_listed(chosen)}: the classifier works at {size} pixels, and an image of {min(chosen)} is too "
            f"small for that; give scales from {size} up"
        )
    return replace(found, scales=chosen, size=size)


def parse_scales(text: str | None) -> tuple[int, ...]:
    """256,384,512 as numbers; UsageError where they are none."""
    try:
        found = tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        found = (0,)
    if any(scale < 1 for scale in found) or len(set(found)) < len(found):
        raise UsageError(f"--scales {text}: expected different numbers of pixels with commas between, as 256,384,512")
    return found


def _listed(scales: tuple[int, ...]) -> str:
    return ",".join(map(str, scales))
