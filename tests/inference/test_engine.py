"""The engine leaves the network that it is lent as it was."""

from collections.abc import Iterator

import numpy as np
import pytest
from torch import nn

from leadline.data.loader import Decoded
from leadline.data.preprocessing import Preprocessing
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.pretrained.create import create_model


def engine(network: nn.Module) -> Engine:
    return Engine(network, 2, Preprocessing(channels=1, dtype="uint8", size=32, mean=(0.5,), std=(0.5,)), hardware())


def modes(network: nn.Module) -> list[bool]:
    return [module.training for module in network.modules()]


@pytest.mark.parametrize("fails", [False, True])
def test_every_part_of_the_network_has_its_mode_back_whatever_was_raised(fails: bool) -> None:
    network = create_model("lenet5", num_classes=2).train()
    next(network.children()).eval()  # a frozen part
    before = modes(network)
    assert len(set(before)) == 2
    during = []

    def batches() -> Iterator[Decoded]:
        during.extend(modes(network))
        yield Decoded(np.zeros((1, 32, 32, 1), np.uint8), [""])
        if fails:
            raise KeyboardInterrupt

    if fails:
        with pytest.raises(KeyboardInterrupt):
            engine(network).predict(batches())
    else:
        assert engine(network).predict(batches())[0].shape == (1, 2)
    assert not any(during)
    assert modes(network) == before
