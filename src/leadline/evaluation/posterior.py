"""Accuracies that these answers leave possible: how probable it is that a network is good enough, and which are not.

The Bayesian bootstrap (D. B. Rubin, Annals of Statistics 9, 1981) weighs images, or whole groups, by draws from a flat
Dirichlet distribution; what a training anew would change is added.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import sparse  # type: ignore[import-untyped]

from leadline.evaluation.contestant import Evidence
from leadline.evaluation.intervals import stretch
from leadline.evaluation.spread import Spread

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DRAWS = 4000
# Weights are drawn and used in blocks of so many draws, so that many images fit into memory.
BLOCK = 100


def drawn_estimates(evidence: Evidence, spread: Spread, *, seed: int = 0, draws: int = DRAWS) -> Floats:
    """(draws, networks): a_k = Σ_u w_u Σ_{i in u} r_ik / Σ_u w_u n_u + σ z_k/√F, the mean over the strata."""
    generator = np.random.default_rng(seed)
    units = np.arange(evidence.images) if evidence.groups is None else evidence.groups
    networks, strata = len(evidence.right), int(evidence.strata.max()) + 1
    count = int(units.max()) + 1
    # Row k · strata + s: what each unit adds to network k in stratum s. The last rows count its images.
    values = np.concatenate([evidence.right, np.ones((1, evidence.images))])
    rows = np.arange(networks + 1)[:, None] * strata + evidence.strata
    columns = np.broadcast_to(units, rows.shape)
    sums = sparse.csr_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=((networks + 1) * strata, count))
    blocks = []
    for start in range(0, draws, BLOCK):
        weights = generator.standard_exponential((count, min(BLOCK, draws - start)))
        drawn = (sums @ weights).reshape(networks + 1, strata, -1)
        with np.errstate(invalid="ignore"):
            blocks.append((drawn[:-1] / drawn[-1]).mean(axis=1).T)
    moved = spread.sigma / math.sqrt(evidence.effective_trainings) * generator.standard_normal((draws, networks))
    return np.concatenate(blocks) + moved


def losses(drawn: Floats) -> Floats:
    """(draws, networks): what each network loses against the best of its draw."""
    return np.asarray(drawn.max(axis=1, keepdims=True) - drawn)


def confidence_set(estimates: Floats, drawn: Floats, *, units: float, confidence: float = 0.95) -> list[int]:
    """The networks that cannot be told from the best: the Model Confidence Set, by the range statistic.

    As long as the networks left differ by more than such draws do around their mean, the one that lies furthest below
    another, for its standard error, is ruled out (P. R. Hansen, A. Lunde and J. M. Nason, "The model confidence set",
    Econometrica 79, 2011). Draws are stretched for few units.
    """
    left = list(range(len(estimates)))
    if units <= 1:
        return left
    noise = (drawn - drawn.mean(axis=0)) * stretch(units, confidence)
    while len(left) > 1:
        differences = noise[:, left, None] - noise[:, None, left]
        errors = np.sqrt((differences**2).mean(axis=0))
        observed = estimates[left, None] - estimates[None, left]
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(observed != 0, observed / errors, 0.0)
            ranges = np.where(errors > 0, np.abs(differences) / errors, 0.0).max(axis=(1, 2))
        if (ranges >= statistic.max()).mean() >= 1 - confidence:
            break
        left.pop(int(statistic.max(axis=0).argmax()))
    return left
