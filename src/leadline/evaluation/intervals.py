"""How sure a number is: Wilson's interval for proportions, the percentile bootstrap for the rest, both by group."""

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from leadline.evaluation.records import Estimate

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESAMPLES = 1000
# Weights are drawn and used in blocks of so many resamples: (images, block) float64 stays in the processor's cache.
BLOCK = 50
# "Few" groups are fewer than 20 to 50 (Cameron and Miller, Journal of Human Resources 50, 2015, section VI); by the
# simulation in docs/evaluation-derivations.md intervals fall short of 95 % at 20 groups and nearly reach it at 40.
FEW_GROUPS = 30
# Four units have 35 different resamples, of which the extremes say next to nothing.
FEWEST_RESAMPLED = 5


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion; (0, 1) for n = 0.

    E. B. Wilson, Journal of the American Statistical Association 22, 1927. Neither argument need be whole: a clustered
    sample counts as the smaller simple one that is as informative.
    """
    return _wilson(successes, n, NormalDist().inv_cdf(0.5 + confidence / 2))


def _wilson(successes: float, n: float, z: float) -> tuple[float, float]:
    if n <= 0 or not math.isfinite(z):
        return 0.0, 1.0
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(p * (1 - p), 0.0) / n + z * z / (4 * n * n))
    # At 0 and n successes the bound is 0 or 1 exactly; rounding would leave 1e-17.
    return (0.0 if successes <= 0 else max(0.0, centre - half)), (1.0 if successes >= n else min(1.0, centre + half))


def proportion(
    hits: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_] | None = None, *, groups: Integers | None, confidence: float
) -> Estimate:
    """The share of `hits` among the images where `of` holds (all of them, unless given).

    With groups, Wilson's interval at the size that a simple sample of the same variance would have, with the quantile
    of t at one degree of freedom less than there are groups (compared with others by Franco, Little, Louis and Slud,
    Journal of Survey Statistics and Methodology 7, 2019). It keeps a width where every image is right, where a
    bootstrap has none.
    """
    among = np.ones(len(hits), dtype=bool) if of is None else of
    n = int(among.sum())
    if n == 0:
        return Estimate(None, None, None, "undefined: no image", 0)
    value = float(hits[among].mean())
    if groups is None:
        return Estimate(value, *wilson(value * n, n, confidence), "Wilson", n)
    codes = np.unique(groups[among], return_inverse=True)[1]
    size = effective_size(np.asarray(hits[among] - value), codes, simple_variance=value * (1 - value))
    low, high = _wilson(value * size, size, t_quantile(0.5 + confidence / 2, independent_units(n, codes) - 1))
    return Estimate(value, low, high, f"Wilson, clustered by {int(codes.max()) + 1} groups", n)


def variance_of_mean(residuals: Floats, groups: Integers | None) -> float:
    """The variance of a mean, from each image's distance to it: that of independent images or, where larger, of groups.

    Over groups it is the jackknife's, (G − 1)/G Σ_g (Σ_{i in g} r_i / (n − n_g))² (CR3; MacKinnon, Nielsen and Webb,
    Journal of Econometrics 232, 2023). Infinite for a single group, which says nothing of others.
    """
    n = len(residuals)
    independent = float(residuals @ residuals) / n**2
    if groups is None:
        return independent
    sizes = np.bincount(groups)
    if len(sizes) < 2:
        return math.inf
    shifts = np.bincount(groups, weights=residuals) / (n - sizes)
    return max(independent, (len(sizes) - 1) / len(sizes) * float(shifts @ shifts))


def effective_size(residuals: Floats, groups: Integers | None, *, simple_variance: float) -> float:
    """How many independent draws of variance `simple_variance` have a mean that varies as much as this one."""
    variance = variance_of_mean(residuals, groups)
    return simple_variance / variance if variance > 0 else len(residuals)


def independent_units(n: int, groups: Integers | None) -> float:
    """How many independent units n images are: so many groups of equal size as are as unequal as these, n²/Σ_g n_g².

    Carter, Schnepel and Steigerwald, "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of
    Economics and Statistics 99, 2017.
    """
    return float(n) if groups is None else n**2 / float((np.bincount(groups) ** 2).sum())


def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Student's t quantile; infinite without a degree of freedom, since nothing is then known of the spread."""
    return float(special.stdtrit(degrees_of_freedom, probability)) if degrees_of_freedom > 0 else math.inf


