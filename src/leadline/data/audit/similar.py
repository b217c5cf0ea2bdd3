"""Near-copies: images that were saved again, in another format or at another size, found by their thumbnails.

Two images are near-copies if their thumbnails, brightness and contrast taken out, are CLOSE to each other, and RATIO
times as close as each of them is to ordinary images of the same set. A fixed distance alone would call all images of
a plain background, or all round cells on black, copies of each other; what is ordinary is therefore measured.
"""

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

Floats = NDArray[np.float32]

# A distance is √(2 − 2r), where r is the correlation of two thumbnails: 0 for copies, √2 for unrelated images.
CLOSE = 0.35
RATIO = 0.35
# How close ordinary images come: an image's distance to the NEIGHBOUR-th nearest of so many drawn at random. (The
# nearest may be its own copies.) Of fewer images the nearest is further off, as in a space of DIMENSIONS dimensions.
REFERENCES, NEIGHBOUR, DIMENSIONS = 1000, 4, 10
# An image with many copies has those for neighbours: its ordinary distance is taken for no less than this part of that
# of the images which, of the whole set, are the CROWDED share with the nearest neighbours.
FLOOR, CROWDED = 0.5, 0.1
# With fewer images than this nothing is ordinary; a smaller distance decides alone.
FEWEST, VERY_CLOSE = 20, 0.1
# Distances shrink in a projection, so whatever is far apart there is far apart: nothing is missed.
COMPONENTS, BLOCK, SLICE = 32, 2048, 65_536
# A thumbnail whose values differ by less than this share of the largest has no content to compare.
FLAT = 2e-3


def similar(thumbnails: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Pairs (pairs, 2) of near-copies among `thumbnails` (images, side, side), in order, and how far apart they are."""
    nothing = np.empty((0, 2), np.int64), np.empty(0, np.float32)
    if len(thumbnails) < 2:
        return nothing
    described, with_content = _described(thumbnails)
    rows = np.flatnonzero(with_content)
    values = described[rows]
    if len(rows) < 2:
        return nothing
    reach = _reach(values)
    pairs = _pairs(values, reach)
    distances = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), SLICE):  # there may be many pairs, if most images are copies
        first, second = pairs[start : start + SLICE].T
        distances[start : start + SLICE] = np.linalg.norm(values[first] - values[second], axis=1)
    kept = distances < np.minimum(reach[pairs[:, 0]], reach[pairs[:, 1]])
    return rows[pairs[kept]], distances[kept]


def clusters(pairs: NDArray[np.int64]) -> list[list[int]]:
    """The rows that `pairs` connect, directly or through others, each cluster in ascending order."""
    cluster_of: dict[int, set[int]] = {}
    for first, second in pairs.tolist():
        one, other = cluster_of.get(first, {first}), cluster_of.get(second, {second})
        if one is not other:
            one, other = sorted((one, other), key=len, reverse=True)
            one |= other
            cluster_of.update(dict.fromkeys(other | {first, second}, one))
    return sorted(sorted(rows) for rows in {id(rows): rows for rows in cluster_of.values()}.values())


def _described(thumbnails: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Each thumbnail as a vector of mean 0 and length 1, and which of them have any content."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    centred = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    spread = length / np.sqrt(flat.shape[1])
    with_content = spread > FLAT * np.maximum(np.abs(flat).max(axis=1), 1e-12)
    return centred / np.maximum(length, 1e-12)[:, None], with_content


def _reach(values: Floats) -> Floats:
    """How close to each image another must come to be its near-copy."""
    if len(values) < FEWEST:
        return np.full(len(values), VERY_CLOSE, np.float32)
    sample = np.sort(generator("references").permutation(len(values))[:REFERENCES])
    nearest = np.empty(len(values), np.float32)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        correlation = block @ values[sample].T
        own = np.arange(start, start + len(block))
        correlation[(own[:, None] == sample[None, :])] = -1.0
        kth = np.partition(correlation, -NEIGHBOUR, axis=1)[:, -NEIGHBOUR]
        nearest[start : start + len(block)] = np.sqrt(np.maximum(2 - 2 * kth, 0))
    crowding = (len(sample) / REFERENCES) ** (1 / DIMENSIONS)
    nearest = np.maximum(nearest, FLOOR * np.quantile(nearest, CROWDED))
    return np.asarray(np.minimum(RATIO * crowding * nearest, CLOSE), dtype=np.float32)


def _pairs(values: Floats, reach: Floats) -> NDArray[np.int64]:
    """Every pair that is within reach in a projection onto the first principal components."""
    projected = _projected(values)
    order = np.argsort(projected[:, 0], kind="stable")
    projected, reach = projected[order], reach[order]
    squares, limits = (projected**2).sum(axis=1), reach**2
    found = []
    for start in range(0, len(values), BLOCK):
        first = slice(start, start + BLOCK)
        last_of_first = projected[first, 0][-1]
        for other in range(start, len(values), BLOCK):
            if projected[other, 0] - last_of_first > CLOSE:
                break  # along the first component alone they are too far apart, and so are all that follow
            second = slice(other, other + BLOCK)
            apart = squares[first, None] + squares[None, second] - 2 * projected[first] @ projected[second].T
            # A rounding error more, because the difference of large squares is not exact.
            left, right = np.nonzero(apart < np.minimum(limits[first, None], limits[None, second]) + 1e-5)
            left, right = left + start, right + other
            found.append(np.stack([left, right], axis=1)[left < right])
    pairs = order[np.concatenate(found)]
    pairs.sort(axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _projected(values: Floats) -> Floats:
    if values.shape[1] <= COMPONENTS:
        return values
    sample = values[np.sort(generator("components").permutation(len(values))[: 10 * REFERENCES])]
    centred = (sample - sample.mean(axis=0)).astype(np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return values @ vectors[:, ::-1][:, :COMPONENTS].astype(np.float32)
