"""How well the probability of a class ranks its images above the others: area under the ROC curve, precision."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """One class against the rest, sorted once by falling score, so that each bootstrap resample costs one pass.

    The sorted images are cut into runs: the positives of one score, the negatives of the same score, and the negatives
    between two scores that have positives. Only the weight of each run matters to either area.
    """

    order: Integers  # (images,): the images by falling score, among equals the positives first
    starts: Integers  # (runs,): where each run begins in `order`
    positive: npt.NDArray[np.bool_]  # (runs,)
    tied: Integers  # (positive runs,): the last run with the score of each positive run

    @classmethod
    def of(cls, scores: Floats, positives: npt.NDArray[np.bool_]) -> "Ranking":
        order = np.lexsort((~positives, -scores))
        score, positive = scores[order], positives[order]
        level = np.r_[0, np.cumsum(np.diff(score) != 0)]
        has_positive = np.zeros(level[-1] + 1, dtype=bool)
        has_positive[level[positive]] = True
        # Levels without positives share a number with their neighbours, so that they fall into one run.
        level = np.where(has_positive[level], level, -1)
        new = np.r_[True, (np.diff(level) != 0) | (np.diff(positive.astype(np.int8)) != 0)]
        starts = np.flatnonzero(new)
        kind, score_of_run = positive[starts], level[starts]
        runs = np.flatnonzero(kind)
        after = np.minimum(runs + 1, len(starts) - 1)
        tied = np.where(score_of_run[after] == score_of_run[runs], after, runs)
        return cls(order=order, starts=starts, positive=kind, tied=tied)

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """AUROC and average precision (resamples,) of the images weighted by (images, resamples).

        AUROC is the chance that a positive image scores above a negative one, ties counting half. Average precision is
        Σ (R_n − R_{n−1}) P_n over the distinct scores, without interpolation. NaN without positives (or, for AUROC,
        without negatives).
        """
        runs = np.add.reduceat(weights[self.order], self.starts, axis=0)
        positives = runs[self.positive]
        negatives_so_far = np.cumsum(np.where(self.positive[:, None], 0.0, runs), axis=0)
        above, up_to_tied = negatives_so_far[self.positive], negatives_so_far[self.tied]
        found = np.cumsum(positives, axis=0)
        all_positives, all_negatives = positives.sum(axis=0), negatives_so_far[-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            below = all_negatives - (above + up_to_tied) / 2
            auroc = (positives * below).sum(axis=0) / (all_positives * all_negatives)
            gained = np.where(positives > 0, positives * found / (found + up_to_tied), 0.0)
            return auroc, gained.sum(axis=0) / all_positives
