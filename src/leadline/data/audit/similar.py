"""Near-copies: images that were saved again, in another format or at another size, found by their thumbnails.

Two images are near-copies if their thumbnails, brightness and contrast taken out, are CLOSE to each other, and RATIO
times as close as each of them is to ordinary images of the same set. A fixed distance alone would call all images of
a plain background, or all round cells on black, copies of each other; what is ordinary is therefore measured.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

Floats = NDArray[np.float32]
Values = Callable[[slice | NDArray[np.int64]], Floats]  # the vectors of some images

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
    rows = _with_content(thumbnails)
    if len(rows) < 2:
        return nothing

    def values(numbers: slice | NDArray[np.int64]) -> Floats:
        """Of a few images at a time: those of all of them would take several times the room of the thumbnails."""
        return _described(thumbnails[rows[numbers]])

    reach = _reach(values, len(rows))
    pairs = _pairs(_projected(values, len(rows)), reach)
    distances = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), SLICE):  # there may be many pairs, if most images are copies
        first, second = pairs[start : start + SLICE].T
        distances[start : start + SLICE] = np.linalg.norm(values(first) - values(second), axis=1)
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


def _with_content(thumbnails: Floats) -> NDArray[np.int64]:
    """The rows of those that have any content."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(thumbnails), BLOCK):
        flat, _, length = _centred(thumbnails[start : start + BLOCK])
        spread = length / np.sqrt(flat.shape[1])
        found.append(start + np.flatnonzero(spread > FLAT * np.maximum(np.abs(flat).max(axis=1), 1e-12)))
    return np.concatenate(found)


def _described(thumbnails: Floats) -> Floats:
    """Each thumbnail as a vector of mean 0 and length 1."""
    _, centred, length = _centred(thumbnails)
    return np.asarray(centred / np.maximum(length, 1e-12)[:, None], dtype=np.float32)


def _centred(thumbnails: Floats) -> tuple[Floats, Floats, Floats]:
    """Each thumbnail as a vector, the vector with a mean of 0, and its length then."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    centred = flat - flat.mean(axis=1, keepdims=True)
    return flat, centred, np.linalg.norm(centred, axis=1)


def _reach(values: Values, count: int) -> Floats:
    """How close to each image another must come to be its near-copy."""
    if count < FEWEST:
        return np.full(count, VERY_CLOSE, np.float32)
    sample = np.sort(generator("references").permutation(count)[:REFERENCES])
    references = values(sample).T
    nearest = np.empty(count, np.float32)
    for start in range(0, count, BLOCK):
        block = values(slice(start, start + BLOCK))
        correlation = block @ references
        own = np.arange(start, start + len(block))
        correlation[(own[:, None] == sample[None, :])] = -1.0
        kth = np.partition(correlation, -NEIGHBOUR, axis=1)[:, -NEIGHBOUR]
        nearest[start : start + len(block)] = np.sqrt(np.maximum(2 - 2 * kth, 0))
    crowding = (len(sample) / REFERENCES) ** (1 / DIMENSIONS)
    nearest = np.maximum(nearest, FLOOR * np.quantile(nearest, CROWDED))
    return np.asarray(np.minimum(RATIO * crowding * nearest, CLOSE), dtype=np.float32)


def _pairs(projected: Floats, reach: Floats) -> NDArray[np.int64]:
    """Every pair that is within reach in a projection onto the first principal components."""
    order = np.argsort(projected[:, 0], kind="stable")
    projected, reach = projected[order], reach[order]
    # A squared distance as one product, |a|² + |b|² − 2ab, and a rounding error more, because it is not exact.
    squares, ones = (projected**2).sum(axis=1), np.ones(len(projected), np.float32)
    one = np.column_stack([-2 * projected, squares, ones])
    another = np.column_stack([projected, ones, squares])
    limits = reach**2 + np.float32(1e-5)
    found = []
    for start in range(0, len(projected), BLOCK):
        first = slice(start, start + BLOCK)
        last_of_first, farthest = projected[first, 0][-1], limits[first].max()
        for other in range(start, len(projected), BLOCK):
            if projected[other, 0] - last_of_first > CLOSE:
                break  # along the first component alone they are too far apart, and so are all that follow
            second = slice(other, other + BLOCK)
            apart = one[first] @ another[second].T
            # One number for all of the block leaves few, and only those are compared with their own.
            left, right = np.divmod(np.flatnonzero(apart < min(farthest, limits[second].max())), apart.shape[1])
            near = apart[left, right] < np.minimum(limits[left + start], limits[right + other])
            left, right = left[near] + start, right[near] + other
            found.append(np.stack([left, right], axis=1)[left < right])
    pairs: NDArray[np.int64] = order[np.concatenate(found)]
    pairs.sort(axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _projected(values: Values, count: int) -> Floats:
    """(count, COMPONENTS at most)."""
    sample = values(np.sort(generator("components").permutation(count)[: 10 * REFERENCES]))
    blocks = (values(slice(start, start + BLOCK)) for start in range(0, count, BLOCK))
    if sample.shape[1] <= COMPONENTS:
        return np.concatenate(list(blocks))
    centred = (sample - sample.mean(axis=0)).astype(np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    first = vectors[:, ::-1][:, :COMPONENTS].astype(np.float32)
    return np.concatenate([block @ first for block in blocks])
