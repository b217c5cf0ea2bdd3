"""A network in two parts: its body, which makes features of images, and its last layer, which scores the classes."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from leadline.errors import UsageError
from leadline.zoo.nin import NetworkInNetwork
from leadline.zoo.squeezenet import SqueezeNet


def last_layer(network: nn.Module) -> str:
    """The name of the last convolution or fully connected layer in the network's own order."""
    layers: list[str] = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    return layers[-1]


def check_last_layer(network: nn.Module, *, name: str) -> None:
    """UsageError where something stands between the last layer and the logits that is not linear."""
    maps = {NetworkInNetwork: "features", SqueezeNet: "classifier"}.get(type(network))
    if maps and isinstance(network.get_submodule(maps)[-1], nn.ReLU):  # type: ignore[index]
        raise UsageError(
            f"{name}: its class maps go through a ReLU, so its last layer cannot be fitted alone; tune all of it, "
            f"or take {name}+linear-maps"
        )


def ends_in_average(network: nn.Module) -> bool:
    """Whether what follows the last feature maps is their global average and at most one linear layer, so that class
    activation maps (CAM) are exact."""
    pooling, after = network.get_submodule("avgpool"), False
    if not isinstance(pooling, nn.AdaptiveAvgPool2d) or pooling.output_size not in (1, (1, 1)):
        return False
    weights = []
    for module in network.modules():
        after = after or module is pooling
        if after and isinstance(module, nn.Linear | nn.Conv2d):
            weights.append(module)
    return len(weights) <= 1


class Body(nn.Module):
    """`network` up to its last layer, with which it shares its parameters: images → features (batch, width).

    In evaluation mode the logits are the last layer's weights times the features, plus its biases; where class maps are
    averaged, the features are, which comes to the same. UsageError as `check_last_layer` says.
    """

    def __init__(self, network: nn.Module, *, name: str) -> None:
        super().__init__()
        check_last_layer(network, name=name)
        self.network = network
        layer = network.get_submodule(last_layer(network))
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        self.width = layer.weight.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        with features_seen(self.network) as seen:
            self.network(x)
        (features,) = seen
        return features


class WithFeatures(nn.Module):
    """`network` with a second output: images → logits, and what its last layer was given, (batch, width)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with features_seen(self.network) as seen:
            logits = self.network(x)
        (features,) = seen
        return logits, features


@contextmanager
def features_seen(network: nn.Module) -> Iterator[list[Tensor]]:
    """A list to which each forward pass adds what the last layer was given, (batch, width), places averaged."""
    seen: list[Tensor] = []

    def see(_: nn.Module, inputs: tuple[Tensor]) -> None:
        (features,) = inputs
        seen.append(features.mean(dim=(2, 3)) if features.dim() == 4 else features)

    hook = network.get_submodule(last_layer(network)).register_forward_pre_hook(see)
    try:
        yield seen
    finally:
        hook.remove()


def set_last_layer(network: nn.Module, weight: Tensor, bias: Tensor) -> None:
    """Give the last layer these weights (classes, width) and biases (classes,)."""
    layer = network.get_submodule(last_layer(network))
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    assert layer.bias is not None
    layer.weight.data.copy_(weight.reshape(layer.weight.shape))
    layer.bias.data.copy_(bias)
