import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from leadline.evaluation.intervals import (
    few_groups_warning,
    independent_units,
    percentile,
    proportion,
    resampled_weights,
    stretched,
    t_quantile,
    variance_of_mean,
    why_not_resampled,
    wilson,
)
from leadline.evaluation.records import Estimate


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17, 1998, 857-872, table I, method 3 (score, no continuity correction).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (3, 7), (500, 1000), (999_999, 1_000_000)])
def test_wilson_agrees_with_scipy(successes: int, n: int, confidence: float) -> None:
    oracle = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_wilson_of_nothing_knows_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_ends_exactly_at_the_ends() -> None:
    for n in range(1, 200):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0


def test_wilson_covers_what_it_promises() -> None:
    # Exact, over the binomial distribution; Wilson's coverage dips below its level but is it on average (Brown, Cai and
    # DasGupta, Statistical Science 16, 2001).
    n, truths = 40, np.linspace(0.05, 0.95, 181)
    bounds = [wilson(k, n) for k in range(n + 1)]
    chances = stats.binom.pmf(np.arange(n + 1)[:, None], n, truths)
    held = np.array([[low <= truth <= high for truth in truths] for low, high in bounds])
    coverage = (chances * held).sum(axis=0)
    assert coverage.mean() == pytest.approx(0.95, abs=0.006)
    assert coverage.min() > 0.91


def test_the_t_quantile_is_students() -> None:
    assert t_quantile(0.975, 9) == pytest.approx(stats.t.ppf(0.975, 9))
    assert t_quantile(0.975, 10**7) == pytest.approx(1.959964, abs=1e-5)
    assert t_quantile(0.975, 0) == math.inf


def test_groups_of_one_image_are_no_groups() -> None:
    hits = np.arange(500) % 3 > 0
    plain = proportion(hits, groups=None, confidence=0.95)
    grouped = proportion(hits, groups=np.arange(500), confidence=0.95)
    # G/(G − 1) and t at 499 degrees of freedom are what is left of the difference.
    assert (grouped.value, grouped.low, grouped.high) == pytest.approx((plain.value, plain.low, plain.high), abs=2e-4)


def test_groups_that_agree_within_are_as_many_images_as_there_are_groups() -> None:
    generator = np.random.default_rng(0)
    of_group = generator.random(60) < 0.7
    many = proportion(np.repeat(of_group, 50), groups=np.repeat(np.arange(60), 50), confidence=0.95)
    few = proportion(of_group, groups=None, confidence=0.95)
    assert many.n == 3000
    assert many.low == pytest.approx(few.low, abs=0.005)
    assert many.high == pytest.approx(few.high, abs=0.005)


def test_few_groups_are_judged_by_students_t() -> None:
    # Four groups of 250 with 190, 200, 210 and 200 hits: Wilson's formula, with t at 3 degrees of freedom in z's place.
    hits = np.concatenate([np.arange(250) < count for count in (190, 200, 210, 200)])
    found = proportion(hits, groups=np.repeat(np.arange(4), 250), confidence=0.95)
    size = 0.8 * 0.2 / (np.var([190, 200, 210, 200], ddof=1) / 4 / 250**2)
    z = stats.t.ppf(0.975, 3)
    half = z * math.sqrt(0.8 * 0.2 / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    centre = (0.8 + z**2 / (2 * size)) / (1 + z**2 / size)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half))


def test_the_variance_over_groups_is_the_jackknifes() -> None:
    generator = np.random.default_rng(1)
    groups = np.sort(generator.integers(12, size=200))
    values = generator.normal(size=200) + generator.normal(size=12)[groups]
    left_out = np.array([values[groups != g].mean() for g in range(12)])
    oracle = 11 / 12 * ((left_out - values.mean()) ** 2).sum()
    assert variance_of_mean(values - values.mean(), groups) == pytest.approx(oracle)
    assert variance_of_mean(values - values.mean(), None) == pytest.approx(values.var() / 200)


