"""What is exported: a trained network with what comes before and after it, as one module of plain tensors."""

from typing import cast

import torch
from torch import Tensor, nn

from leadline.classifier import Classifier
from leadline.export.head_gradient import head_gradient
from leadline.zoo.last_layer import last_layer


class Deployed(nn.Module):
    """Images as they are stored, float32 (batch, channels, size, size) → calibrated logits and probabilities."""

    outputs = ("logits", "probabilities")

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.network = classifier.network.eval()
        self.preprocessing = classifier.preprocessing
        self.temperature = classifier.temperature

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        logits = self.network(self.preprocessing.normalise(images.permute(0, 2, 3, 1))) / self.temperature
        return logits, logits.softmax(dim=1)


class DeployedWithMap(Deployed):
    """The same, and the class activation map of the most probable class, (batch, height, width).

    CAM (Zhou et al. 2016) where the network ends in global average pooling and at most one layer: the mean of the map,
    plus the bias, is the logit before calibration. Grad-CAM (Selvaraju et al. 2017) on the last map elsewhere.
    """

    outputs = ("logits", "probabilities", "map")

    def __init__(self, classifier: Classifier) -> None:
        super().__init__(classifier)
        pool = cast(nn.AdaptiveAvgPool2d, self.network.get_submodule("avgpool"))
        self.exact = pool.output_size == 1

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        kept: list[Tensor] = []
        pool = self.network.get_submodule("avgpool")
        keep = pool.register_forward_hook(lambda _, inputs, output: kept.append(inputs[0] if self.exact else output))
        try:
            logits, probabilities = super().forward(images)
        finally:
            keep.remove()
        (features,) = kept
        chosen = torch.nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(features.dtype)
        return logits, probabilities, self._map(features, chosen)

    def _map(self, features: Tensor, chosen: Tensor) -> Tensor:
        """The map of `features` (batch, channels, height, width) for the class that is 1 in `chosen`."""
        if not self.exact:
            head = cast(nn.Sequential, self.network.get_submodule("classifier"))
            weights = head_gradient(head, features, chosen).mean(dim=(2, 3))
            return (weights[:, :, None, None] * features).sum(dim=1).relu()
        layer = self.network.get_submodule(last_layer(self.network))
        # Where class maps are averaged, they are the maps.
        weights = chosen @ layer.weight if isinstance(layer, nn.Linear) else chosen
        return (weights[:, :, None, None] * features).sum(dim=1)

    @property
    def method(self) -> str:
        return "CAM" if self.exact else "Grad-CAM"