def resampled_weights(n: int, *, groups: Integers | None, seed: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """How often each image occurs in each bootstrap resample, as blocks (images, resamples of the block).

    Whole groups are drawn where there are any. The same seed gives the same weights.
    """
    generator = np.random.default_rng(seed)
    units = n if groups is None else int(groups.max()) + 1
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        drawn = generator.integers(units, size=(units, size)) * size + np.arange(size)
        weights = np.bincount(drawn.ravel(), minlength=units * size).reshape(units, size).astype(np.float64)
        yield weights if groups is None else weights[groups]


def why_not_resampled(draws: Floats, *, n: int, groups: Integers | None) -> str:
    """Why a statistic's bootstrap resamples (resamples,) say nothing, or "" where they say something.

    Where they all give the same value, an interval without a width would claim certainty.
    """
    units, name = (n, "images") if groups is None else (int(groups.max()) + 1, "groups")
    if units < FEWEST_RESAMPLED:
        return f"{units} {name} are too few to resample"
    known = draws[np.isfinite(draws)]
    return "every resample of these images gives the same value" if not known.size or np.ptp(known) < 1e-12 else ""


def percentile(draws: Floats, confidence: float) -> tuple[float, float]:
    """The middle share of a statistic's resamples (resamples,), of those that have the statistic (that are not NaN)."""
    low, high = np.quantile(draws[np.isfinite(draws)], [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def stretched(value: float, interval: tuple[float, float], *, units: float, confidence: float) -> tuple[float, float]:
    """A bootstrap's interval, its ends t / z · √(G/(G − 1)) times as far from the value, for G independent units.

    An end on the wrong side of the value moves onto it.
    """
    factor = stretch(units, confidence)
    return value - factor * max(0.0, value - interval[0]), value + factor * max(0.0, interval[1] - value)


def stretch(units: float, confidence: float) -> float:
    """t / z · √(G/(G − 1)) for G independent units; infinite for one.

    By so much a bootstrap's spread falls short of the true one (T. Hesterberg, "What teachers should know about the
    bootstrap", The American Statistician 69, 2015).
    """
    if units <= 1:
        return math.inf
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return t_quantile(0.5 + confidence / 2, units - 1) / z * math.sqrt(units / (units - 1))


def balanced_share(
    shares: Floats, classes: Integers, *, groups: Integers | None, confidence: float
) -> tuple[float, float, float]:
    """The mean over the classes of the mean share (images,) within each, with its interval.

    Wilson's intervals of the classes, each at its effective size, are put together in squares (G. Y. Zou and A. Donner,
    "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008). Where groups hold
    images of several classes the classes vary together, and the whole is widened by as much.
    """
    parts = [classes == k for k in np.unique(classes)]
    values, reach, separate = [], np.zeros(2), 0.0
    residuals = np.zeros(len(shares))
    for inside in parts:
        value, n = float(shares[inside].mean()), int(inside.sum())
        codes = None if groups is None else np.unique(groups[inside], return_inverse=True)[1]
        rest = shares[inside] - value
        size = min(float(n), effective_size(rest, codes, simple_variance=value * (1 - value)))
        low, high = _wilson(value * size, size, t_quantile(0.5 + confidence / 2, independent_units(n, codes) - 1))
        values.append(value)
        reach += np.square([value - low, high - value])
        variance = variance_of_mean(rest, codes)
        separate += variance if math.isfinite(variance) else 0.0
        residuals[inside] = rest * (len(shares) / n)
    together = variance_of_mean(residuals, groups) if groups is not None else separate
    widened = max(1.0, together / separate) if separate > 0 and math.isfinite(together) else 1.0
    mean = float(np.mean(values))
    below, above = np.sqrt(widened * reach) / len(parts)
    return mean, max(0.0, mean - float(below)), min(1.0, mean + float(above))


def few_groups_warning(groups: Integers | None) -> str:
    """What to say beside intervals that rest on too few groups; empty where there are enough, or no groups at all."""
    count = 0 if groups is None or not len(groups) else int(groups.max()) + 1
    if groups is None or count >= FEW_GROUPS:
        return ""
    return f"only {count} groups: with fewer than {FEW_GROUPS}, intervals other than of proportions may be too narrow"
