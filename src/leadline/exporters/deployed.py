"""What is exported: a trained network with what comes before and after it, as one module of plain tensors."""

from typing import cast

import torch
from torch import Tensor, nn

from leadline.classifier import Classifier
from leadline.evaluation.novelty import TINY
from leadline.exporters.head_gradient import head_gradient
from leadline.zoo.last_layer import ends_in_average, features_seen, last_layer


class Deployed(nn.Module):
    """Images as they are stored, float32 (batch, channels, size, size) → calibrated logits and probabilities."""

    outputs: tuple[str, ...] = ("logits", "probabilities")

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.network = classifier.network.eval()
        self.preprocessing = classifier.preprocessing
        self.temperature = classifier.temperature

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        logits = self.network(self.preprocessing.normalise(images.permute(0, 2, 3, 1))) / self.temperature
        return logits, logits.softmax(dim=1)


class DeployedWithMap(Deployed):
    """The same, and the class activation map of the most probable class, (batch, height, width), as `explain` has it;
    where it is known, how unlike the training images the features are (batch,), above 1 for too much, and the light and
    contrast of each channel, (batch, statistics), which evaluation.novelty judges.

    CAM where the network ends in global average pooling and at most one linear layer: the sum of the map, plus the
    bias, is the logit before calibration. Grad-CAM on the last stage elsewhere.
    """

    means: Tensor
    basis: Tensor
    variances: Tensor
    noise: Tensor
    limits: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__(classifier)
        self.exact = ends_in_average(self.network)
        self.outputs = ("logits", "probabilities", "map")
        self.full_range = classifier.preprocessing.full_range
        if novelty := classifier.novelty:
            self.outputs += ("distance", "statistics")
            for name in ("means", "basis", "variances", "noise", "limits"):
                self.register_buffer(name, torch.tensor(getattr(novelty, name), dtype=torch.float32))

    @property
    def method(self) -> str:
        return "CAM" if self.exact else "Grad-CAM"

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        kept: dict[str, Tensor] = {}
        pool = self.network.get_submodule("avgpool")
        *_, last = cast(tuple[str, ...], self.network.stages)
        hooks = [
            pool.register_forward_hook(lambda _, given, pooled: kept.update(given=given[0], pooled=pooled)),
            # Copied, because what follows may work in place.
            self.network.get_submodule(last).register_forward_hook(lambda _, __, out: kept.update(last=out.clone())),
        ]
        try:
            with features_seen(self.network) as seen:
                logits, probabilities = super().forward(images)
        finally:
            for hook in hooks:
                hook.remove()
        (features,) = seen
        chosen = torch.nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)
        cam = self._cam(kept["given"], chosen) if self.exact else self._grad_cam(kept["last"], kept["pooled"], chosen)
        if "distance" not in self.outputs:
            return logits, probabilities, cam
        return logits, probabilities, cam, self._distance(features), self._statistics(images)

    def _distance(self, features: Tensor) -> Tensor:
        away = features[:, None, :] - self.means
        along = away @ self.basis
        left = away - along @ self.basis.T
        squared = (along**2 / self.variances).sum(dim=2) + (left**2).sum(dim=2) / self.noise
        return squared.min(dim=1).values.sqrt() / self.limits[0]

    def _statistics(self, images: Tensor) -> Tensor:
        values = images / self.full_range
        mean = values.mean(dim=(2, 3))
        spread = ((values - mean[:, :, None, None]) ** 2).mean(dim=(2, 3)).sqrt()
        if mean.shape[1] == 1:
            return torch.cat([mean, spread], dim=1)
        return torch.cat([mean, spread, mean / (mean.sum(dim=1, keepdim=True) + TINY)], dim=1)

    def _cam(self, features: Tensor, chosen: Tensor) -> Tensor:
        layer = self.network.get_submodule(last_layer(self.network))
        # Where class maps are averaged, they are the maps.
        weights = chosen @ layer.weight if isinstance(layer, nn.Linear) else chosen
        return (weights[:, :, None, None] * features).sum(dim=1) / (features.shape[2] * features.shape[3])

    def _grad_cam(self, features: Tensor, pooled: Tensor, chosen: Tensor) -> Tensor:
        """Between `features` and `pooled` nothing is but pooling, and no gradient is lost in pooling: their mean over
        the places of `features` is the sum over those of `pooled`, divided by how many `features` has."""
        head = cast(nn.Sequential, self.network.get_submodule("classifier"))
        gradients = head_gradient(head, pooled, chosen).sum(dim=(2, 3)) / (features.shape[2] * features.shape[3])
        return (gradients[:, :, None, None] * features).sum(dim=1).relu()
