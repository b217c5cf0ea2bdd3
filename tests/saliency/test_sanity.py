"""The check of maps: a planted patch is found and believed; each way to fail is said."""

import numpy as np
import pytest
import torch
from torch import nn

from leadline.data.preprocessing import Preprocessing
from leadline.evaluation.records import Estimate
from leadline.results.map_check import MapCheck, Shuffled
from leadline.saliency.maps import maps_of
from leadline.saliency.sanity import CHECKED, check_maps, similarities

PREPROCESSING = Preprocessing(1, "uint8", 32, mean=(0.5,), std=(0.25,))


class Averaged(nn.Module):
    """The smallest network with an exact map: two convolutions, global average pooling, a linear layer."""

    stages = ("features.1", "features.3")

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(inplace=True)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.avgpool(self.features(x)).flatten(1))


def planted(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise with a patch of stripes, upright in class 0 and level in class 1: images, labels, places of the patches."""
    random = np.random.default_rng(seed)
    images = random.normal(127, 20, (count, 32, 32, 1))
    labels, places = np.arange(count) % 2, random.integers(0, 24, (count, 2))
    stripes = np.where(np.arange(8) % 4 < 2, 60.0, -60.0)
    for image, label, (top, left) in zip(images, labels, places, strict=True):
        image[top : top + 8, left : left + 8, 0] += stripes[:, None] if label else stripes[None, :]
    return np.clip(images, 0, 255).astype(np.uint8), labels, places


def trained(labels_of: str) -> nn.Module:
    torch.manual_seed(0)
    network = Averaged()
    pixels, labels, _ = planted(256, seed=0)
    if labels_of == "shuffled":
        labels = np.random.default_rng(3).permutation(labels)
    images, targets = PREPROCESSING.normalise(torch.from_numpy(pixels)), torch.from_numpy(labels)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(80):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), targets).backward()
        optimizer.step()
    return network.eval()


def found_in_patch(network: nn.Module, pixels: np.ndarray, places: np.ndarray) -> float:
    """The share of images in which the strongest place of the map is in the patch, or within a place of it."""
    maps = maps_of(network, PREPROCESSING, pixels)
    strongest = np.array([np.unravel_index(each.argmax(), each.shape) for each in maps.values]) * 4 + 2
    return float(((strongest >= places - 3) & (strongest < places + 11)).all(axis=1).mean())


def test_a_planted_patch_is_found_and_the_maps_pass() -> None:
    network = trained("as they are")
    pixels, labels, places = planted(60, seed=9)
    assert (maps_of(network, PREPROCESSING, pixels).classes == labels).mean() > 0.95
    assert found_in_patch(network, pixels, places) > 0.9
    check = check_maps(network, PREPROCESSING, pixels)
    assert check.images == CHECKED
    assert check.deletion.low > 0
    assert check.insertion.low > 0
    assert check.shuffled[-1].similarity.high < 0.5
    assert check.doubts == ()


def test_what_was_learned_from_shuffled_labels_has_other_maps() -> None:
    pixels, labels, _ = planted(60, seed=9)
    real, other = (
        maps_of(trained(how), PREPROCESSING, pixels, classes=labels).values for how in ("as they are", "shuffled")
    )
    assert similarities(real, other).mean() < 0.3
    assert similarities(real, 2 * real + 1) == pytest.approx(1.0)


def test_too_few_places_cannot_say_where() -> None:
    network = Averaged()
    network.features.append(nn.MaxPool2d(4))
    check = check_maps(network.eval(), PREPROCESSING, planted(4, seed=1)[0])
    assert (check.rows, check.columns, check.deletion) == (2, 2, None)
    assert "2×2 places" in check.doubts[0]


@pytest.mark.parametrize(
    ("similarity", "deletion", "insertion", "doubts"),
    [
        ((0.0, 0.2), (0.1, 0.2), (0.1, 0.2), 0),
        ((0.4, 0.6), (0.1, 0.2), (0.1, 0.2), 1),
        ((0.0, 0.2), (-0.1, 0.2), (0.1, 0.2), 1),
        ((0.4, 0.6), (-0.1, 0.2), (-0.2, -0.1), 3),
    ],
)
def test_each_way_to_fail_is_said(similarity: tuple, deletion: tuple, insertion: tuple, doubts: int) -> None:
    def between(ends: tuple) -> Estimate:
        return Estimate(sum(ends) / 2, *ends)

    check = MapCheck(
        method="CAM", images=10, rows=8, columns=8, shuffled=(Shuffled("conv1", between(similarity)),),
        deletion=between(deletion), insertion=between(insertion),
    )  # fmt: skip
    assert len(check.doubts) == doubts
