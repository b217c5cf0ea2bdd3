"""What may be done to an image without changing its class: keyed by (seed, epoch, image), never consumed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.augment.papers import Colours, publish
from leadline.data.augment.strong import strengthen
from leadline.data.keyed import uniforms


def augment(
    images: NDArray[Any],
    policy: str,
    *,
    seed: int,
    epoch: int,
    rows: NDArray[np.int64],
    size: int | None = None,
    colours: Colours | None = None,
) -> NDArray[Any]:
    """`images`, (batch, size, size, channels), each changed as `policy` allows; `rows` identify the images.

    A paper's policy needs `colours`, those of the training images, and makes crops of `size` from larger images.
    """
    if policy == "none":
        return images
    if policy in PAPERS:
        assert colours is not None
        crop = size or images.shape[1]
        return publish(images, policy, size=crop, colours=colours, seed=seed, epoch=epoch, rows=rows)
    policy, _, strong = policy.partition("+")
    if strong:
        images = strengthen(images, seed=seed, epoch=epoch, rows=rows)
    draws = uniforms(rows, "augment", seed, epoch, draws=4)
    size = images.shape[1]
    reach = max(1, size // 8)
    # The border repeats, so that a bright background does not get dark edges.
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    offsets = (draws[:, :2] * (2 * reach + 1)).astype(np.int64)
    mirrored = (draws[:, 2] < 0.5) & (policy in ("flip", "dihedral"))
    quarters = (draws[:, 3] * 4).astype(np.int64) * (policy == "dihedral")
    result = np.empty_like(images)
    for number, (top, left) in enumerate(offsets):
        image = padded[number, top : top + size, left : left + size]
        image = image[:, ::-1] if mirrored[number] else image
        result[number] = np.rot90(image, quarters[number]) if quarters[number] else image
    return result
