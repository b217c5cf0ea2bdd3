"""Labels that the predictions contradict: confident learning.

C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset labels", Journal of
Artificial Intelligence Research 70, 2021. The predictions must be out of sample: of validation or test images, or out
of fold. A network that has learned a wrong label by heart does not contradict it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from leadline.evaluation.predictions import Predictions
from leadline.writing import in_one_piece

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Suspects:
    """What predictions say of the labels of their images."""

    table: pl.DataFrame  # path, split, label, likely, p_label, p_likely, margin: a row per suspect, the worst first
    joint: Integers  # (classes, classes): images with the row's label that are confidently of the column's class
    labelled: Integers  # (classes,): images with each label
    classes: tuple[str, ...]

    @property
    def images(self) -> int:
        """How many were judged."""
        return int(self.labelled.sum())

    @property
    def estimated_errors(self) -> float:
        """About how many of the images have a wrong label: the joint, scaled to the images of each label (eq. 3)."""
        counted = self.joint.sum(axis=1)
        wrong = counted - self.joint.diagonal()
        return float((self.labelled * wrong / np.maximum(counted, 1)).sum())

    def write(self, file: Path) -> None:
        """The table as CSV."""
        with in_one_piece(file) as temporary:
            self.table.write_csv(temporary)


def suspects(predictions: Predictions) -> Suspects:
    """The readable, labelled images whose label is contradicted, ranked by how far their label is behind.

    An image is confidently of a class if its probability is at least the class's threshold, the mean of that
    probability over the images labelled so (eq. 2); of several such classes the most probable counts (eq. 1). A suspect
    is confidently of another class than its label. `margin` is its label's probability less the largest other, −1 to 1.
    """
    judged = predictions.readable.labelled
    probabilities, labels = judged.probabilities, judged.label_indices
    count = len(judged.classes)
    labelled = np.bincount(labels, minlength=count)
    thresholds = thresholds_of(probabilities, labels)
    # NaN is no threshold: a class that no image is labelled with is nobody's likely class.
    confident = probabilities >= np.nan_to_num(thresholds, nan=np.inf)
    likely = np.where(confident, probabilities, -1.0).argmax(axis=1) if len(judged) else labels
    sure = confident.any(axis=1)
    joint = np.bincount(labels[sure] * count + likely[sure], minlength=count**2).reshape(count, count)

    rows = np.arange(len(judged))
    of_label = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    margin = of_label - others.max(axis=1, initial=-np.inf)
    names = np.array(judged.classes, dtype=object)
    absent = [pl.lit(None, pl.String).alias(name) for name in ("split", "label") if name not in judged.table.columns]
    table = judged.table.with_columns(absent).select(
        "path",
        "split",
        "label",
        likely=pl.Series(list(names[likely]), dtype=pl.String),
        p_label=pl.Series(of_label),
        p_likely=pl.Series(probabilities[rows, likely]),
        margin=pl.Series(margin),
    )
    found = table.filter(pl.Series(sure & (likely != labels), dtype=pl.Boolean)).sort("margin", "path")
    return Suspects(found, joint, labelled, judged.classes)


def thresholds_of(probabilities: Floats, labels: Integers) -> Floats:
    """(classes,): how probable each class is on average to the images (images, classes) labelled so; NaN for none."""
    count = probabilities.shape[1]
    sums = np.bincount(labels, weights=probabilities[np.arange(len(labels)), labels], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.bincount(labels, minlength=count))
