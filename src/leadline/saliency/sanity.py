"""Whether maps mean anything: do they change with the weights, and do the places that they name matter?

Shuffling: the weights are shuffled layer by layer from the last to the first (Adebayo et al. 2018, arXiv 1810.03292). A
map that stays the same shows the image, not what the network has learned.
Deletion and insertion (Petsiuk et al. 2018, arXiv 1806.07421): the places of an image are replaced by the mean
training colour, or shown on it, in the order of the map. The class's probability must fall, or rise, faster than in
random order.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata, t  # type: ignore[import-untyped]
from torch import Tensor, nn

from leadline.data.keyed import generator, key
from leadline.data.preprocessing import Preprocessing
from leadline.evaluation.records import Estimate
from leadline.progress import SILENT, Progress
from leadline.results.map_check import MapCheck, Shuffled
from leadline.saliency.maps import Maps, maps_of

CHECKED = 50  # images at most
FEWEST_PLACES = 9
STEPS = 10  # in which places are covered or shown
TOGETHER = 16


def check_maps(
    network: nn.Module, preprocessing: Preprocessing, pixels: NDArray[np.generic], *, progress: Progress = SILENT
) -> MapCheck:
    """The check on images (count, size, size, channels), of which CHECKED at random are taken; each for the class that
    it is predicted as."""
    chosen = np.sort(generator("maps checked").permutation(len(pixels))[:CHECKED])
    pixels = pixels[chosen]
    real = in_parts(network, preprocessing, pixels)
    _, rows, columns = real.values.shape
    found = MapCheck(method=real.method, images=len(pixels), rows=rows, columns=columns)
    if rows * columns < FEWEST_PLACES or len(pixels) < 2:
        return found
    levels = _levels(network)
    with progress.task("checking maps", len(levels) + 4):
        shuffled = []
        changed = copy.deepcopy(network)
        for layers in levels:
            _shuffle(changed, layers)
            other = in_parts(changed, preprocessing, pixels, classes=real.classes)
            shuffled.append(Shuffled(layers[-1], _mean(similarities(real.values, other.values), "rank correlation")))
            progress.advance()
        orders = {"map": _order(real.values), "random": _order(generator("places").random(real.values.shape))}
        areas = {}
        for inserting in (False, True):
            for name, order in orders.items():
                curve = Curve(network, preprocessing, real.classes, inserting=inserting)
                areas[inserting, name] = curve.areas(pixels, order)
                progress.advance()
    return MapCheck(
        method=real.method,
        images=len(pixels),
        rows=rows,
        columns=columns,
        shuffled=tuple(shuffled),
        deletion=_mean(areas[False, "random"] - areas[False, "map"], "mean probability saved"),
        insertion=_mean(areas[True, "map"] - areas[True, "random"], "mean probability gained"),
    )


def in_parts(
    network: nn.Module,
    preprocessing: Preprocessing,
    pixels: NDArray[np.generic],
    *,
    classes: NDArray[np.int64] | None = None,
) -> Maps:
    """`maps_of` for any number of images, a few at a time."""
    starts = range(0, len(pixels), TOGETHER)
    parts = [
        maps_of(
            network, preprocessing, pixels[start : start + TOGETHER],
            classes=None if classes is None else classes[start : start + TOGETHER],
        )
        for start in starts
    ]  # fmt: skip
    joined = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "bias", "logits", "classes")
    )
    return Maps(parts[0].method, *joined)


def _levels(network: nn.Module) -> list[list[str]]:
    """The layers that are shuffled, one group after another: the last alone, then quarters of all from the last on."""
    layers = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)][::-1]
    ends = sorted({1, *(-(-len(layers) * quarter // 4) for quarter in (1, 2, 3, 4))})
    return [layers[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _shuffle(network: nn.Module, names: list[str]) -> None:
    """Put the weights of these layers, and their biases, into a random order."""
    for name in names:
        layer = network.get_submodule(name)
        for parameter in layer.parameters(recurse=False):
            order = torch.from_numpy(generator("shuffled", key(name)).permutation(parameter.numel()))
            parameter.data = parameter.data.flatten()[order.to(parameter.device)].reshape(parameter.shape)


def similarities(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's rank correlation of each pair of maps; 0 where one is the same everywhere."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    norms = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    return np.where(norms > 0, (centred[0] * centred[1]).sum(axis=1) / np.maximum(norms, 1e-12), 0.0)


def _order(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """(images, rows, columns): the rank of each place, 0 for the one that speaks most for the class."""
    flat = values.reshape(len(values), -1)
    return (-flat).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable").reshape(values.shape)


def _mean(values: NDArray[np.float64], what: str) -> Estimate:
    """The mean over images with its 95 % interval."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = float(values.mean())
    return Estimate(mean, mean - float(half), mean + float(half), f"{what}, Student's t over images", len(values))


@dataclass(frozen=True)
class Curve:
    """The class's probability while the places of images are covered, or shown, in an order."""

    network: nn.Module
    preprocessing: Preprocessing
    classes: NDArray[np.int64]
    inserting: bool

    def areas(self, pixels: NDArray[np.generic], order: NDArray[np.int64]) -> NDArray[np.float64]:
        """The area under it, per image, over the share of places from 0 to 1."""
        parts = range(0, len(pixels), TOGETHER)
        return np.concatenate(
            [
                self._areas(pixels[s : s + TOGETHER], order[s : s + TOGETHER], self.classes[s : s + TOGETHER])
                for s in parts
            ]
        )

    @torch.inference_mode()
    def _areas(
        self, pixels: NDArray[np.generic], order: NDArray[np.int64], classes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        device = next(self.network.parameters()).device
        images = self.preprocessing.normalise(torch.from_numpy(np.ascontiguousarray(pixels)).to(device))
        ranks = nn.functional.interpolate(
            torch.from_numpy(order)[:, None].to(device, torch.float32), size=images.shape[2:], mode="nearest"
        )
        places = order[0].size
        heights = [
            self._probabilities(images, ranks < share * places, classes) for share in np.linspace(0, 1, STEPS + 1)
        ]
        return np.asarray((sum(heights) - (heights[0] + heights[-1]) / 2) / STEPS)

    def _probabilities(self, images: Tensor, named: Tensor, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """With the places `named` covered by the mean colour, which normalisation makes 0, or all others."""
        logits = self.network(images * (named if self.inserting else ~named))
        rows = np.arange(len(classes))
        return np.asarray(logits.double().softmax(dim=1).cpu().numpy()[rows, classes])