def test_one_group_knows_nothing_of_others() -> None:
    estimate = proportion(np.array([True, False, True]), groups=np.zeros(3, dtype=np.int64), confidence=0.95)
    assert (estimate.low, estimate.high) == (0.0, 1.0)
    assert independent_units(3, np.zeros(3, dtype=np.int64)) == 1


def test_unequal_groups_count_as_fewer() -> None:
    assert independent_units(100, np.repeat(np.arange(10), 10)) == pytest.approx(10)
    assert independent_units(100, np.r_[np.zeros(91), np.arange(1, 10)].astype(np.int64)) < 1.3
    assert independent_units(100, None) == 100


def test_a_proportion_of_no_image_is_undefined() -> None:
    nothing = np.zeros(4, dtype=bool)
    assert proportion(nothing, nothing, groups=None, confidence=0.95) == Estimate(None, method="undefined: no image")


def test_resamples_draw_as_many_images_as_there_are_and_whole_groups() -> None:
    weights = np.concatenate(list(resampled_weights(7, groups=None, seed=3, resamples=120)), axis=1)
    assert weights.shape == (7, 120)
    assert (weights.sum(axis=0) == 7).all()
    groups = np.array([0, 0, 1, 2, 2, 2])
    weights = np.concatenate(list(resampled_weights(6, groups=groups, seed=3, resamples=120)), axis=1)
    assert (weights[0] == weights[1]).all()
    assert (weights[3] == weights[5]).all()
    assert (weights[[0, 2, 3]].sum(axis=0) == 3).all()


def test_the_same_seed_gives_the_same_resamples_and_another_one_others() -> None:
    draws = [np.concatenate(list(resampled_weights(50, groups=None, seed=seed)), axis=1) for seed in (1, 1, 2)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()


def test_the_bootstrap_of_a_mean_is_as_wide_as_the_t_interval() -> None:
    values = stats.norm.ppf((np.arange(8) + 0.5) / 8)
    draws = np.concatenate(
        [values @ weights / 8 for weights in resampled_weights(8, groups=None, seed=0, resamples=20_000)]
    )
    found = stretched(values.mean(), percentile(draws, 0.95), units=8, confidence=0.95)
    oracle = stats.t.interval(0.95, 7, values.mean(), values.std(ddof=1) / math.sqrt(8))
    assert found == pytest.approx(oracle, rel=0.03)  # without the stretch it is a quarter narrower
    assert stretched(0.5, (0.4, 0.55), units=10**6, confidence=0.95) == pytest.approx((0.4, 0.55), abs=1e-6)
    assert stretched(0.5, (0.51, 0.6), units=10**6, confidence=0.95)[0] == 0.5


def test_resamples_that_do_not_vary_give_no_interval() -> None:
    assert "same value" in why_not_resampled(np.full(100, 0.7), n=10, groups=None)
    assert "same value" in why_not_resampled(np.full(100, np.nan), n=10, groups=None)
    assert why_not_resampled(np.r_[0.6, 0.7, np.nan], n=10, groups=None) == ""
    assert percentile(np.r_[0.6, 0.7, np.nan], 0.5) == pytest.approx((0.625, 0.675))


def test_fewer_than_five_units_are_not_resampled() -> None:
    assert "4 images" in why_not_resampled(np.r_[0.6, 0.7], n=4, groups=None)
    assert "4 groups" in why_not_resampled(np.r_[0.6, 0.7], n=100, groups=np.arange(100) % 4)
    assert why_not_resampled(np.r_[0.6, 0.7], n=100, groups=np.arange(100) % 5) == ""


def test_few_groups_are_warned_of() -> None:
    assert "29 groups" in few_groups_warning(np.arange(29))
    assert few_groups_warning(np.arange(30)) == ""
    assert few_groups_warning(None) == ""


def test_an_estimate_is_what_metrics_json_holds(made_up: Callable[..., Any]) -> None:
    hits = np.array([True, True, False])
    written = msgspec.to_builtins(proportion(hits, groups=None, confidence=0.95))
    assert set(written) == {"value", "low", "high", "method", "n"}
