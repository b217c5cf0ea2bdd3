"""Dealing images out to parts (splits, folds): whole units only, each part as like the whole as units allow.

A unit is what must not be divided: a group, or the exact copies of one image. Each part is to get its share of every
class, and of the units themselves: a test split of one huge patient would be well stratified and say nothing of others.
That is a partition problem; it is solved by a greedy start and exchanges until none helps, from several keyed starts
where there are few units, among which the best is kept.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadline.data.keyed import generator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A class that is missing from a part outweighs every unevenness: whole units permitting, none is.
MISSING = 1e3
# Against the mean over the classes.
WEIGHT_OF_UNITS = 0.25
# Beyond so many comparisons (pairs of units × columns) two units are not exchanged, only moved.
MOST_EXCHANGES = 1_000_000
STARTS, FEW_UNITS = 40, 64
# Of the cost: a part that is a hundredth off in a share of 15 % costs 1.5e-5. And after so many changes it is enough.
LEAST_GAIN, MOST_CHANGES = 1e-7, 500


@dataclass(frozen=True)
class _Problem:
    """`shares` (units, columns): of each class's images, and last of all units; `wanted` (parts,) sums to 1."""

    shares: Floats
    wanted: Floats
    weights: Floats  # per column

    def cost(self, totals: Floats) -> Floats:
        """How far parts with these totals (…, parts, columns) are from what is wanted, and what is missing in them."""
        # Relative to the square of what is wanted, a small part would rule; in plain squares a large one would.
        uneven = (totals - self.wanted[:, None]) ** 2 / self.wanted[:, None]
        missing = totals[..., :-1] < 1e-12
        found: Floats = (uneven * self.weights).sum(axis=(-1, -2)) + MISSING * missing.sum(axis=(-1, -2))
        return found

    def totals(self, part: Integers) -> Floats:
        found = np.zeros((len(self.wanted), self.shares.shape[1]))
        np.add.at(found, part, self.shares)
        return found


def deal(labels: Integers, units: Integers, wanted: list[float], *key: int | str) -> Integers:
    """The part of each image, (images,), so that all images of a unit are in one part.

    `labels` and `units` number each image's class and unit from 0; `wanted` are the parts' shares of the whole. The
    same key deals the same way.
    """
    counts = np.zeros((int(units.max()) + 1, int(labels.max()) + 1))
    np.add.at(counts, (units, labels), 1.0)
    present = counts.sum(axis=0) > 0
    shares = np.concatenate(
        [counts[:, present] / counts[:, present].sum(axis=0), np.full((len(counts), 1), 1 / len(counts))], axis=1
    )
    classes = shares.shape[1] - 1
    weights = np.append(np.full(classes, 1 / classes), WEIGHT_OF_UNITS)
    problem = _Problem(shares, np.array(wanted) / sum(wanted), weights)
    starts = STARTS if len(counts) <= FEW_UNITS else 1
    found = [_improved(problem, _start(problem, generator("deal", *key, number))) for number in range(starts)]
    best = min(found, key=lambda part: float(problem.cost(problem.totals(part))))
    return best[units]


def _start(problem: _Problem, random: np.random.Generator) -> Integers:
    """Units in keyed order, large ones rather first, each to the part that still lacks most of what it holds."""
    size = problem.shares.max(axis=1) * random.random(len(problem.shares))
    part = np.zeros(len(problem.shares), dtype=np.int64)
    totals = np.zeros((len(problem.wanted), problem.shares.shape[1]))
    for unit in np.argsort(-size):
        lack = (problem.wanted[:, None] - totals) / problem.wanted[:, None]
        chosen = int(np.argmax(lack @ (problem.weights * problem.shares[unit])))
        part[unit] = chosen
        totals[chosen] += problem.shares[unit]
    return part


def _improved(problem: _Problem, part: Integers) -> Integers:
    """Move a unit, or exchange two, as long as that helps: each time what helps most."""
    part = part.copy()
    totals = problem.totals(part)
    for _ in range(MOST_CHANGES):
        cost = float(problem.cost(totals))
        gain, changes = _best_move(problem, part, totals, cost)
        exchange = _best_exchange(problem, part, totals)
        if exchange[0] > gain:
            gain, changes = exchange
        if gain < LEAST_GAIN:
            return part
        for unit, chosen in changes:
            part[unit] = chosen
        totals = problem.totals(part)
    return part


def _best_move(problem: _Problem, part: Integers, totals: Floats, cost: float) -> tuple[float, list[tuple[int, int]]]:
    best: tuple[float, list[tuple[int, int]]] = (0.0, [])
    units = np.arange(len(part))
    for chosen in range(len(problem.wanted)):
        after = np.repeat(totals[None], len(part), axis=0)
        after[units, part] -= problem.shares
        after[:, chosen] += problem.shares
        gains = cost - problem.cost(after)
        unit = int(np.argmax(gains))
        if gains[unit] > best[0]:
            best = (float(gains[unit]), [(unit, chosen)])
    return best


def _best_exchange(problem: _Problem, part: Integers, totals: Floats) -> tuple[float, list[tuple[int, int]]]:
    best: tuple[float, list[tuple[int, int]]] = (0.0, [])
    for one in range(len(problem.wanted)):
        for other in range(one):
            ours, theirs = np.flatnonzero(part == one), np.flatnonzero(part == other)
            if not len(ours) or not len(theirs) or len(ours) * len(theirs) * totals.shape[1] > MOST_EXCHANGES:
                continue
            difference = problem.shares[ours][:, None] - problem.shares[theirs][None]
            pair = [one, other]  # only these two parts change
            of_pair = replace(problem, wanted=problem.wanted[pair])
            after = np.stack([totals[one] - difference, totals[other] + difference], axis=2)
            gains = of_pair.cost(totals[pair]) - of_pair.cost(after)
            row, column = np.unravel_index(int(np.argmax(gains)), gains.shape)
            if gains[row, column] > best[0]:
                best = (float(gains[row, column]), [(int(ours[row]), other), (int(theirs[column]), one)])
    return best
