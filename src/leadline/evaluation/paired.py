"""Two or more networks on the same images: who was right where, the difference, and McNemar's exact test."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from leadline.errors import LeadlineError
from leadline.evaluation.bounds import Disagreement
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import PairedDifference, PairTest

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def right_answers(predictions: Mapping[str, Predictions]) -> tuple[npt.NDArray[np.bool_], Integers | None]:
    """Who was right on which image, (images, networks) in the order of the first, and the images' groups.

    Raises LeadlineError, naming an image, unless all are of the same readable, labelled images, once each.
    """
    tables = {name: one.readable.labelled.table for name, one in predictions.items()}
    first, *others = tables
    images = tables[first]
    if not images.height:
        raise LeadlineError(f"{first}: no readable image with a label, so there is nothing to compare")
    for name, table in tables.items():
        twice = table.filter(pl.col("path").is_duplicated())
        if twice.height:
            raise LeadlineError(f"{name}: {twice['path'][0]} occurs more than once, so images cannot be paired")
    for name in others:
        only = [set(images["path"]) - set(tables[name]["path"]), set(tables[name]["path"]) - set(images["path"])]
        for missing, having, lacking in ((only[0], first, name), (only[1], name, first)):
            if missing:
                raise LeadlineError(
                    f"{min(missing)} is among the readable, labelled images of {having} but not of {lacking} "
                    f"({len(missing)} such): networks are compared on the same images"
                )
        tables[name] = images.select("path").join(tables[name], on="path", how="left", maintain_order="left")
        for column in ("label", "group"):
            told = [
                table[column] if column in table.columns else pl.Series([None] * len(images), dtype=pl.String)
                for table in (images, tables[name])
            ]
            differing = images.filter(~told[0].eq_missing(told[1]))
            if differing.height:
                raise LeadlineError(f"{differing['path'][0]} has another {column} for {name} than for {first}")
    right = [(table["predicted"] == table["label"]).to_numpy() for table in tables.values()]
    return np.column_stack(right), predictions[first].readable.labelled.groups


def difference(first: Predictions, second: Predictions, *, confidence: float = 0.95) -> PairedDifference:
    """How much more accurate the first is, on the same images, by Tango's score interval (clustered by group)."""
    right, groups = right_answers({"the first": first, "the second": second})
    ours, theirs = right[:, :1].astype(np.float64), right[:, 1:].astype(np.float64)
    alpha = (1 - confidence) / 2
    above = Disagreement.between(ours, theirs, groups)
    excess = right[:, 0].astype(np.int64) - right[:, 1]
    sums = excess if groups is None else np.bincount(groups, weights=excess).astype(np.int64)
    return PairedDifference(
        value=above.loss,
        low=-Disagreement.between(theirs, ours, groups).upper_bound(alpha),
        high=above.upper_bound(alpha),
        method="Tango" if groups is None else f"Tango, clustered by {len(sums)} groups",
        n=len(right),
        only_first=int((excess > 0).sum()),
        only_second=int((excess < 0).sum()),
        p_value=mcnemar(sums),
    )


def gain(heat: Predictions, final: Predictions, *, confidence: float = 0.95) -> PairedDifference:
    """How much more accurate one network is after the final than after the heat, on the images that both judged.

    It is about these two trainings (or sets of folds), and holds no spread of trainings.
    """
    judged = [one.readable.labelled for one in (final, heat)]
    both = set(judged[0].table["path"]) & set(judged[1].table["path"])
    if not both:
        raise LeadlineError("heat and final have judged no image in common, so nothing can be said of a gain")
    longer, shorter = (Predictions(one.table.filter(pl.col("path").is_in(both)), one.classes) for one in judged)
    return difference(longer, shorter, confidence=confidence)


def mcnemar(excess: Integers) -> float:
    """McNemar's exact two-sided p-value, from how many more images the first has right in each independent unit.

    A unit is an image (excess −1, 0 or 1) or a group. Were the networks equally good, the sign of each excess would be
    a coin's: the p-value is the exact chance of a sum at least as far from zero. For single images that is the binomial
    test over the images on which they disagree (Q. McNemar, Psychometrika 12, 1947).
    """
    steps = np.abs(excess[excess != 0])
    reach = int(steps.sum())
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for step in steps:
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    far = np.abs(np.arange(-reach, reach + 1)) >= abs(int(excess.sum()))
    return float(min(1.0, chances[far].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number (S. Holm, Scandinavian Journal of Statistics 6, 1979), order kept."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, k in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[k]))
        corrected[k] = largest
    return corrected


def pairwise_differences(networks: Mapping[str, Predictions], *, confidence: float = 0.95) -> tuple[PairTest, ...]:
    """Every pair's difference, its names and Holm's corrected p-value: what `--tests` shows."""
    pairs = list(combinations(networks, 2))
    found = [difference(networks[a], networks[b], confidence=confidence) for a, b in pairs]
    corrected = holm([one.p_value for one in found])
    return tuple(
        PairTest(**msgspec.structs.asdict(one), first=a, second=b, p_value_holm=p)
        for (a, b), one, p in zip(pairs, found, corrected, strict=True)
    )
