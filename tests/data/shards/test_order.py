"""The order of an epoch over shards: all images once, shuffled, the same for everybody, within a bounded buffer."""

import numpy as np
import pytest

from leadline.data.shards.order import LANES, lanes_of, order_of

COUNTS = np.array([30, 0, 7, 50, 50, 1, 12, 33, 40, 41, 9])


@pytest.mark.parametrize("counts", [COUNTS, np.array([5]), np.array([1, 1]), np.array([100] * 20)])
def test_an_epoch_visits_every_image_once(counts: np.ndarray) -> None:
    order = order_of(counts, seed=3, epoch=1)
    assert sorted(order) == list(range(counts.sum()))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = order_of(COUNTS, seed=3, epoch=1)
    assert (first == order_of(COUNTS, seed=3, epoch=1)).all()
    assert (first != order_of(COUNTS, seed=3, epoch=2)).any()
    assert (first != order_of(COUNTS, seed=4, epoch=1)).any()
    assert lanes_of(COUNTS, seed=3, epoch=1) != lanes_of(COUNTS, seed=3, epoch=2)


def test_images_of_one_shard_are_spread_over_the_epoch() -> None:
    """With the buffer as large as the set every order is about as likely; neighbours are not neighbours any more."""
    order = order_of(np.array([100] * 16), seed=0, epoch=0)
    assert np.mean(np.abs(np.diff(order)) == 1) < 0.02


@pytest.mark.parametrize("buffer", [16, 64, 400])
def test_no_more_images_than_the_buffer_are_read_ahead(buffer: int) -> None:
    counts = np.array([100] * 20)
    lanes = lanes_of(counts, seed=5, epoch=0)
    assert len(lanes) == LANES
    read = {
        lane: [n for shard in shards for n in range(100 * shard, 100 * shard + 100)]
        for lane, shards in enumerate(lanes)
    }
    place = {number: (lane, position) for lane, numbers in read.items() for position, number in enumerate(numbers)}
    furthest, most = [0] * len(lanes), 0
    for visited, number in enumerate(order_of(counts, seed=5, epoch=0, buffer=buffer)):
        lane, position = place[int(number)]
        furthest[lane] = max(furthest[lane], position + 1)
        most = max(most, sum(furthest) - visited)
    assert buffer / 2 < most <= buffer + LANES


def test_places_in_the_order_tell_the_lane() -> None:
    """So that process r of 2, 4 or 8 reads the lanes r, r + 2, … and no other."""
    counts = np.array([100] * 16)
    lane_of = {shard: lane for lane, shards in enumerate(lanes_of(counts, seed=1, epoch=2)) for shard in shards}
    order = order_of(counts, seed=1, epoch=2)
    assert [lane_of[number // 100] for number in order] == [place % LANES for place in range(len(order))]
