"""Keyed randomness: every draw is a function of a key, none is consumed from a stream.

What happens to an image depends on (seed, epoch, image) and the order of an epoch on (seed, epoch), so resuming, more
workers, more ranks and another batch size never change it.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def key(*parts: int | str) -> int:
    """A 63-bit integer that depends on every part; the same on every machine and Python version."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """An independent random generator for this key (Philox, counter-based)."""
    return np.random.Generator(np.random.Philox(key=key(*parts)))


def uniforms(images: NDArray[np.int64], *parts: int | str, draws: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), shape (len(images), draws): row i depends on `parts` and `images[i]` alone.

    SplitMix64's finaliser (Steele, Lea and Flood 2014) over a counter per (image, draw).
    """
    counters = images.astype(np.uint64)[:, None] * np.uint64(draws) + np.arange(draws, dtype=np.uint64)
    with np.errstate(over="ignore"):
        state = np.uint64(key(*parts)) + np.multiply(counters + np.uint64(1), np.uint64(0x9E3779B97F4A7C15))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return np.asarray((state >> np.uint64(11)).astype(np.float64) * 2.0**-53)
