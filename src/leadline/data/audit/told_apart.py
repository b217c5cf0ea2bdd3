"""Whether batches can be told apart by features of their images, and whether it is more than patients that differ.

Images of one patient (plate, slide: a group) are alike, so that any division of patients into batches can be learned to
some degree from their images. Two things keep that apart from an effect of the batch: a group is never in training and
judged at once, and what is found is held against what other divisions of the same groups give. Groups that lie in one
batch whole exchange their batches as wholes, images of the others theirs within the group. Without an effect of the
batch all these divisions are equally likely, so the share of those that are told apart at least as well is a p-value,
whatever the groups and features are (E. J. G. Pitman, "Significance tests which may be applied to samples from any
populations", J. R. Stat. Soc. Suppl. 4, 1937).
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_FOLDS, PERMUTATIONS = 10, 399
# Added to the variances of standardised features, so that few images do not make directions of their noise.
RIDGE = 0.3
# With fewer different divisions than this, chance alone is 1 in 20 or more.
FEWEST_DIVISIONS = 25


@dataclass(frozen=True)
class ToldApart:
    """`recalls` (batches,) are shares of the images whose batch was found; `answers` (images,) the batches that were.

    `p_value` is None where the groups leave too few divisions to compare with.
    """

    recalls: Floats
    answers: Integers
    p_value: float | None

    @property
    def balanced_accuracy(self) -> float:
        return float(self.recalls.mean())


def told_apart(features: Floats, batches: Integers, groups: Integers) -> ToldApart:
    """`features` (images, features) of images whose batch and group are numbered from 0.

    An image is held to be of the batch whose mean is nearest, of the images of other folds, after whitening with the
    regularised covariance of all images (linear discriminant analysis with equal priors).
    """
    white, fold = _white(features), _folds(groups)
    answers = _answers(white, batches, fold)
    recalls = _recalls(answers, batches)
    p_value = None
    if _divisions(batches, groups) >= FEWEST_DIVISIONS:
        random = generator("divisions")
        exchanged = (_exchanged(batches, groups, random) for _ in range(PERMUTATIONS))
        others = [float(_recalls(_answers(white, other, fold), other).mean()) for other in exchanged]
        as_good = sum(other >= recalls.mean() - 1e-12 for other in others)
        p_value = (1 + as_good) / (1 + PERMUTATIONS)
    return ToldApart(recalls, answers, p_value)


def _white(features: Floats) -> Floats:
    """Features of equal variance in all directions in which the images differ; no batch is looked at."""
    centred = features - features.mean(axis=0)
    spread = centred.std(axis=0)
    varying = spread > 1e-9 * np.abs(features).max(axis=0)
    scaled = centred[:, varying] / spread[varying]
    variances, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    return np.asarray(scaled @ (directions / np.sqrt(np.maximum(variances, 0) + RIDGE)))


def _answers(white: Floats, batches: Integers, fold: Integers) -> Integers:
    """The batch that is found for each image by the others that are not in its fold."""
    of_batch = np.eye(int(batches.max()) + 1)[batches]
    rows = [np.flatnonzero(fold == number) for number in range(int(fold.max()) + 1)]
    sums = np.stack([of_batch[held_out].T @ white[held_out] for held_out in rows])
    sizes = np.stack([of_batch[held_out].sum(axis=0) for held_out in rows])
    sums, left = sums.sum(axis=0) - sums, sizes.sum(axis=0) - sizes
    answers = np.zeros(len(batches), np.int64)
    for number, held_out in enumerate(rows):
        means = sums[number] / np.maximum(left[number], 1)[:, None]
        scores = white[held_out] @ means.T - 0.5 * (means**2).sum(axis=1)
        scores[:, left[number] == 0] = -np.inf  # there is no image of the batch to learn from
        answers[held_out] = scores.argmax(axis=1)
    return answers


def _folds(groups: Integers) -> Integers:
    """A fold per image, whole groups at a time and the same whatever their batches are; large groups first."""
    sizes = np.bincount(groups)
    order = generator("groups").permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of_group, filled = np.zeros(len(sizes), np.int64), np.zeros(min(MOST_FOLDS, len(sizes)))
    for group in order:
        fold_of_group[group] = np.argmin(filled)
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[groups]


def _recalls(answers: Integers, batches: Integers) -> Floats:
    sizes = np.bincount(batches)
    hits = np.bincount(batches[answers == batches], minlength=len(sizes))
    return np.asarray(hits / np.maximum(sizes, 1), np.float64)


def _whole(batches: Integers, groups: Integers) -> tuple[Integers, Integers]:
    """The groups that lie in one batch whole, and the batch of each."""
    pairs = np.unique(np.stack([groups, batches]), axis=1)
    found, first, counts = np.unique(pairs[0], return_index=True, return_counts=True)
    return found[counts == 1], pairs[1][first[counts == 1]]


def _exchanged(batches: Integers, groups: Integers, random: np.random.Generator) -> Integers:
    """Another division that is as likely as `batches` if batches have no effect."""
    whole, batch_of = _whole(batches, groups)
    found = batches.copy()
    of_group = np.full(int(groups.max()) + 1, -1)
    of_group[whole] = random.permutation(batch_of)
    divided = of_group[groups] < 0
    found[~divided] = of_group[groups[~divided]]
    rows = np.flatnonzero(divided)
    rows = rows[np.argsort(groups[rows], kind="stable")]
    shuffled = rows[np.lexsort((random.random(len(rows)), groups[rows]))]
    found[rows] = batches[shuffled]
    return found


def _divisions(batches: Integers, groups: Integers) -> float:
    """How many divisions `_exchanged` can make, those that differ in the names of batches alone counted as one."""
    whole, batch_of = _whole(batches, groups)
    sizes = Counter(batch_of.tolist())
    logarithm = math.lgamma(len(whole) + 1) - sum(math.lgamma(size + 1) for size in sizes.values())
    divided = ~np.isin(groups, whole)
    if not divided.any():
        logarithm -= sum(math.lgamma(same + 1) for same in Counter(sizes.values()).values())
    for group in np.unique(groups[divided]):
        own = Counter(batches[groups == group].tolist())
        logarithm += math.lgamma(own.total() + 1) - sum(math.lgamma(size + 1) for size in own.values())
    return math.exp(min(logarithm, 50.0))
