"""Classes of unequal size: none, class weights in the loss, or as many draws of each class per epoch.

Both make a network answer as if all classes were equally frequent: balanced accuracy rises, usually at some cost of
accuracy, and probabilities are those of a world in which the classes are equally frequent.
"""

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

Integers = NDArray[np.int64]


def class_weights(labels: Integers, classes: int) -> NDArray[np.float64]:
    """The weight of an image of each class, n / (k n_class) for n images of k classes: its mean over the images is 1.

    A class without an image has weight 0, and is not one of the k.
    """
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    return np.where(present, len(labels) / (present.sum() * np.maximum(counts, 1)), 0.0)


def balanced_order(rows: Integers, labels: Integers, *, seed: int, epoch: int) -> Integers:
    """As many draws as there are `rows`, equally many of each class, in an order that depends on (seed, epoch) alone.

    `labels` are those of the rows. Counts of classes differ by one at most, and so do those of a class's images: a rare
    class is gone through several times, of a frequent one each epoch sees others.
    """
    present = np.unique(labels)
    # Which classes get the draws that do not divide evenly changes from epoch to epoch.
    first = generator("balance", seed, epoch).permutation(len(present))
    draws = []
    for position, label in enumerate(present):
        own = rows[labels == label]
        wanted = len(rows) // len(present) + (first[position] < len(rows) % len(present))
        rounds = -(-wanted // len(own))
        shuffled = [generator("balance", seed, epoch, int(label), turn).permutation(own) for turn in range(rounds)]
        draws.append(np.concatenate([*shuffled, own[:0]])[:wanted])
    return generator("order", seed, epoch).permutation(np.concatenate(draws))


def occurrence(order: Integers) -> Integers:
    """How many times the same row came before, for each entry of `order`."""
    by_row = np.argsort(order, kind="stable")
    ordered = order[by_row]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    positions = np.arange(len(order))
    found = np.empty(len(order), dtype=np.int64)
    found[by_row] = positions - np.maximum.accumulate(np.where(starts, positions, 0))
    return found
