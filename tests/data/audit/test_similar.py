"""Near-copies: every pair within reach is found, as by comparing each with each, and look-alikes are let alone."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from leadline.data.audit import similar as module
from leadline.data.audit.similar import clusters, similar


def thumbnails(count: int, *, seed: int = 0, sharp: float = 1.0) -> np.ndarray:
    """Smooth random images (count, 16, 16)."""
    random = np.random.default_rng(seed)
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(16), np.fft.fftfreq(16)))
    shape = np.fft.fft2(random.normal(size=(count, 16, 16))) / (0.05 + frequencies) ** sharp
    return 100 + 3 * np.fft.ifft2(shape).real.astype(np.float32)


def by_comparing_each_with_each(images: np.ndarray) -> set[tuple[int, int]]:
    """The definition, with correlations by numpy."""
    correlation = np.corrcoef(images.reshape(len(images), -1).astype(np.float64))
    apart = np.sqrt(np.maximum(2 - 2 * correlation, 0))
    sample = np.sort(module.generator("references").permutation(len(images))[: module.REFERENCES])
    ordinary = np.array([np.sort(apart[row, sample[sample != row]])[3] for row in range(len(images))])
    ordinary = np.maximum(ordinary, 0.5 * np.quantile(ordinary, 0.1))
    reach = np.minimum(0.35, 0.35 * (len(sample) / 1000) ** 0.1 * ordinary)
    close = apart < np.minimum(reach[:, None], reach[None, :])
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(close, 1)), strict=True)}


@pytest.mark.parametrize("block", [64, 2048])
def test_it_finds_exactly_the_pairs_that_comparing_each_with_each_finds(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    random = np.random.default_rng(1)
    images = thumbnails(600)
    copied = random.permutation(600)[:150]
    strength = random.uniform(0, 6, size=(150, 1, 1))  # from a perfect copy to one that is none any more
    images = np.concatenate([images, images[copied] * 0.7 + 20 + strength * random.normal(size=(150, 16, 16))])
    images = images.astype(np.float32)
    expected = by_comparing_each_with_each(images)
    assert 40 < len(expected) < 150
    assert {(int(a), int(b)) for a, b in similar(images)[0]} == expected


def test_images_that_are_all_alike_are_not_called_copies() -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:16, :16]
    bell = 200 * np.exp(-((x - 8.0) ** 2 + (y - 8.0) ** 2) / 40)  # one cell in the middle of each
    images = (bell + random.normal(0, 4, (400, 16, 16))).astype(np.float32)
    assert np.corrcoef(images.reshape(400, -1)).min() > 0.98
    assert len(similar(images)[0]) == 0
    with_copy = np.concatenate([images, images[:1] + random.normal(0, 0.3, (1, 16, 16)).astype(np.float32)])
    assert similar(with_copy)[0].tolist() == [[0, 400]]


def test_many_copies_of_one_image_do_not_hide_each_other() -> None:
    random = np.random.default_rng(0)
    images = thumbnails(120)
    images[:12] = images[0] + random.normal(0, 0.2, (12, 16, 16))
    assert clusters(similar(images)[0]) == [list(range(12))]


def test_no_two_of_the_scanned_digits_are_copies() -> None:
    assert len(similar(load_digits().images.astype(np.float32))[0]) == 0


def test_images_without_content_are_compared_with_nothing() -> None:
    assert len(similar(np.full((30, 16, 16), 7, np.float32))[0]) == 0
    assert similar(np.zeros((1, 16, 16), np.float32))[0].shape == (0, 2)


def test_clusters_are_what_pairs_connect() -> None:
    pairs = np.array([[5, 9], [0, 3], [3, 7], [9, 2], [1, 8]])
    assert clusters(pairs) == [[0, 3, 7], [1, 8], [2, 5, 9]]
    assert clusters(np.empty((0, 2), np.int64)) == []
