"""Images unlike the training images: false alarms as stated, oracles for the distance, and the reason in words."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.decomposition import PCA

from leadline.errors import LeadlineError
from leadline.evaluation.novelty import FALSE_ALARMS, Novelty, statistics_of

WIDTH = 12


def images(
    count: int, *, seed: int, shift: float = 0.0, bright: float = 0.4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features around two classes, labels, and statistics of one channel."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    mixing = np.random.default_rng(7).normal(size=(WIDTH, WIDTH))
    features = random.normal(size=(count, WIDTH)) @ mixing + 5 * labels[:, None] + shift
    statistics = np.stack([bright * random.uniform(0.8, 1.2, count), 0.1 * random.uniform(0.8, 1.2, count)], axis=1)
    return features, labels, statistics


def fitted(*, training: int = 600, validation: int = 400, seed: int = 0) -> Novelty:
    features, labels, statistics = images(training, seed=seed)
    new, _, new_statistics = images(validation, seed=seed + 1)
    found = Novelty.fitted(features, labels, statistics, new_features=new, new_statistics=new_statistics)
    assert found is not None
    return found


def test_false_alarms_are_no_more_than_stated_on_average() -> None:
    rates = []
    for seed in range(0, 60, 2):
        features, _, statistics = images(2000, seed=1000 + seed)
        rates.append((fitted(validation=250, seed=seed).scores(features, statistics).max(axis=1) > 1).mean())
    assert 0.3 * FALSE_ALARMS < np.mean(rates) <= 1.15 * FALSE_ALARMS


def test_few_validation_images_raise_the_rate_that_is_stated() -> None:
    assert fitted(validation=400).rate[0] == FALSE_ALARMS
    assert fitted(validation=40).rate[0] == pytest.approx(2 / 41)
    features, labels, statistics = images(600, seed=0)
    few = Novelty.fitted(features, labels, statistics, new_features=features[:5], new_statistics=statistics[:5])
    assert few is None


def test_the_distance_is_mahalanobis_with_the_covariance_of_probabilistic_components() -> None:
    features, labels, statistics = images(600, seed=0)
    found = fitted()
    means = np.stack([features[labels == kind].mean(axis=0) for kind in (0, 1)])
    oracle = PCA(n_components=WIDTH - 1, svd_solver="full").fit(features - means[labels])
    precision = oracle.get_precision() * len(features) / (len(features) - 1)  # scikit-learn divides by n − 1
    new, _, _ = images(20, seed=5)
    expected = [min(mahalanobis(row, mean, precision) for mean in means) for row in new]
    assert found.scores(new, statistics[:20])[:, 0] * found.limits[0] == pytest.approx(expected, rel=1e-6)


def test_a_thousand_classes_take_no_memory_for_every_pair() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(2000) % 1000
    features, statistics = random.normal(size=(2000, 512)), random.uniform(0.2, 0.8, (2000, 2))
    found = Novelty.fitted(features, labels, statistics, new_features=features[:300], new_statistics=statistics[:300])
    assert found is not None
    tracemalloc.start()
    found.scores(features[:256], statistics[:256])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**26  # every difference of an image and a class would take a gigabyte


def test_far_features_and_other_light_are_told_apart() -> None:
    found = fitted()
    features, _, statistics = images(50, seed=9, shift=40.0)
    scores = found.scores(features, statistics)
    assert (scores[:, 0] > 1).all()
    assert "far from every class" in found.reason(scores[0], statistics[0])
    features, _, statistics = images(50, seed=9, bright=0.1)
    scores = found.scores(features, statistics)
    assert (scores[:, 1] > 1).all()
    darkest = found.low[0] / statistics[0, 0]
    times, rest = found.reason(scores[0], statistics[0]).split(" ", 1)
    assert float(times) == pytest.approx(darkest, rel=0.03)
    assert rest == "times darker than any training image"


def test_what_is_like_has_no_reason_and_a_channel_is_named() -> None:
    found = fitted()
    assert found.reason(np.array([0.5, 0.9]), np.array([0.4, 0.1])) == ""
    features, labels, statistics = images(600, seed=0)
    both = np.concatenate([np.repeat(statistics, 2, axis=1), np.full((600, 2), 0.5)], axis=1)
    two = Novelty.fitted(features, labels, both, new_features=features, new_statistics=both)
    assert two is not None
    strange = both[:1] * [1.0, 9.0, 1.0, 1.0, 1.0, 1.0]
    assert two.reason(two.scores(features[:1], strange)[0], strange[0], names=("dna", "actin")).startswith("actin: ")
    stained = both[:1] * [1.0, 1.0, 1.0, 1.0, 0.5, 1.5]
    assert "beside the others" in two.reason(two.scores(features[:1], stained)[0], stained[0])


def test_it_is_kept_as_arrays_and_another_version_is_refused() -> None:
    found = fitted()
    again = Novelty.from_arrays(found.to_arrays(), file="novelty.safetensors")
    features, _, statistics = images(10, seed=3)
    assert (again.scores(features, statistics) == found.scores(features, statistics)).all()
    with pytest.raises(LeadlineError, match=r"novelty\.safetensors"):
        Novelty.from_arrays({**found.to_arrays(), "format": np.array([99.0])}, file="novelty.safetensors")
    with pytest.raises(LeadlineError, match="damaged"):
        Novelty.from_arrays({**found.to_arrays(), "spread": np.ones(1)}, file="novelty.safetensors")


def test_statistics_are_of_the_whole_range_of_the_type() -> None:
    pixels = np.zeros((1, 4, 4, 2), dtype=np.uint16)
    pixels[..., 1] = 65535
    assert statistics_of(pixels, full=65535.0)[0] == pytest.approx([0.0, 1.0, 0.0, 0.0, 0.0, 1.0], abs=2e-3)
