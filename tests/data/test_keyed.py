"""Keyed randomness depends on its key and on nothing else."""

import numpy as np

from leadline.data.keyed import generator, key, uniforms


def test_a_key_is_the_same_on_every_machine() -> None:
    assert key("order", 0, 3) == 5882203715201594713


def test_every_part_of_a_key_matters() -> None:
    assert len({key("a", 0, 1), key("a", 1, 0), key("b", 0, 1), key("a", 0), key("a", "0", 1)}) == 5


def test_an_image_draws_the_same_in_any_company() -> None:
    alone = uniforms(np.array([7]), "augment", 0, 2, draws=4)
    among_others = uniforms(np.array([3, 7, 1000]), "augment", 0, 2, draws=4)
    assert np.array_equal(alone[0], among_others[1])


def test_draws_are_uniform_and_uncorrelated_between_images_draws_and_epochs() -> None:
    images = np.arange(50_000)
    first, second = uniforms(images, "x", 0, draws=2), uniforms(images, "x", 1, draws=2)
    for values in (first[:, 0], first[:, 1], second[:, 0]):
        # Kolmogorov's distance to the uniform distribution; 1.95/√n is exceeded once in a thousand.
        distance = np.abs(np.sort(values) - (images + 0.5) / len(images)).max()
        assert distance < 1.95 / np.sqrt(len(images))
    for a, b in ((first[:, 0], first[:, 1]), (first[:, 0], second[:, 0]), (first[1:, 0], first[:-1, 0])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(images))


def test_generators_of_different_keys_differ() -> None:
    assert not np.array_equal(generator("order", 0, 0).permutation(100), generator("order", 0, 1).permutation(100))
